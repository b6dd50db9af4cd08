//! What control comes to behind the end of a stretch of code.

use crate::arch::{Arch, Form, Instructions as _, for_machine};

use super::code::CodePair;
use super::correspond::{self, Sink};
use super::difference::{Difference, DifferenceKind};
use super::side::{ByteRange, ProofSide};
use super::target::{MemoryUse, Target};

impl<'a> CodePair<'_, 'a> {
    /// Compares what control runs on into.
    pub(super) fn compare_behind(&self, sink: &mut Sink<'a>) -> Result<(), Difference> {
        let [a, b] = &self.world.sides;
        // It is put in the place of other instructions, and what follows there follows.
        if b.meaning(self.patched.section).name == b".altinstr_replacement" {
            return Ok(());
        }
        let (from, to) = (next(a, self.original), next(b, self.patched));
        match (from, to) {
            (None, None) => Ok(()),
            (Some(from), Some(to)) => {
                let place = |range: ByteRange, at: u64| Target::Place {
                    section: range.section,
                    offset: at.cast_signed(),
                    symbol: None,
                };
                let (from, to) = (place(self.original, from), place(self.patched, to));
                let offset = self.patched.len();
                correspond::correspond(self.world, &from, &to, MemoryUse::Branch, offset, sink)
                    .map_err(|text| Difference::new(DifferenceKind::FallThrough, offset, text))
            }
            _ => {
                let text = "nothing follows on one side, and control runs on";
                Err(Difference::new(DifferenceKind::FallThrough, self.patched.len(), text))
            }
        }
    }
}

/// Where the next instruction behind a stretch of code is.
fn next(side: &ProofSide<'_>, range: ByteRange) -> Option<u64> {
    for_machine!(side.object.machine, A => next_of::<A>(side, range))
}

fn next_of<A: Arch>(side: &ProofSide<'_>, range: ByteRange) -> Option<u64> {
    let limit = side.size(range.section);
    let section = side.section(range.section);
    let code = section.bytes(range.end, limit.checked_sub(range.end)?)?;
    let mut reader = A::Instructions::new(code, range.end);
    while let Some(Ok(decoded)) = reader.next() {
        let at = reader.place().start;
        let is_far = at.saturating_sub(range.end) > 4096;
        if decoded.form != Form::Nop || is_far || !side.units_at(range.section, at).is_empty() {
            return Some(at);
        }
    }
    let at = reader.place().end;
    (at < limit).then_some(at)
}
