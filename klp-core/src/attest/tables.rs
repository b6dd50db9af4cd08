//! Tables of the kernel whose entries belong to places in code.

use std::collections::BTreeMap;

use crate::elf::{ElfObject, RelocKind, Section, SectionId};

/// What is done with entries of copied code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryDuty {
    /// Each is in the module.
    Needed,
    /// As `Needed`, but labels that no module can have may be left out where the jump is gone, too.
    Labels,
    /// The kernel works without, or objtool makes them again.
    Spare,
}

/// One table.
#[derive(Debug)]
pub(super) struct AttestedTable {
    pub(super) section: &'static str,
    /// Sizes in bytes that an entry has had (`arch/x86/include/asm`, Linux 5.10 to 7.2).
    sizes: &'static [u64],
    pub(super) duty: EntryDuty,
}

const fn table(section: &'static str, sizes: &'static [u64], duty: EntryDuty) -> AttestedTable {
    AttestedTable { section, sizes, duty }
}

pub(super) const ALTERNATIVES: &str = ".altinstructions";
pub(super) const REPLACEMENTS: &[u8] = b".altinstr_replacement";
pub(super) const LABELS: &str = "__jump_table";
pub(super) const STATIC_CALLS: &str = ".static_call_sites";
pub(super) const FENTRIES: &str = "__mcount_loc";

/// The first field of each entry is the code that it belongs to.
const TABLES: &[AttestedTable] = &[
    table(ALTERNATIVES, &[12, 13, 14], EntryDuty::Needed),
    table("__bug_table", &[8, 12, 16], EntryDuty::Needed),
    table("__ex_table", &[12], EntryDuty::Needed),
    table(LABELS, &[16], EntryDuty::Labels),
    table(".parainstructions", &[16], EntryDuty::Needed),
    table(STATIC_CALLS, &[8], EntryDuty::Spare),
    table(FENTRIES, &[8], EntryDuty::Spare),
    table("__patchable_function_entries", &[8], EntryDuty::Spare),
    table(".smp_locks", &[4], EntryDuty::Spare),
    table(".retpoline_sites", &[4], EntryDuty::Spare),
    table(".return_sites", &[4], EntryDuty::Spare),
    table(".call_sites", &[4], EntryDuty::Spare),
    table(".cfi_sites", &[4], EntryDuty::Spare),
    table(".ibt_endbr_seal", &[4], EntryDuty::Spare),
    table(".kcfi_traps", &[4], EntryDuty::Spare),
    table("__kcfi_traps", &[4], EntryDuty::Spare),
];

impl AttestedTable {
    pub(super) fn named(name: &[u8]) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.section.as_bytes() == name)
    }

    /// The size of the entries of each table in `elf`.
    pub(super) fn sizes(elf: &ElfObject<'_>) -> BTreeMap<SectionId, u64> {
        let sections = elf.sections.with_ids();
        let sizes = sections.filter_map(|(section, index)| {
            Some((index, Self::named(section.name)?.size(section)?))
        });
        sizes.collect()
    }

    /// The size that the header gives, or else the one with which the most entries start with a relocation.
    pub(super) fn size(&self, section: &Section<'_>) -> Option<u64> {
        if self.sizes.contains(&section.entsize) {
            return Some(section.entsize);
        }
        let fits = |size: &u64| section.size.checked_rem(*size) == Some(0);
        let started = |size: &u64| {
            let starts = section.relocs.iter().filter(|reloc| {
                reloc.kind != RelocKind::None && reloc.offset.checked_rem(*size) == Some(0)
            });
            let starts = u64::try_from(starts.count()).unwrap_or(u64::MAX);
            starts.saturating_mul(1000).checked_div(section.size.div_ceil(*size)).unwrap_or(0)
        };
        match self.sizes {
            [only] => Some(*only),
            sizes => sizes.iter().copied().filter(fits).max_by_key(started),
        }
    }
}

/// Whether a section holds what Kbuild, the loader or the unwinder make and read themselves.
pub(super) fn is_generated(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b".gnu.linkonce.this_module",
        b".modinfo",
        b".note.GNU-stack",
        b".note.Linux",
        b".note.gnu.",
        b"__version",
        b".orc_",
        b".BTF",
        b".init.eh_frame",
        b".eh_frame",
        b".plt",
        b".init.plt",
        b".ftrace_trampoline",
        b"__ksymtab",
        b"__kcrctab",
        b"__kflagstab",
        b".codetag.alloc_tags",
        b".discard",
        b".comment",
        b".sframe",
    ];
    NAMES.iter().any(|start| name.starts_with(start))
}
