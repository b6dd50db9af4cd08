//! Changed functions that kernel threads run from start to end. A thread that is in one when the livepatch is enabled goes
//! on in the old one, and livepatch waits for it to return, which many never do.

use std::collections::BTreeSet;

use crate::elf::Place;
use crate::layout::Function;
use crate::record::Note;

use super::callers::{entry, is_call};
use super::side::Side;
use super::source::{Fate, Source};

/// What starts a thread with a function (include/linux/kthread.h, include/linux/sched/task.h).
const STARTERS: &[&[u8]] = &[
    b"kthread_create_on_node",
    b"kthread_create_on_cpu",
    b"kthread_run_on_cpu",
    b"kernel_thread",
    b"user_mode_thread",
];

/// The notes about them.
pub(super) fn notes(source: &Source<'_>) -> Vec<Note> {
    let changed = source.fates.iter().enumerate();
    let changed = changed.filter(|(_, fate)| matches!(fate, Some(Fate::Changed(_))));
    let notes = changed.filter_map(|(number, _)| {
        let starters = starters(&source.patched, number);
        let names: Vec<String> = starters.into_iter().map(|it| source.name_of(it)).collect();
        let why = format!(
            "{} starts a thread with it: while one is in it, it goes on in the kernel's own, and livepatch waits for it to \
             return before it is done. A thread with a loop that never ends keeps the livepatch in transition for good; \
             change what the loop calls instead",
            names.join(", ")
        );
        (!names.is_empty())
            .then(|| Note::new("thread", source.object, &source.name_of(number), why))
    });
    notes.collect()
}

/// The functions that take the address of function `number` and start threads.
fn starters(side: &Side<'_>, number: usize) -> BTreeSet<usize> {
    let (elf, layout) = (&side.analysis.elf, &side.analysis.layout);
    let body = layout.functions.get(number).and_then(|function| layout.span(function.body));
    let Some(body) = body.map(|body| (body.section, body.start)) else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for (section, from) in elf.sections.iter().zip(0u32..).filter(|(section, _)| section.is_code())
    {
        for reloc in section.relocs.iter() {
            if entry(elf, &reloc, true) == Some(body) && !is_call(section, reloc.offset) {
                let user = layout.find(from, reloc.offset).and_then(|span| side.owner(span));
                found.extend(user.filter(|user| *user != number && starts_threads(side, *user)));
            }
        }
    }
    found
}

fn starts_threads(side: &Side<'_>, number: usize) -> bool {
    let (elf, layout) = (&side.analysis.elf, &side.analysis.layout);
    let function = layout.functions.get(number);
    let spans = function.into_iter().flat_map(Function::spans);
    let mut spans = spans.filter_map(|it| layout.span(it));
    spans.any(|span| {
        let relocs = elf.section(span.section).map(|section| &section.relocs);
        let mut called = relocs.into_iter().flat_map(|it| it.within(span.start, span.end));
        called.any(|reloc| {
            elf.symbol(reloc.symbol).is_some_and(|symbol| {
                symbol.place == Place::Undefined && STARTERS.contains(&symbol.name)
            })
        })
    })
}
