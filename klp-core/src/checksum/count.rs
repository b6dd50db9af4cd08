//! The instructions of a whole function, by number.

use std::ops::Range;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::layout::SpanId;

use super::Refusal;
use super::context::Context;
use super::numbered::InstructionStarts;
use super::said::Annotations;

/// The instructions of `span`.
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
    let mut instructions = A::Instructions::new(code, span.start);
    loop {
        let offset = instructions.offset();
        let Some(Ok(decoded)) = instructions.next() else { break };
        let Range { start: at, end: next } = instructions.place();
        let is_described = said.next_offset() < next && !said.take_before(next)?.is_empty();
        let counts = is_described || decoded.form != Form::Nop || said.covers(at);
        own.add(offset, usize::from(decoded.len), counts);
    }
    Ok(own)
}
