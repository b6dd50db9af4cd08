//! Constants that nobody reads but what has changed, or nobody at all: what a compiler left behind when it wrote them into
//! the instructions of a function.

use std::collections::BTreeSet;

use super::align;
use super::side::{Range, Side};
use super::target::{self, Target, Use};
use super::walk;

/// So many bytes can lie between what a relocation of an instruction says and what is meant.
const BIAS: i64 = 16;

/// Whether nothing outside of `changed` refers to the nameless bytes of `range` in a way that can reach them: from an
/// address in front of them, or by an index.
pub(super) fn is_nobodys(side: &Side<'_>, range: Range, changed: &[Range]) -> bool {
    let number = range.section;
    let is_name = side.symbols(number, range.start, range.end).next().is_some();
    if changed.is_empty() || is_name || !side.units_at(number, range.start).is_empty() {
        return false;
    }
    let label = side.label_before(number, range.start);
    let first = label.map_or(0, |it| it.value.saturating_add(it.size)).min(range.start);
    let run = (first.cast_signed(), side.next_symbol(number, range.start).cast_signed());
    let end = range.end.cast_signed();
    let has_changed = |section: u32, at: u64| changed.iter().any(|it| it.contains(section, at));
    let mut readers: BTreeSet<(u32, u64, u64)> = BTreeSet::new();
    for (from, section) in (0u32..).zip(&side.object.sections) {
        if !section.is_allocated() {
            continue;
        }
        let all = Range { section: from, start: 0, end: section.size };
        for reloc in align::relocs(side, all) {
            let Target::Place { section: to, offset, .. } = target::of(side.object, &reloc, 0)
            else {
                continue;
            };
            if to != number || has_changed(from, reloc.offset) {
                continue;
            }
            if !side.is_code(from) {
                if (run.0..=end).contains(&offset) {
                    return false;
                }
                continue;
            }
            if !(run.0.saturating_sub(BIAS)..=run.1.saturating_add(BIAS)).contains(&offset) {
                continue;
            }
            let units = side.units_at(from, reloc.offset);
            let Some(unit) = units.first() else { return false };
            readers.insert((from, unit.start, unit.end));
        }
    }
    readers.into_iter().all(|(section, start, end)| {
        let code = Range { section, start, end };
        let used = walk::counted(side, code);
        let mut operands = used.iter().flat_map(|inst| walk::operands(side, section, inst));
        operands.all(|operand| match operand.target {
            Target::Place { section: to, offset, .. } if to == number => {
                stays_away(operand.usage, offset, range, run)
            }
            _ => true,
        })
    })
}

/// Whether a reference to `offset` cannot come to `range`, which lies between the symbols at `run`.
fn stays_away(usage: Use, offset: i64, range: Range, run: (i64, i64)) -> bool {
    let (start, end) = (range.start.cast_signed(), range.end.cast_signed());
    match usage {
        Use::Load(bytes) => offset.saturating_add(i64::from(bytes)) <= start || offset >= end,
        Use::Branch => false,
        Use::Address => !(run.0..=end).contains(&offset),
        Use::Indexed => !(run.0..=run.1).contains(&offset),
    }
}
