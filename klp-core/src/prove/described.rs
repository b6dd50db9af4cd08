//! The sizes of what reports of undefined behaviour get, which has no name, and of the types that it leads to.

use crate::elf::{Place, RelocKind, SectionId};

use super::side::ProofSide;
use super::target::{self, Target};

/// Bytes of what a handler of the kernel reads from its first argument (`lib/ubsan.c`); none for others.
pub(super) fn read_by(handler: &[u8]) -> Option<u64> {
    let name = handler.strip_prefix(b"__ubsan_handle_")?;
    // A file and two numbers, and addresses of types behind them.
    let addresses = match name.strip_suffix(b"_abort").unwrap_or(name) {
        b"builtin_unreachable" => 0,
        b"add_overflow"
        | b"sub_overflow"
        | b"mul_overflow"
        | b"negate_overflow"
        | b"divrem_overflow"
        | b"load_invalid_value" => 1,
        // In the last one a type and two bytes.
        b"out_of_bounds" | b"shift_out_of_bounds" | b"type_mismatch_v1" => 2,
        // A second location and a type.
        b"alignment_assumption" => 3,
        _ => return None,
    };
    Some(16 + 8 * addresses)
}

/// Adds to `found` where the description at `at` ends, which has so many bytes, and its types.
pub(super) fn ends(
    side: &ProofSide<'_>,
    Place { section: number, offset: at }: Place,
    bytes: u64,
    found: &mut Vec<(SectionId, u64, bool)>,
) {
    let end = at.saturating_add(bytes);
    let section = side.section(number);
    if end > section.size {
        return;
    }
    found.push((number, end, true));
    let types = section.relocs.within(at.saturating_add(16), end);
    for reloc in types.filter(|reloc| reloc.kind == RelocKind::Abs64) {
        let Target::Place { section, offset, .. } = target::of(side.object, &reloc, 0) else {
            // What another object has is no type.
            continue;
        };
        let end = Some(side.section(section)).filter(|of| !of.is_merged()).and_then(|of| {
            let name = u64::try_from(offset).ok()?.checked_add(4)?;
            let bytes = of.data.get(usize::try_from(name).ok()?..)?;
            name.checked_add(bytes.split(|byte| *byte == 0).next()?.len() as u64)?.checked_add(1)
        });
        found.extend(end.map(|end| (section, end, true)));
    }
}
