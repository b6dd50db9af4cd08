//! Edits of special sections in real objects.

use iced_x86::Instruction;

use super::patch::{Patch, exchange};
use super::subject::{Function, Subject, is_nop};
use crate::mutate::Random;

/// An entry of `.altinstructions`.
struct Alternative<'a> {
    section: usize,
    start: u64,
    size: u64,
    function: &'a Function,
    /// Where the code is.
    place: u64,
    feature: &'a [u8],
    length: u8,
    replacement: Option<(usize, u64)>,
    replacement_length: u8,
}

fn alternatives(subject: &Subject) -> Vec<Alternative<'_>> {
    let mut found = Vec::new();
    for (header, section) in subject.image.sections.iter().zip(0usize..) {
        // Objtool writes the size of entries there; else the address of code at each second place tells.
        let content = subject.image.content(section);
        if header.name != ".altinstructions" || content.is_empty() {
            continue;
        }
        let fits = |size: &u64| {
            let starts = (0..content.len() as u64).step_by(usize::try_from(*size).unwrap_or(1));
            (content.len() as u64).is_multiple_of(*size)
                && starts
                    .into_iter()
                    .all(|start| !subject.relas_within(section, start, start + 1).is_empty())
        };
        let Some(size) = [14, 12, 13].into_iter().find(fits) else { continue };
        for start in (0..content.len() as u64).step_by(usize::try_from(size).unwrap_or(1)) {
            let field = |at: u64| subject.relas_within(section, start + at, start + at + 1).first();
            let Some((code, place)) = field(0).and_then(|rela| subject.place(rela, 0)) else {
                continue;
            };
            let Some(function) = subject.function(code, place) else { continue };
            let from = usize::try_from(start).unwrap_or(0);
            let entry = &content[from..from + usize::try_from(size).unwrap_or(0)];
            let lengths = if size == 14 { 12 } else { 10 };
            found.push(Alternative {
                section,
                start,
                size,
                function,
                place,
                feature: &entry[8..lengths],
                length: entry[lengths],
                replacement: field(4).and_then(|rela| subject.place(rela, 0)),
                replacement_length: entry[lengths + 1],
            });
        }
    }
    found
}

/// The order of two alternatives for the same code.
pub(super) fn alternatives_order(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let all = alternatives(subject);
    let code = |one: &Alternative<'_>| {
        let (section, start) = one.replacement?;
        let start = usize::try_from(start).ok()?;
        subject.image.content(section).get(start..start + usize::from(one.replacement_length))
    };
    let mut found = Vec::new();
    for pair in all.windows(2) {
        let [one, other] = pair else { continue };
        let is_same_code = one.section == other.section
            && one.function.section == other.function.section
            && one.place == other.place;
        if !is_same_code || one.feature == other.feature || code(one) == code(other) {
            continue;
        }
        let what = format!("{} at {:#x}", one.function.names[0], one.place);
        let patch = Patch::new("", what).of_function(subject, one.function);
        found.push(exchange(subject, patch, one.section, (one.start, other.start), one.size));
    }
    found
}

/// An alternative is for one instruction more.
pub(super) fn alternative_length(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for one in alternatives(subject) {
        let all = subject.instructions(one.function);
        let end = one.place + u64::from(one.length);
        let Ok(at) = all.binary_search_by_key(&end, Instruction::ip) else { continue };
        let Ok(more) = u8::try_from(all[at].len()) else { continue };
        if is_nop(&all[at]) || one.length.checked_add(more).is_none() {
            continue;
        }
        let lengths = if one.size == 14 { 12 } else { 10 };
        let what = format!("{} at {:#x}", one.function.names[0], one.place);
        found.push(
            Patch::new("", what)
                .write(subject.at(one.section, one.start + lengths), &[one.length + more])
                .of_function(subject, one.function),
        );
    }
    found
}

/// An entry of a table of places is for the next instruction, so that one is removed and one added.
fn place_moved(subject: &Subject, table: &str) -> Vec<Patch> {
    let mut found = Vec::new();
    for (header, section) in subject.image.sections.iter().zip(0usize..) {
        if header.name != table {
            continue;
        }
        for rela in &subject.relas[section] {
            let Some((code, place)) = subject.place(rela, 0) else { continue };
            let Some(function) = subject.function(code, place) else { continue };
            let all = subject.instructions(function);
            let Ok(at) = all.binary_search_by_key(&place, Instruction::ip) else { continue };
            let addend = rela.addend + i64::try_from(all[at].len()).unwrap_or(0);
            let what = format!("{} at {place:#x}", function.names[0]);
            found.push(
                Patch::new("", what)
                    .write(rela.at + 16, &addend.to_le_bytes())
                    .of_function(subject, function)
                    .must(&[table]),
            );
        }
    }
    found
}

pub(super) fn smp_locks(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    place_moved(subject, ".smp_locks")
}

pub(super) fn patchable_entries(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    place_moved(subject, "__patchable_function_entries")
}
