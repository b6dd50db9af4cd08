//! Fields that livepatch fills in only when a module is there, and that are read before: `percpu_modcopy()`,
//! `apply_alternatives()`, and what sets up jump labels and static calls of a module that is loaded.

use std::ops::Range;

use super::{CheckReport, Topic, klp_name};
use crate::elf::SectionId;
use crate::module::{RawElf, RawRela};

/// Tables that are read when the livepatch is loaded.
const READ_AT_LOAD: [&[u8]; 4] =
    [b".altinstructions", b"__jump_table", b".static_call_sites", b".parainstructions"];

/// A stretch of a section.
type SectionRange = (SectionId, Range<u64>);

pub(super) fn check(elf: &RawElf<'_>, report: &mut CheckReport) {
    for (place, what) in found(elf) {
        report.error(Topic::Relocation, place, what);
    }
}

/// Those in `elf`: place, and what is wrong.
pub(crate) fn found(elf: &RawElf<'_>) -> Vec<(String, String)> {
    let replaced = alternatives(elf);
    let mut found = Vec::new();
    for section in &elf.sections {
        let Ok(name) = klp_name::section(section.name) else { continue };
        if name.object == "vmlinux" {
            continue;
        }
        let Some(id) = elf.relocated_by(section) else { continue };
        let target = elf.section(id);
        for rela in section.relas() {
            let is_replaced =
                replaced.iter().any(|(of, range)| *of == id && range.contains(&rela.offset));
            let reader = if target.name.starts_with(b".data..percpu") {
                "each processor got its copy"
            } else if READ_AT_LOAD.contains(&target.name) {
                "the kernel has read the table"
            } else if is_replaced {
                "alternatives were applied to this code"
            } else {
                continue;
            };
            let what = format!("filled in when module {} is there, after {reader}", name.object);
            found.push((format!("{}+{:#x}", target.name_lossy(), rela.offset), what));
        }
    }
    found
}

/// The code that alternatives replace, and what they replace it by (`struct alt_instr`: two distances, and behind
/// them two lengths; 13 bytes to Linux 5.12, 12 to 6.2 and 14 since).
fn alternatives(elf: &RawElf<'_>) -> Vec<SectionRange> {
    let mut found = Vec::new();
    let tables = elf.sections.with_ids();
    for (table, number) in tables.filter(|(table, _)| table.name == b".altinstructions") {
        let fields: Vec<RawRela> = elf.relas_of(number).collect();
        let sizes = [(14, 12), (13, 10)].into_iter();
        let mut fitting = sizes.filter(|(size, _)| is_of_size(&fields, table.size, *size));
        let (size, lengths) = fitting.next().unwrap_or((12, 10));
        for field in fields {
            let (Some(start), Some(at)) =
                (field.offset.checked_div(size), field.offset.checked_rem(size))
            else {
                continue;
            };
            let length = start.saturating_mul(size).saturating_add(lengths + at / 4);
            let length = usize::try_from(length).ok().and_then(|length| table.data.get(length));
            if let (Some(length), Some(code)) = (length, elf.place_of(&field)) {
                let end = code.offset.saturating_add(u64::from(*length));
                found.push((code.section, code.offset..end));
            }
        }
    }
    found
}

/// Whether each entry of a table of `size` bytes is of `each` bytes: they start with a field.
fn is_of_size(fields: &[RawRela], size: u64, each: u64) -> bool {
    let starts = fields.iter().filter(|field| field.offset.checked_rem(each) == Some(0)).count();
    size.checked_rem(each) == Some(0) && size.checked_div(each) == Some(starts as u64)
}
