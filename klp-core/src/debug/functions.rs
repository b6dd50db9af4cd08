//! Functions that have code, and what was inlined into each.

use std::collections::BTreeSet;

use gimli::{AttributeValue, Dwarf, Unit, constants};

use crate::ids::{Id, List};

use super::DebugError;
use super::Place;
use super::budget::Budget;
use super::files::SourceFiles;
use super::lines::SourceLine;
use super::origin::{Declaration, Declarations, Die};
use super::sections::{DwarfReader, UnitId};
use super::space::{CodeStretch, Space};

/// One of the functions of a file.
pub type SubprogramId = Id<Subprogram>;
/// One of those that were inlined into a function.
pub type InlinedSubroutineId = Id<InlinedSubroutine>;

/// A function with code of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subprogram {
    /// What it is called.
    pub named: Declaration,
    /// Where its code is: body and cold parts.
    pub code: Vec<CodeStretch>,
    /// It was made of another function's source: a clone, or the copy out of line of an inline one.
    pub is_instance: bool,
    /// What was inlined into it, each before what was inlined into that.
    pub inlined: List<InlinedSubroutineId, InlinedSubroutine>,
}

/// A function that was inlined into another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinedSubroutine {
    /// What it is called.
    pub named: Declaration,
    /// Where its code is; empty where the compiler left none of it.
    pub code: Vec<CodeStretch>,
    /// Where it is called.
    pub call: Option<SourceLine>,
    /// What it was inlined into; none: the function itself.
    pub parent: Option<InlinedSubroutineId>,
}

impl Subprogram {
    /// What was inlined into what, from the outermost to that one.
    #[must_use]
    pub fn chain(&self, innermost: InlinedSubroutineId) -> Vec<&InlinedSubroutine> {
        let mut chain = Vec::new();
        let mut next = Some(innermost);
        while let Some(inlined) = next.map(|id| &self.inlined[id]) {
            chain.push(inlined);
            // Parents come first, so this ends.
            next = inlined.parent;
        }
        chain.reverse();
        chain
    }

    /// What was inlined at `place`, the outermost first.
    pub(super) fn inlined_at(&self, place: Place) -> Vec<&InlinedSubroutine> {
        let holds =
            |inlined: &InlinedSubroutine| inlined.code.iter().any(|stretch| stretch.holds(place));
        // Each comes behind what it was inlined into.
        let innermost = self.inlined.with_ids().rev().find(|(inlined, _)| holds(inlined));
        innermost.map(|(_, id)| self.chain(id)).unwrap_or_default()
    }
}

/// Finds them.
pub(super) struct Subprograms<'d, 'a> {
    dwarf: &'d Dwarf<DwarfReader<'a>>,
    units: &'d List<UnitId, Unit<DwarfReader<'a>>>,
    space: &'d Space,
    origins: Declarations<'d, 'a>,
    pub(super) found: List<SubprogramId, Subprogram>,
    pub(super) inlined: BTreeSet<Declaration>,
}

/// What an entry is in.
#[derive(Clone, Copy)]
enum EntryScope {
    Function(SubprogramId),
    /// What was inlined into it.
    Inlined(SubprogramId, InlinedSubroutineId),
    /// A function without code.
    Abstract,
}

impl<'d, 'a> Subprograms<'d, 'a> {
    pub(super) fn new(
        dwarf: &'d Dwarf<DwarfReader<'a>>,
        units: &'d List<UnitId, Unit<DwarfReader<'a>>>,
        space: &'d Space,
    ) -> Self {
        Self {
            dwarf,
            units,
            space,
            origins: Declarations::new(dwarf, units),
            found: List::default(),
            inlined: BTreeSet::new(),
        }
    }

