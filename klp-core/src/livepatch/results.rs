//! What functions of the touched objects do with what other functions return, as far as `kfree_const()` is concerned.

use std::collections::{BTreeMap, BTreeSet};

use crate::arch::{Arch, Carried, Form, Instructions as _, Machine, for_machine};
use crate::layout::FunctionId;

use super::callers;
use super::source::{CorrelatedObject, CorrelatedObjects, TouchedId};
use super::taken::read_for;

/// Functions that give out the kernel's own texts as they are, and copies of all others (mm/util.c, lib/kasprintf.c). What
/// frees them tells them apart by where they are.
pub(super) const CONST_TEXTS: &[&str] =
    &["kstrdup_const", "devm_kstrdup_const", "kasprintf_const", "kvasprintf_const"];

/// Frees a text that is not the kernel's own (mm/util.c).
const FREES: &str = "kfree_const";

/// How many functions that return each other's results are followed.
const DEEPEST: usize = 4;

/// How what a function returns gets to [`FREES`].
pub(super) enum FreedResult {
    /// This function stores it where it stores what `kstrdup_const()` gives.
    Stored(String),
    /// This one gives it there.
    Given(String),
}

/// The functions of the patched objects.
pub(super) struct Results<'s, 'a> {
    sources: &'s CorrelatedObjects<'a>,
    /// By source, the functions that give out what one of [`CONST_TEXTS`] gave them.
    givers: BTreeMap<TouchedId, BTreeSet<String>>,
}

/// The code of a function, and which functions it calls: start, end, name.
struct CallingCode<'s> {
    machine: Machine,
    bytes: &'s [u8],
    calls: Vec<(u64, u64, String)>,
}

impl CallingCode<'_> {
    fn callee(&self, start: u64) -> Option<&str> {
        self.calls.iter().find(|(at, ..)| *at == start).map(|(.., name)| name.as_str())
    }

    /// What is done with the result of the call that ends at `end`.
    fn result(&self, end: u64) -> Carried {
        let leaves = |start, _| self.callee(start).is_some();
        for_machine!(self.machine, A => A::result(self.bytes, end, leaves))
    }

    /// Whether the call at `start` is a jump: who called this function gets its result.
    fn is_last(&self, start: u64) -> bool {
        for_machine!(self.machine, A => self.is_jump::<A>(start))
    }

    fn is_jump<A: Arch>(&self, start: u64) -> bool {
        let mut instructions = A::Instructions::new(self.bytes, 0);
        while let Some(Ok(decoded)) = instructions.next() {
            if instructions.place().start == start {
                return matches!(decoded.form, Form::Branch { call: false, .. });
            }
        }
        false
    }
}

impl<'s, 'a> Results<'s, 'a> {
    pub(super) fn new(sources: &'s CorrelatedObjects<'a>) -> Self {
        Self { sources, givers: BTreeMap::new() }
    }

    /// Whether a function calls one of its object that returns what [`CONST_TEXTS`] give.
    pub(super) fn gets_given(&mut self, object: TouchedId, function: &str) -> bool {
        let Some(number) = self.number(object, function) else { return false };
        self.gives(object, number)
    }

    fn number(&self, object: TouchedId, function: &str) -> Option<FunctionId> {
        self.sources[object].patched.function_named(function)
    }

    /// Whether the function calls one of [`CONST_TEXTS`], or one that returns what that gives.
    fn gives(&mut self, object: TouchedId, number: FunctionId) -> bool {
        let givers = self.givers(object);
        let source = &self.sources[object];
        let mut names = source.patched.names_in(source.patched.record(number));
        names.any(|name| CONST_TEXTS.contains(&name) || givers.contains(name))
    }

    fn givers(&mut self, object: TouchedId) -> BTreeSet<String> {
        if let Some(known) = self.givers.get(&object) {
            return known.clone();
        }
        let mut givers: BTreeSet<String> = BTreeSet::new();
        for _ in 0..DEEPEST {
            let is_giver = |name: &str| CONST_TEXTS.contains(&name) || givers.contains(name);
            let new: Vec<String> = self
                .users(object, &is_giver)
                .into_iter()
                .filter(|(name, code)| {
                    let mut calls = code.calls.iter().filter(|(.., callee)| is_giver(callee));
                    !givers.contains(name)
                        && calls.any(|(start, end, _)| {
                            code.is_last(*start) || code.result(*end).is_returned
                        })
                })
                .map(|(name, _)| name)
                .collect();
            if new.is_empty() {
                break;
            }
            givers.extend(new);
        }
        self.givers.insert(object, givers.clone());
        givers
    }

