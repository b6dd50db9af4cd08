//! Relocation sections: those that livepatch applies, and those that the loader does
//! (`apply_relocate_add` in arch/x86/kernel/module.c).

use super::{CheckReport, Topic, klp_name};
use crate::elf::{SectionId, SymbolId};
use crate::ids::List;
use crate::module::{RawElf, RawRela, RawSection, SymbolPlace};

/// Size of `Elf64_Rela`.
const ENTRY: u64 = 24;

pub(super) fn check(elf: &RawElf<'_>, report: &mut CheckReport) {
    let mut used: List<SymbolId, bool> = elf.symbols.alongside();
    for section in elf.sections.iter().filter(|section| is_relocations(section)) {
        let name = section.name_lossy().into_owned();
        if section.is_livepatch_rela() || klp_name::is_section(section.name) {
            header(elf, section, report);
            let object = match klp_name::section(section.name) {
                Ok(found) => {
                    names_its_target(elf, section, found.section, report);
                    Some(found.object)
                }
                Err(why) => {
                    report.error(Topic::Relocation, &name, why);
                    None
                }
            };
            for rela in section.relas() {
                report.relocations += 1;
                livepatch(elf, section, object, &rela, report);
                if let Some(symbol) = elf.symbol_id_of(&rela) {
                    used[symbol] = true;
                }
            }
        } else {
            plain(elf, section, report);
        }
    }
    for (symbol, id) in elf.symbols.with_ids() {
        if symbol.place == SymbolPlace::Livepatch && !used[id] {
            let what = "a livepatch symbol without relocation: nothing looks it up";
            report.warning(Topic::Symbol, symbol.name_lossy(), what);
        }
    }
}

fn is_relocations(section: &RawSection<'_>) -> bool {
    section.is_rela() || section.is_livepatch_rela() || klp_name::is_section(section.name)
}

/// What the relocations of `section` apply to, if it exists.
fn target<'e, 'a>(elf: &'e RawElf<'a>, section: &RawSection<'_>) -> Option<&'e RawSection<'a>> {
    elf.relocated_by(section).map(|target| elf.section(target))
}

fn header(elf: &RawElf<'_>, section: &RawSection<'_>, report: &mut CheckReport) {
    let name = section.name_lossy();
    let mut wrong = |condition: bool, what: &str| {
        if condition {
            report.error(Topic::Relocation, name.as_ref(), what);
        }
    };
    wrong(!section.is_rela(), "not of type SHT_RELA");
    wrong(!section.is_livepatch_rela(), "no flag SHF_RELA_LIVEPATCH: the loader would apply it");
    wrong(!section.is_allocated(), "no flag SHF_ALLOC: it is gone when livepatch needs it");
    wrong(section.size.checked_rem(ENTRY) != Some(0), "its size is no multiple of 24 bytes");
    wrong(section.size == 0, "it is empty");
    let symbol_table = elf.symbol_table.map(SectionId::number);
    wrong(Some(section.link) != symbol_table, "sh_link is not the symbol table");
    let target = target(elf, section).filter(|_| section.info != 0);
    wrong(
        target.is_none_or(|target| !target.is_allocated() || is_relocations(target)),
        "sh_info names no section that is loaded",
    );
}

fn names_its_target(
    elf: &RawElf<'_>,
    section: &RawSection<'_>,
    named: &str,
    report: &mut CheckReport,
) {
    let Some(target) = target(elf, section) else { return };
    let target = target.name_lossy();
    if named != target && Some(named) != target.strip_prefix('.') {
        let what = format!("it applies to {target}, which its name does not say");
        report.warning(Topic::Relocation, section.name_lossy(), what);
    }
}

fn livepatch(
    elf: &RawElf<'_>,
    section: &RawSection<'_>,
    object: Option<&str>,
    rela: &RawRela,
    report: &mut CheckReport,
) {
    let place = format!("{}+{:#x}", section.name_lossy(), rela.offset);
    let Some(symbol) = elf.symbol_of(rela) else {
        report.error(Topic::Relocation, place, "its symbol does not exist");
        return;
    };
    if symbol.place != SymbolPlace::Livepatch {
        let what = format!("`{}` is no livepatch symbol", symbol.name_lossy());
        report.error(Topic::Relocation, &place, what);
    } else if let Ok(named) = klp_name::symbol(symbol.name) {
        // Symbols of vmlinux are there from the start, so the kernel wants them in its own section.
        if named.object == "vmlinux" && object.is_some_and(|object| object != "vmlinux") {
            let what = format!("`{}` of vmlinux in relocations of a module", named.name);
            report.error(Topic::Relocation, &place, what);
        }
        if named.object != "vmlinux" && object == Some("vmlinux") {
            let what = format!(
                "`{}` of module {} is looked up when the livepatch is loaded: that fails where the \
                 module is not there",
                named.name, named.object
            );
            report.error(Topic::Relocation, &place, what);
        }
    }
    field(elf, section, rela, &place, report);
}

/// Relocations that the loader applies: it knows nothing of livepatch symbols.
fn plain(elf: &RawElf<'_>, section: &RawSection<'_>, report: &mut CheckReport) {
    let is_loaded = target(elf, section).is_some_and(RawSection::is_allocated);
    // The loader passes over those of no section, and of what it does not load.
    if !is_loaded {
        return;
    }
    for rela in section.relas() {
        let place = format!("{}+{:#x}", section.name_lossy(), rela.offset);
        match elf.symbol_of(&rela) {
            None => report.error(Topic::Relocation, &place, "its symbol does not exist"),
            Some(symbol) if symbol.place == SymbolPlace::Livepatch => {
                let what = format!(
                    "`{}` is a livepatch symbol, but the loader applies this: with address 0",
                    symbol.name_lossy()
                );
                report.error(Topic::Relocation, &place, what);
            }
            Some(_) => {}
        }
        field(elf, section, &rela, &place, report);
    }
}

/// What the loader wants of the field: a type that it knows, inside of the section, and zero.
fn field(
    elf: &RawElf<'_>,
    section: &RawSection<'_>,
    rela: &RawRela,
    place: &str,
    report: &mut CheckReport,
) {
    let Some(width) = width(rela.kind) else {
        let what = format!("type {}, which the loader does not know", rela.kind);
        report.error(Topic::Relocation, place, what);
        return;
    };
    let Some(target) = target(elf, section) else { return };
    let end = rela.offset.checked_add(width);
    if end.is_none_or(|end| end > target.size) {
        report.error(Topic::Relocation, place, format!("outside of {}", target.name_lossy()));
        return;
    }
    let bytes = usize::try_from(rela.offset).ok().and_then(|offset| {
        let width = usize::try_from(width).ok()?;
        target.data.get(offset..)?.get(..width)
    });
    if bytes.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0)) {
        let what = "the field is not zero: the kernel takes it for relocated already";
        report.error(Topic::Relocation, place, what);
    }
}

/// How many bytes a relocation type of x86-64 writes.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 => Some(0),
        // R_X86_64_64, PC64
        1 | 24 => Some(8),
        // R_X86_64_PC32, PLT32, 32, 32S
        2 | 4 | 10 | 11 => Some(4),
        _ => None,
    }
}
