//! Edits of real objects that mean nothing.

use super::patch::{Patch, index_bytes};
use super::subject::{SHF_ALLOC, SHF_MERGE, STB_LOCAL, STT_OBJECT, Subject};
use crate::mutate::Random;

/// Traps between functions become NOPs, and NOPs traps.
pub(super) fn room(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for pair in subject.functions.windows(2) {
        let [one, other] = pair else { continue };
        if one.section != other.section || one.end >= other.start {
            continue;
        }
        let own = &subject.symbols[one.section];
        let next = own.partition_point(|index| subject.image.symbols[*index].value < one.end);
        if own.get(next).map(|index| subject.image.symbols[*index].value) != Some(other.start) {
            continue;
        }
        let at = subject.at(one.section, one.end);
        let length = usize::try_from(other.start - one.end).unwrap_or(0);
        let room = subject.image.bytes.get(at..at + length).unwrap_or_default();
        let is_described = subject
            .described
            .range((one.section, one.end)..(one.section, other.start))
            .next()
            .is_some();
        let (is_nops, is_traps) =
            (room.iter().all(|byte| *byte == 0x90), room.iter().all(|byte| *byte == 0xcc));
        if is_described || !(is_nops || is_traps) {
            continue;
        }
        let new = if is_nops { 0xcc } else { 0x90 };
        found
            .push(Patch::new("", format!("behind {}", one.names[0])).write(at, &vec![new; length]));
    }
    found
}

/// A local object that is referred to through its section's symbol is referred to by its own.
pub(super) fn section_symbol(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    const ABSOLUTE: &[u32] = &[1, 10, 11];
    const STT_SECTION: u8 = 3;
    let mut found = Vec::new();
    for (section, relas) in subject.relas.iter().enumerate() {
        if subject.image.sections[section].flags & SHF_ALLOC == 0 {
            continue;
        }
        for rela in relas.iter().filter(|rela| ABSOLUTE.contains(&rela.kind)) {
            let symbols = &subject.image.symbols;
            if symbols.get(rela.symbol).is_none_or(|symbol| symbol.kind != STT_SECTION) {
                continue;
            }
            let Some((target, place)) = subject.place(rela, 0) else { continue };
            if subject.image.sections[target].flags & SHF_MERGE != 0 {
                continue;
            }
            let own = &subject.symbols[target];
            let from = own.partition_point(|index| symbols[*index].value <= place);
            let Some(index) = from.checked_sub(1).map(|at| own[at]) else { continue };
            let symbol = &symbols[index];
            if symbol.kind != STT_OBJECT
                || symbol.bind != STB_LOCAL
                || place >= symbol.value + symbol.size
            {
                continue;
            }
            // Code that goes by the end of an object refers to the start of the next one.
            if subject.is_code(section) && place == symbol.value {
                continue;
            }
            let addend = (place - symbol.value).cast_signed();
            found.push(
                Patch::new(
                    "",
                    format!(
                        "{} in {} at {:#x}",
                        symbol.name, subject.image.sections[section].name, rela.offset
                    ),
                )
                .write(rela.at + 12, &index_bytes(index))
                .write(rela.at + 16, &addend.to_le_bytes()),
            );
        }
    }
    found
}
