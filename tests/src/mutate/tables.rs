//! Special sections, read without the checksum code.

use klp_core::checksum::Analysis;
use klp_core::elf::{RelocKind, Section, SectionId};
use klp_core::rules;

use super::decode::place;

/// Fields of special entries that rules leave out: section, entry size, bytes.
const LEFT_OUT: &[(&str, u64, std::ops::Range<u64>)] =
    &[("__bug_table", 12, 4..10), ("__bug_table", 16, 8..14), (".parainstructions", 16, 10..16)];

/// An entry and the code that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Section and offset of the code.
    pub(super) code: (SectionId, u64),
    /// Section of the table, and the entry's place in it.
    pub(super) table: SectionId,
    pub(super) start: u64,
    pub(super) size: u64,
}

/// All entries, by the code that they are about.
pub(super) fn entries(analysis: &Analysis<'_>) -> Vec<Entry> {
    let mut found = Vec::new();
    for (section, table) in analysis.elf.sections.with_ids() {
        let Some(size) = entry_size(section).filter(|size| *size > 0) else { continue };
        for start in (0..section.size).step_by(usize::try_from(size).unwrap_or(usize::MAX)) {
            let code = section.relocs.at(start).and_then(|reloc| place(analysis, &reloc, 0));
            found.extend(code.map(|code| Entry { code, table, start, size }));
        }
    }
    found.sort_unstable();
    found
}

/// Entry sizes of the kernels that this is run on, from what their sections show. None for other
/// sections.
pub(super) fn entry_size(section: &Section<'_>) -> Option<u64> {
    if !rules::is_attributed(section.name) {
        return None;
    }
    let relocs = section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None).count() as u64;
    match section.name {
        b"__jump_table" | b".parainstructions" => Some(16),
        b"__ex_table" => Some(12),
        b".static_call_sites" | b"__mcount_loc" => Some(8),
        b".altinstructions" => section.size.checked_div(relocs / 2),
        b"__bug_table" => {
            let offsets: Vec<u64> =
                section.relocs.iter().take(2).map(|reloc| reloc.offset).collect();
            let fits = |size: &u64| {
                section.size.is_multiple_of(*size)
                    && (0..section.size / size)
                        .all(|entry| section.relocs.at(entry * size).is_some())
            };
            let [_, second] = offsets.as_slice() else { return None };
            [16, 12].into_iter().filter(|_| *second == 4 || *second == 8).find(fits)
        }
        _ => None,
    }
}

/// Whether a rule leaves out the byte at `field` of the entries of `section`.
pub(super) fn is_left_out(section: &Section<'_>, size: u64, field: u64) -> bool {
    LEFT_OUT.iter().any(|(name, of, range)| {
        name.as_bytes() == section.name && *of == size && range.contains(&field)
    })
}

/// The replacement of an alternative: where its relocation is, and its length.
pub(super) fn replacement(section: &Section<'_>, entry: &Entry) -> Option<(u64, u64)> {
    if section.name != b".altinstructions" {
        return None;
    }
    let length = section.bytes(entry.start + if entry.size == 14 { 13 } else { 11 }, 1)?.first()?;
    Some((entry.start + 4, u64::from(*length)))
}
