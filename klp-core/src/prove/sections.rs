//! What being in a section of some name means to what is in it.

use crate::elf::{Section, SectionClass};
use crate::slices::SliceParts as _;

use super::exclusions;
use super::table::TableKind;

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum SectionPurpose {
    /// Instructions.
    Code,
    /// Variables that are found through their address only; zeroed ones too.
    Variable,
    /// Constants that are found through their address only.
    Constant,
    /// Memory that somebody treats in a special way, but whose order means nothing.
    Special,
    /// Somebody walks over it from its start to its end.
    Table,
    /// Entries that describe instructions.
    OfCode(TableKind),
    /// Means nothing to the code that runs; the name of the rule that says so.
    LeftOut(&'static str),
}

/// The class of a section and, where classes are not enough, its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SectionMeaning<'a> {
    pub(super) class: SectionPurpose,
    pub(super) name: &'a [u8],
}

/// Kinds of code; what follows behind a further dot is one function's name.
const CODE: [&[u8]; 19] = [
    b".text.startup",
    b".text",
    b".init.text",
    b".exit.text",
    b".meminit.text",
    b".noinstr.text",
    b".entry.text",
    b".kprobes.text",
    b".sched.text",
    b".cpuidle.text",
    b".head.text",
    b".irqentry.text",
    b".softirqentry.text",
    b".spinlock.text",
    b".static_call.text",
    b".fixup",
    b".altinstr_replacement",
    b".altinstr_aux",
    b".lock.text",
];

/// Memory with a fate of its own that nobody walks over; what follows behind a further dot is one object's name.
const SPECIAL: [&[u8]; 6] = [
    b".init.data",
    b".init.rodata",
    b".init.bss",
    b".exit.data",
    b".meminit.data",
    b".noinstr.data",
];

/// Plain code, variables and constants that may refer to memory which is freed after boot: only modpost asks for it.
const REFERRING_CODE: &[u8] = b".ref.text";
const REFERRING_VARIABLES: &[u8] = b".ref.data";
const REFERRING_CONSTANTS: &[u8] = b".ref.rodata";

/// What compilers call memory far away, where a code model knows that.
const FAR_VARIABLES: [&[u8]; 2] = [b".ldata", b".lbss"];
const FAR_CONSTANTS: &[u8] = b".lrodata";

/// Where variables are only to spare the cache.
const NEAR: [&[u8]; 2] = [b".data..read_mostly", b".data..cacheline_aligned"];

/// The same among those of each CPU.
const NEAR_PERCPU: [&[u8]; 2] = [b".data..percpu..read_mostly", b".data..percpu..shared_aligned"];

fn is_or_under(name: &[u8], kind: &[u8]) -> bool {
    name.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
}

pub(super) fn meaning<'a>(section: &Section<'a>) -> SectionMeaning<'a> {
    let name = section.name;
    let plain = |class| SectionMeaning { class, name: b"" };
    if let Some(table) = TableKind::of(name) {
        return plain(SectionPurpose::OfCode(table));
    }
    if let Some(rule) = exclusions::section(section) {
        return plain(SectionPurpose::LeftOut(rule));
    }
    if section.is_code() {
        let kind = match CODE.into_iter().find(|kind| is_or_under(name, kind)) {
            None if is_or_under(name, REFERRING_CODE) => &b".text"[..],
            kind => kind.unwrap_or(name),
        };
        return SectionMeaning { class: SectionPurpose::Code, name: kind };
    }
    if let Some(kind) = SPECIAL.into_iter().find(|kind| is_or_under(name, kind)) {
        return SectionMeaning { class: SectionPurpose::Special, name: kind };
    }
    if name == b".data.once" {
        return SectionMeaning { class: SectionPurpose::Special, name: b".data..once" };
    }
    if NEAR.into_iter().any(|near| is_or_under(name, near)) {
        return plain(SectionPurpose::Variable);
    }
    let is_written = section.is_writable() || section.class == SectionClass::Zeroed;
    let mut variables = FAR_VARIABLES.into_iter().chain([REFERRING_VARIABLES]);
    if is_written && variables.any(|kind| is_or_under(name, kind)) {
        return plain(SectionPurpose::Variable);
    }
    let mut constants = [FAR_CONSTANTS, REFERRING_CONSTANTS].into_iter();
    if !is_written && constants.any(|kind| is_or_under(name, kind)) {
        return plain(SectionPurpose::Constant);
    }
    if NEAR_PERCPU.into_iter().any(|near| is_or_under(name, near)) {
        return SectionMeaning { class: SectionPurpose::Special, name: b".data..percpu" };
    }
    if is_or_under(name, b".data.rel.ro") {
        return plain(SectionPurpose::Constant);
    }
    let under = |kind: &[u8]| name.strip_prefix(kind).map(|rest| rest.starts_with(b".."));
    // Two dots: the kernel's own names. Compilers write one, except before their own local names.
    let is_private = [&b"..L"[..], b"..compoundliteral"].into_iter().any(|own| {
        [&b".data"[..], b".bss"].iter().any(|kind| name.starts_with(&[*kind, own].concat()))
    });
    for kind in [&b".data"[..], b".bss", b".sbss"] {
        match under(kind) {
            Some(true) if !is_private => {
                return SectionMeaning { class: SectionPurpose::Special, name };
            }
            Some(_) if is_or_under(name, kind) => return plain(SectionPurpose::Variable),
            _ => {}
        }
    }
    if is_or_under(name, b".rodata") || section.is_merged() {
        return plain(SectionPurpose::Constant);
    }
    SectionMeaning { class: SectionPurpose::Table, name: without_id(name) }
}

/// Whether the linker gathers merged entries, which nothing need refer to: only compilers' own constants are found by who uses
/// them.
pub(super) fn is_gathered(section: &Section<'_>) -> bool {
    let own = [&b".rodata"[..], b".data.rel.ro", FAR_CONSTANTS, REFERRING_CONSTANTS];
    section.is_merged() && !own.into_iter().any(|kind| is_or_under(section.name, kind))
}

/// The name of an initcall's own section (`.initcall2.init..kmod_tty_io__501_3573_tty_class_init`), up to what names the
/// call: sections of one level are one table.
fn without_id(name: &[u8]) -> &[u8] {
    let Some(dots) = memchr::memmem::find(name, b"..kmod_") else { return name };
    let level = name.ending(dots);
    let is_level = level.ends_with(b".init") && memchr::memmem::find(level, b"initcall").is_some();
    if is_level { level } else { name }
}
