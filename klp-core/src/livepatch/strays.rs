//! Tables that nobody has read and that mean something about copied code: what they ask for would not be done in a module.

use std::collections::BTreeSet;

use crate::elf::{Place, Section, SectionClass};
use crate::rules;

use super::extract::Extraction;
use super::pieces;
use super::source::{CorrelatedObject, TouchedId};

/// What tells the linker, debuggers or objtool about code, or about a function as a whole.
const HARMLESS: &[&[u8]] = &[
    // Its address only: that it may fail, that probes must not be put there.
    b"_error_injection_whitelist",
    b"_kprobe_blacklist",
];

/// The kernel writes its highest user address there (`USER_PTR_MAX` of `arch/x86/include/asm/uaccess_64.h`, since 6.14). What
/// compilers leave there is higher than all of them and no address that a processor takes, so that bad pointers fail as
/// well: with a general protection fault, which the kernel tells of once.
const USER_LIMIT: &str = "runtime_ptr_USER_PTR_MAX";

/// What such a table says about a function.
pub(super) enum StrayEntry {
    /// Why it cannot be in a module.
    Wrong(String),
    /// What the person should know.
    Limit(String),
}

/// By the names of functions.
pub(super) fn of(
    source: &CorrelatedObject<'_>,
    object: TouchedId,
    extraction: &Extraction,
) -> Vec<(String, StrayEntry)> {
    let elf = &source.patched.analysis.elf;
    let layout = &source.patched.analysis.layout;
    let mut found = BTreeSet::new();
    let unread = elf.sections.with_ids().filter(|(section, _)| is_unread(section));
    for (section, number) in unread {
        let is_copied = |offset: u64| {
            extraction.copied.keys().any(|piece| {
                (piece.object, piece.section) == (object, number)
                    && (piece.start..piece.end).contains(&offset)
            })
        };
        for reloc in section.relocs.iter().filter(|reloc| reloc.raw != 0) {
            let Some(Place { section: code, offset: at }) = elf.place_of(&reloc) else { continue };
            let mut pieces = extraction.copied.keys();
            let is_in_copy = pieces.any(|piece| {
                (piece.object, piece.section) == (object, code)
                    && (piece.start..piece.end).contains(&at)
            });
            let span = layout.find(code, at).map(|span| layout.span(span));
            let Some(span) = span.filter(|span| span.start < at && is_in_copy) else { continue };
            if !elf.section(code).is_code() || is_copied(reloc.offset) {
                continue;
            }
            let name = span.symbol.map(|symbol| elf.symbol(symbol));
            let name = name.map(|symbol| symbol.name_lossy().into_owned()).unwrap_or_default();
            found.insert((name, section.name_lossy()));
        }
    }
    found.into_iter().map(|(name, section)| (name, stray(&section))).collect()
}

fn stray(section: &str) -> StrayEntry {
    if section == USER_LIMIT {
        let why = "it compares user pointers with a limit that the kernel writes into its own code only: a bad one fails \
                   as before, but the kernel may warn of it once";
        return StrayEntry::Limit(why.to_owned());
    }
    let what = match section.strip_prefix("runtime_") {
        Some(_) => "the kernel writes a value into the code at boot, and does not do so in modules",
        None => "nothing is known of what the kernel does there",
    };
    StrayEntry::Wrong(format!("{section} names an instruction of it: {what}"))
}

fn is_unread(section: &Section<'_>) -> bool {
    let name = section.name;
    section.is_allocated()
        && section.class == SectionClass::Bytes
        && !section.is_code()
        && !pieces::is_table(name)
        && !rules::is_attributed(name)
        && rules::for_section(name).is_none()
        && !HARMLESS.contains(&name)
}
