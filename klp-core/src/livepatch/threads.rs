//! Changed functions that kernel threads run from start to end. A thread that is in one when the livepatch is enabled goes
//! on in the old one, and livepatch waits for it to return, which many never do. The same goes for functions that never return,
//! and for those that are on the stack of all that waits.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::elf::Definition;
use crate::layout::{FunctionId, Span};
use crate::record::Note;

use super::callers::{entry, is_call};
use super::side::ObjectSide;
use super::source::{CorrelatedObject, Fate};

/// What starts a thread with a function (include/linux/kthread.h, include/linux/sched/task.h).
const STARTERS: &[&[u8]] = &[
    b"kthread_create_on_node",
    b"kthread_create_on_cpu",
    b"kthread_run_on_cpu",
    b"kernel_thread",
    b"user_mode_thread",
];

/// What is on the stack of every thread of the kernel (arch/x86/kernel/process.c), and of everything that waits
/// (kernel/sched/core.c).
const UNDER_ALL: &[&str] = &["ret_from_fork", "schedule"];

/// The notes about them.
pub(super) fn notes(source: &CorrelatedObject<'_>) -> Vec<Note> {
    let changed = source.fates.with_ids();
    let changed = changed.filter(|(fate, _)| matches!(fate, Some(Fate::Changed(_))));
    let notes = changed.filter_map(|(_, number)| {
        let name = source.name_of(number);
        let starters = starters(&source.patched, number);
        let names: Vec<String> = starters.into_iter().map(|it| source.name_of(it)).collect();
        let why = if !names.is_empty() {
            format!(
                "{} starts a thread with it: while one is in it, it goes on in the kernel's own, and livepatch waits for it \
                 to return before it is done. A thread with a loop that never ends keeps the livepatch in transition for \
                 good; change what the loop calls instead",
                names.join(", ")
            )
        } else if UNDER_ALL.contains(&name.as_str()) {
            "threads of the kernel have it on their stacks for as long as they are there, or wait: livepatch waits for \
             them to leave it, and stays in transition for good"
                .to_owned()
        } else if is_endless(&source.patched, number) {
            "it never returns: a thread that is in its loop goes on in the kernel's own, and livepatch, which waits for it \
             to return, stays in transition for good; change what the loop calls instead"
                .to_owned()
        } else {
            return None;
        };
        Some(Note::new("thread", source.object, &name, why))
    });
    notes.collect()
}

/// Whether function `number` has a loop, and no way out of it: nothing in it returns or jumps to another function.
fn is_endless(side: &ObjectSide<'_>, number: FunctionId) -> bool {
    let layout = &side.analysis.layout;
    let spans = layout.functions[number].spans();
    let machine = side.analysis.elf.machine;
    let loops = spans
        .map(|it| layout.span(it))
        .map(|span| for_machine!(machine, A => has_loop_only::<A>(side, number, *span)));
    // The cold part has none.
    let loops: Option<Vec<bool>> = loops.collect();
    loops.is_some_and(|loops| loops.contains(&true))
}

/// Whether a part of function `number` has a jump backwards; none if control can leave the function there.
fn has_loop_only<A: Arch>(side: &ObjectSide<'_>, number: FunctionId, span: Span) -> Option<bool> {
    let section = side.analysis.elf.section(span.section);
    let code = section.range(span.start, span.end)?;
    let mut instructions = A::Instructions::new(code, span.start);
    let mut has_loop = false;
    while let Some(decoded) = instructions.next() {
        let decoded = decoded.ok()?;
        let Range { start: at, end: next } = instructions.place();
        match decoded.form {
            Form::Branch { call: false, target } => {
                let mut relocs = section.relocs.within(at, next).filter(|reloc| reloc.raw != 0);
                let to = match relocs.next() {
                    Some(reloc) => entry(&side.analysis.elf, &reloc, true)?,
                    None => span.section.at(target),
                };
                let owner =
                    side.analysis.layout.find(to.section, to.offset).and_then(|it| side.owner(it));
                if owner != Some(number) {
                    return None;
                }
                has_loop |= to.section == span.section && (span.start..=at).contains(&to.offset);
            }
            Form::Plain if decoded.ends_flow && instructions.leaves() => return None,
            _ => {}
        }
    }
    Some(has_loop)
}

/// The functions that take the address of function `number` and start threads.
fn starters(side: &ObjectSide<'_>, number: FunctionId) -> BTreeSet<FunctionId> {
    let (elf, layout) = (&side.analysis.elf, &side.analysis.layout);
    let body = layout.span(layout.functions[number].body);
    let body = body.section.at(body.start);
    let mut found = BTreeSet::new();
    for (section, from) in elf.sections.with_ids().filter(|(section, _)| section.is_code()) {
        for reloc in section.relocs.iter() {
            if entry(elf, &reloc, true) == Some(body) && !is_call(elf, section, &reloc) {
                let user = layout.find(from, reloc.offset).and_then(|span| side.owner(span));
                found.extend(user.filter(|user| *user != number && starts_threads(side, *user)));
            }
        }
    }
    found
}

fn starts_threads(side: &ObjectSide<'_>, number: FunctionId) -> bool {
    let (elf, layout) = (&side.analysis.elf, &side.analysis.layout);
    let mut spans = layout.functions[number].spans().map(|it| layout.span(it));
    spans.any(|span| {
        let relocs = &elf.section(span.section).relocs;
        let mut called = relocs.within(span.start, span.end);
        called.any(|reloc| {
            let symbol = elf.symbol(reloc.symbol);
            symbol.place == Definition::Undefined && STARTERS.contains(&symbol.name)
        })
    })
}
