//! The instructions of a whole function, by number.

use std::ops::Range;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::layout::SpanId;
use crate::slices::SliceParts as _;

use super::Refusal;
use super::context::Context;
use super::numbered::InstructionStarts;
use super::said::Annotations;

/// The instructions of `span`, up to the first bytes that are none.
pub(super) fn count_all(cx: &Context<'_, '_>, span: SpanId) -> Result<InstructionStarts, Refusal> {
    for_machine!(cx.elf.machine, A => count::<A>(cx, span))
}

fn count<A: Arch>(cx: &Context<'_, '_>, span: SpanId) -> Result<InstructionStarts, Refusal> {
    let span = cx.layout.span(span);
    let code = cx
        .elf
        .section(span.section)
        .range(span.start, span.end)
        .ok_or_else(|| Refusal::new("a function without bytes"))?;
    let mut said = Annotations::of(cx, span.section, span.start, span.end);
    let mut own = InstructionStarts::default();
    own.begin(code.len());
    if cx.is_object(span) {
        own.data(code.len());
        return Ok(own);
    }
    // From such a place on, what looks like padding may be data.
    let inside = span.start.saturating_add(1)..span.end;
    let mut handed = cx.handed.within(cx.elf, cx.layout, span.section, inside).iter().peekable();
    let mut is_read = false;
    let mut instructions = A::Instructions::new(code, span.start);
    loop {
        let offset = instructions.offset();
        let Some(Ok(decoded)) = instructions.next() else { break };
        let Range { start: at, end: next } = instructions.place();
        while let Some(place) = handed.next_if(|place| place.offset <= at) {
            is_read |= !runs_into::<A>(&own, code, place.offset.saturating_sub(span.start));
        }
        let is_described = said.next_offset() < next && !said.take_before(next)?.is_empty();
        let counts = is_described || is_read || decoded.form != Form::Nop || said.covers(at);
        own.add(offset, usize::from(decoded.len), counts);
    }
    Ok(own)
}

/// Whether control comes to `offset` of `code` from the last instruction before that counts.
fn runs_into<A: Arch>(own: &InstructionStarts, code: &[u8], offset: u64) -> bool {
    let end = usize::try_from(offset).unwrap_or(usize::MAX);
    own.last_counted(end).is_some_and(|last| A::runs_on(code.between(last, end)))
}