    /// The functions of a source that refer to something of such a name, with their code.
    fn users(
        &self,
        object: TouchedId,
        is_it: &dyn Fn(&str) -> bool,
    ) -> Vec<(String, CallingCode<'s>)> {
        let source = &self.sources[object];
        let named = source.patched.manifest.functions.with_ids().filter(|(record, _)| {
            let mut names = source.patched.names_in(*record);
            names.any(is_it)
        });
        named.filter_map(|(record, id)| Some((record.name.to_owned(), code(source, id)?))).collect()
    }

    /// How what `function` of source `object` returns would get to `kfree_const()`, if it does.
    pub(super) fn of(&mut self, object: TouchedId, function: &str) -> Option<FreedResult> {
        let linked = self.sources[object].linked;
        let number = self.number(object, function)?;
        let is_local =
            self.sources[object].patched.symbols_of(number).all(|(_, symbol)| symbol.local);
        let mut open = vec![(function.to_owned(), is_local.then_some(object))];
        let mut seen = BTreeSet::new();
        while let Some((name, home)) = open.pop() {
            if seen.len() > DEEPEST || !seen.insert(name.clone()) {
                continue;
            }
            for other in self.sources.ids() {
                let is_own =
                    home.is_none_or(|home| home == other) && self.sources[other].linked == linked;
                if !is_own {
                    continue;
                }
                for (user, code) in self.users(other, &|it| it == name) {
                    let calls = code.calls.iter().filter(|(.., callee)| *callee == name);
                    for (start, end, _) in calls {
                        let carried = code.result(*end);
                        let mut callees =
                            carried.calls.iter().map(|(start, _)| code.callee(*start));
                        if callees.any(|callee| callee == Some(FREES)) {
                            return Some(FreedResult::Given(user));
                        }
                        let number = self.number(other, &user);
                        let gives = number.is_some_and(|number| self.gives(other, number));
                        if gives && !carried.stores.is_empty() {
                            return Some(FreedResult::Stored(user));
                        }
                        if carried.is_returned || code.is_last(*start) {
                            open.push((user.clone(), None));
                        }
                    }
                }
            }
        }
        None
    }

    /// The function of the same object as `function` that gives to `kfree_const()` what it reads at one of these distances
    /// from the start of something.
    pub(super) fn freed_at(
        &self,
        object: TouchedId,
        function: &str,
        distances: &BTreeSet<u64>,
    ) -> Option<String> {
        let source = &self.sources[object];
        let origin = |name: &str| {
            let number = source.patched.function_named(name)?;
            source.patched.record(number).origin
        };
        let users = self.users(object, &|name| name == FREES).into_iter();
        let own = users.filter(|(user, _)| origin(user) == origin(function));
        let mut frees = own.filter(|(_, code)| {
            let leaves = |start: u64| code.callee(start).is_some();
            let frees = |start: u64| code.callee(start) == Some(FREES);
            let read = for_machine!(code.machine, A => read_for::<A>(code.bytes, leaves, frees));
            !read.is_disjoint(distances)
        });
        frees.next().map(|(user, _)| user)
    }
}

/// The body of a function, with its calls and its jumps to other functions.
fn code<'s>(source: &'s CorrelatedObject<'_>, number: FunctionId) -> Option<CallingCode<'s>> {
    for_machine!(source.patched.analysis.elf.machine, A => code_of::<A>(source, number))
}

fn code_of<'s, A: Arch>(
    source: &'s CorrelatedObject<'_>,
    number: FunctionId,
) -> Option<CallingCode<'s>> {
    let side = &source.patched;
    let layout = &side.analysis.layout;
    let span = layout.span(layout.functions[number].body);
    let section = side.analysis.elf.section(span.section);
    let bytes = section.bytes(span.start, span.end.checked_sub(span.start)?)?;
    let mut calls = Vec::new();
    let mut instructions = A::Instructions::new(bytes, span.start);
    while let Some(Ok(decoded)) = instructions.next() {
        let place = instructions.place();
        if !matches!(decoded.form, Form::Branch { .. }) {
            continue;
        }
        let reloc = section.relocs.within(place.start, place.end).next();
        let name = reloc.map(|reloc| {
            let symbol = side.analysis.elf.symbol(reloc.symbol);
            let own = callers::entry(&side.analysis.elf, &reloc, true)
                .and_then(|place| layout.find(place.section, place.offset))
                .and_then(|span| source.owners[span]);
            own.map_or_else(|| symbol.name_lossy().into_owned(), |own| source.name_of(own))
        });
        let inside = |at: u64| at.saturating_sub(span.start);
        calls.extend(name.map(|name| (inside(place.start), inside(place.end), name)));
    }
    Some(CallingCode { machine: side.analysis.elf.machine, bytes, calls })
}