    /// Adds those of a unit.
    pub(super) fn add_unit(
        &mut self,
        id: UnitId,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<(), DebugError> {
        let unit = &self.units[id];
        let mut scopes: Vec<(isize, EntryScope)> = Vec::new();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            let depth = entry.depth();
            while scopes.last().is_some_and(|(at, _)| *at >= depth) {
                scopes.pop();
            }
            let scope = scopes.last().map(|(_, scope)| *scope);
            match entry.tag() {
                constants::DW_TAG_subprogram => {
                    let scope = self.function(id, entry, files, budget)?;
                    scopes.push((depth, scope));
                }
                constants::DW_TAG_inlined_subroutine => {
                    if let Some(scope) = self.inlined((id, entry), scope, files, budget)? {
                        scopes.push((depth, scope));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn function(
        &mut self,
        unit: UnitId,
        entry: &Die<'a>,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<EntryScope, DebugError> {
        let code = self.code(unit, entry, budget)?;
        if code.is_empty() {
            if is_inlined(entry) {
                self.inlined.insert(self.origins.named(unit, entry, files, budget)?);
            }
            return Ok(EntryScope::Abstract);
        }
        let named = self.origins.named(unit, entry, files, budget)?;
        let is_instance = entry.attr(constants::DW_AT_abstract_origin).is_some();
        let inlined = List::default();
        let id = self.found.push(Subprogram { named, code, is_instance, inlined });
        Ok(EntryScope::Function(id))
    }

    fn inlined(
        &mut self,
        (unit, entry): (UnitId, &Die<'a>),
        scope: Option<EntryScope>,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<Option<EntryScope>, DebugError> {
        let (function, parent) = match scope {
            Some(EntryScope::Function(function)) => (function, None),
            Some(EntryScope::Inlined(function, parent)) => (function, Some(parent)),
            // What is said of functions without code is said again of each copy.
            Some(EntryScope::Abstract) | None => return Ok(None),
        };
        let code = self.code(unit, entry, budget)?;
        let named = self.origins.named(unit, entry, files, budget)?;
        let number = |attribute| entry.attr_value(attribute).and_then(|value| value.udata_value());
        let file = match entry.attr_value(constants::DW_AT_call_file) {
            Some(AttributeValue::FileIndex(index)) => Some(index),
            Some(other) => other.udata_value(),
            None => None,
        };
        let line = number(constants::DW_AT_call_line);
        let call = self.origins.source_line(unit, file, line, files, budget)?;
        let inlined = &mut self.found[function].inlined;
        let id = inlined.push(InlinedSubroutine { named, code, call, parent });
        Ok(Some(EntryScope::Inlined(function, id)))
    }

    /// Where the code of `entry` is.
    fn code(
        &self,
        unit: UnitId,
        entry: &Die<'a>,
        budget: &mut Budget,
    ) -> Result<Vec<CodeStretch>, DebugError> {
        let unit = &self.units[unit];
        let mut code = Vec::new();
        if let Some(value) = entry.attr_value(constants::DW_AT_ranges) {
            if let Some(mut ranges) = self.dwarf.attr_ranges(unit, value)? {
                while let Some(range) = ranges.next()? {
                    budget.take(1)?;
                    code.extend(self.space.stretch(range.begin, range.end));
                }
            }
            return Ok(code);
        }
        let address = |attribute| -> Result<Option<u64>, DebugError> {
            let value = entry.attr_value(attribute);
            Ok(value.map(|value| self.dwarf.attr_address(unit, value)).transpose()?.flatten())
        };
        let Some(start) = address(constants::DW_AT_low_pc)? else { return Ok(code) };
        let end = match entry.attr_value(constants::DW_AT_high_pc) {
            Some(AttributeValue::Udata(size)) => Some(start.saturating_add(size)),
            Some(_) => address(constants::DW_AT_high_pc)?,
            None => None,
        };
        code.extend(end.and_then(|end| self.space.stretch(start, end)));
        Ok(code)
    }
}

/// Whether the compiler inlined the function of `entry`, wherever that was.
fn is_inlined(entry: &Die<'_>) -> bool {
    let inlined = match entry.attr_value(constants::DW_AT_inline) {
        Some(AttributeValue::Inline(how)) => Some(how),
        _ => None,
    };
    matches!(inlined, Some(constants::DW_INL_inlined | constants::DW_INL_declared_inlined))
}
