//! Changed functions that cannot be replaced, because ftrace does not see them (what is declared `inline` and was not
//! inlined, such as the `__do_sys_*` of system calls) or because they share their address with others: where they are only
//! called, and by functions of their own object, these are replaced instead and call the copy.

use std::collections::BTreeSet;

use crate::arch::{Arch as _, for_machine};
use crate::checksum::ContentKind;
use crate::elf::{ElfObject, Place, Reloc, Section};
use crate::layout::FunctionId;

use super::namesakes;
use super::pieces;
use super::side::ObjectSide;
use super::source::{CorrelatedObject, CorrelatedObjects, Fate};
use super::verdict::Verdict;

/// Makes callers changed functions, until all that has to be replaced can be.
pub(super) fn find(sources: &mut CorrelatedObjects<'_>, verdict: &mut Verdict) {
    for source in sources {
        let changed = |fate: &Option<Fate>| matches!(fate, Some(Fate::Changed(_)));
        let all = source.fates.with_ids().filter(|(fate, _)| changed(fate));
        let mut open: Vec<FunctionId> = all.map(|(_, id)| id).collect();
        while let Some(number) = open.pop() {
            if let Some(callers) = callers_instead(source, number) {
                let name = source.name_of(number);
                let names: Vec<String> =
                    callers.iter().map(|caller| source.name_of(*caller)).collect();
                let why = format!(
                    "it cannot be replaced itself, so its callers are: {}",
                    names.join(", ")
                );
                verdict.note("callers", source.object, &name, why);
                source.call_instead(number);
                for caller in callers {
                    if source.change(caller) {
                        open.push(caller);
                    }
                }
            }
        }
    }
}

/// The functions to replace in the place of the changed function `number`; none where it can be replaced itself, or
/// where something else than calls of its own object may lead to it.
fn callers_instead(
    source: &CorrelatedObject<'_>,
    number: FunctionId,
) -> Option<BTreeSet<FunctionId>> {
    let Some(Fate::Changed(original)) = source.fates[number] else {
        return None;
    };
    let running = source.running()?;
    let found = source.running_function(original)?;
    let is_traced =
        running.record(found).kinds.iter().any(|(kind, _)| *kind == ContentKind::Traceable);
    if is_traced && namesakes::unlike(source, number).is_none() {
        return None;
    }
    let before = source.original.as_ref()?;
    let is_local =
        |side: &ObjectSide<'_>, number| side.symbols_of(number).all(|(_, symbol)| symbol.local);
    let section = section_of(&source.patched, number);
    let is_ordinary = section.name == b".text" || section.name.starts_with(b".text.");
    if !is_local(before, original) || !is_local(&source.patched, number) || !is_ordinary {
        return None;
    }
    let mut callers = call_sites(&source.patched, number)?;
    // What called it before and does not any more has changed.
    let mut were = call_sites(before, original)?;
    if !source.is_whole {
        // The kernel's own object was compiled in another way.
        let own = before.record(original).name;
        for name in running.callers_of(|name| name == own) {
            match before.function_named(&name) {
                Some(caller) => {
                    were.insert(caller);
                }
                None if running.function_named(&name).is_some_and(|it| running.is_freed(it)) => {}
                None => return None,
            }
        }
    }
    for caller in were.into_iter().filter(|caller| !before.is_freed(*caller)) {
        // What is gone is called by nobody.
        callers.extend(source.now(caller));
    }
    callers.remove(&number);
    callers.retain(|caller| !source.patched.is_freed(*caller));
    (!callers.is_empty()).then_some(callers)
}

/// The functions of an object that call its function `number`; none where something takes its address, or may do so.
pub(super) fn call_sites(
    side: &ObjectSide<'_>,
    number: FunctionId,
) -> Option<BTreeSet<FunctionId>> {
    let elf = &side.analysis.elf;
    let layout = &side.analysis.layout;
    let body = *layout.span(layout.functions[number].body);
    let mut callers = BTreeSet::new();
    let sections = elf.sections.with_ids().filter(|(section, _)| {
        section.is_allocated() && !pieces::is_table(section.name) && !is_left_out(section.name)
    });
    for (section, from) in sections {
        for reloc in section.relocs.iter().filter(|reloc| reloc.raw != 0) {
            if entry(elf, &reloc, section.is_code()) != Some(body.section.at(body.start)) {
                continue;
            }
            if !is_call(elf, section, &reloc) {
                return None;
            }
            let owner = layout.find(from, reloc.offset).and_then(|span| side.owner(span));
            if owner? != number {
                callers.insert(owner?);
            }
        }
    }
    // An assembler leaves no relocation where both are in one section.
    let is_near = |user: FunctionId| {
        let mut spans = layout.functions[user].spans().map(|span| layout.span(span));
        spans.any(|span| span.section == body.section)
    };
    let mut users = side.users_of(side.record(number).name).filter(|user| is_near(*user));
    users.all(|user| user == number || callers.contains(&user)).then_some(callers)
}

/// What leads to the start of a function without calling it.
pub(super) fn is_left_out(name: &[u8]) -> bool {
    crate::rules::for_section(name).is_some() || crate::rules::is_attributed(name)
}

/// Where a relocation leads to, if it is of data or ends an instruction.
pub(super) fn entry(elf: &ElfObject<'_>, reloc: &Reloc, is_of_code: bool) -> Option<Place> {
    let bias = if reloc.kind.is_relative() && is_of_code { 4 } else { 0 };
    elf.place(reloc, reloc.addend.checked_add(bias)?)
}

/// Whether the field of `reloc` in `section` is the operand of a direct call or jump.
pub(super) fn is_call(elf: &ElfObject<'_>, section: &Section<'_>, reloc: &Reloc) -> bool {
    let code = section.around(reloc.offset);
    let code = code.filter(|_| section.is_code() && reloc.kind.is_relative());
    code.is_some_and(|(code, field)| for_machine!(elf.machine, A => A::is_branch(code, field)))
}

fn section_of<'s, 'a>(side: &'s ObjectSide<'a>, number: FunctionId) -> &'s Section<'a> {
    let layout = &side.analysis.layout;
    let body = layout.functions[number].body;
    side.analysis.elf.section(layout.span(body).section)
}
