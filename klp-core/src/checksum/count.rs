//! Instructions by number: what a place in code means when padding does not count.

use crate::elf::Section;
use crate::x86::{Form, Instructions};

use super::Refusal;
use super::context::Context;

/// Offsets and lengths of instructions, by whether they count.
#[derive(Debug, Default)]
pub(super) struct Instructed {
    pub(super) counted: Vec<(u64, u8)>,
    pub(super) padding: Vec<(u64, u8)>,
}

/// How many of the `counted` instructions lie before `offset`, and how far it is inside one of them, or
/// inside one of `padding` (from 16 on: no instruction is that long).
pub(super) fn count_to(counted: &[(u64, u8)], padding: &[(u64, u8)], offset: u64) -> (u32, u8) {
    let before = counted.partition_point(|(start, _)| *start < offset);
    let index = u32::try_from(before).unwrap_or(u32::MAX);
    if counted.get(before).is_some_and(|(start, _)| *start == offset) {
        return (index, 0);
    }
    match (inside_of(counted, offset), inside_of(padding, offset)) {
        (Some(delta), _) => (index.saturating_sub(1), delta),
        (None, Some(delta)) => (index, delta.saturating_add(16)),
        (None, None) => (index, 0),
    }
}

/// How far `offset` is behind the start of the instruction that it cuts.
fn inside_of(instructions: &[(u64, u8)], offset: u64) -> Option<u8> {
    let before = instructions.partition_point(|(start, _)| *start < offset).checked_sub(1)?;
    let (start, len) = instructions.get(before)?;
    let delta = offset.checked_sub(*start)?;
    if delta < u64::from(*len) { u8::try_from(delta).ok() } else { None }
}

/// The instructions of `span`.
pub(super) fn count_all(cx: &Context<'_, '_>, span: u32) -> Result<Instructed, Refusal> {
    let span = cx.layout.span(span).ok_or_else(|| Refusal::new("a function vanished"))?;
    let code = cx
        .elf
        .section(span.section)
        .and_then(|section: &Section<'_>| {
            section.bytes(span.start, span.end.saturating_sub(span.start))
        })
        .ok_or_else(|| Refusal::new("a function without bytes"))?;
    let mut own = Instructed::default();
    let mut at = span.start;
    for decoded in Instructions::new(code, span.start) {
        let Ok(decoded) = decoded else { break };
        let list = if decoded.form == Form::Nop { &mut own.padding } else { &mut own.counted };
        list.push((at, decoded.len));
        at = at.saturating_add(u64::from(decoded.len));
    }
    Ok(own)
}
