//! What an entry of a function, or of an inlined one, is called, and where it is declared: often other entries say it,
//! to which this one refers.

use foldhash::{HashMap, HashMapExt as _};
use gimli::{AttributeValue, DebugInfoOffset, Dwarf, Unit, UnitOffset, constants};

use crate::ids::List;

use super::DebugError;
use super::budget::Budget;
use super::files::{SourceFiles, UnitFiles};
use super::lines::SourceLine;
use super::sections::{DwarfReader, UnitId, text};
use crate::demangle::demangle;

pub(super) type Die<'a> = gimli::DebuggingInformationEntry<DwarfReader<'a>>;

/// A longer way from one entry to another is a circle.
const LONGEST: usize = 16;

/// What a function is called, and where it is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declaration {
    /// In the source; empty where nothing says.
    pub name: String,
    /// The symbol, where the language does not use the name for it.
    pub symbol: Option<String>,
    /// Where it is declared.
    pub line: Option<SourceLine>,
}

impl Declaration {
    /// What people call it: of Rust, the path.
    #[must_use]
    pub fn spoken(&self) -> String {
        let path = self.symbol.as_deref().and_then(demangle);
        path.unwrap_or_else(|| self.name.clone())
    }
}

/// An entry: its unit, and place in that.
pub(super) type DieRef = (UnitId, UnitOffset);

/// Finds what entries are called.
pub(super) struct Declarations<'d, 'a> {
    dwarf: &'d Dwarf<DwarfReader<'a>>,
    units: &'d List<UnitId, Unit<DwarfReader<'a>>>,
    /// By the entry that says it all.
    known: HashMap<DieRef, Declaration>,
    files: List<UnitId, UnitFiles>,
}

impl<'d, 'a> Declarations<'d, 'a> {
    pub(super) fn new(
        dwarf: &'d Dwarf<DwarfReader<'a>>,
        units: &'d List<UnitId, Unit<DwarfReader<'a>>>,
    ) -> Self {
        Self { dwarf, units, known: HashMap::new(), files: units.alongside() }
    }

    /// What `entry` of a unit is called.
    pub(super) fn named(
        &mut self,
        unit: UnitId,
        entry: &Die<'a>,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<Declaration, DebugError> {
        let mut named = self.own(unit, entry, files, budget)?;
        let mut next = self.refers(unit, entry);
        let mut left = LONGEST;
        while let Some((unit, offset)) = next {
            left = left.checked_sub(1).ok_or(DebugError::TooMuch)?;
            let is_last = left.saturating_add(1) == LONGEST;
            if let Some(known) = self.known.get(&(unit, offset)) {
                named.add(known);
                break;
            }
            let entry = self.units[unit].entry(offset)?;
            let own = self.own(unit, &entry, files, budget)?;
            next = self.refers(unit, &entry);
            if is_last && next.is_none() {
                self.known.insert((unit, offset), own.clone());
            }
            named.add(&own);
        }
        budget.take(named.name.len().saturating_add(1))?;
        Ok(named)
    }

    /// The entry that says what else there is to say of `entry`.
    fn refers(&self, unit: UnitId, entry: &Die<'a>) -> Option<DieRef> {
        let origin = entry.attr_value(constants::DW_AT_abstract_origin);
        match origin.or_else(|| entry.attr_value(constants::DW_AT_specification))? {
            AttributeValue::UnitRef(offset) => Some((unit, offset)),
            AttributeValue::DebugInfoRef(offset) => self.in_unit(offset),
            _ => None,
        }
    }

    /// The unit that has the entry at an offset of the section.
    fn in_unit(&self, offset: DebugInfoOffset) -> Option<DieRef> {
        let start =
            |unit: &Unit<DwarfReader<'a>>| unit.header.debug_info_offset().map_or(0, |it| it.0);
        let after = self.units.as_slice().partition_point(|unit| start(unit) <= offset.0);
        let unit = self.units.checked(after.checked_sub(1)?)?;
        Some((unit, offset.to_unit_offset(&self.units[unit].header)?))
    }

    /// What `entry` says itself.
    fn own(
        &mut self,
        unit: UnitId,
        entry: &Die<'a>,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<Declaration, DebugError> {
        let of = &self.units[unit];
        let mut string = |attribute| -> Result<Option<String>, DebugError> {
            let value = entry.attr_value(attribute);
            value.map(|value| text(self.dwarf.attr_string(of, value)?, budget)).transpose()
        };
        let name = string(constants::DW_AT_name)?.unwrap_or_default();
        let symbol = string(constants::DW_AT_linkage_name)?;
        let number = |attribute| entry.attr_value(attribute).and_then(|value| value.udata_value());
        let file = match entry.attr_value(constants::DW_AT_decl_file) {
            Some(AttributeValue::FileIndex(index)) => Some(index),
            Some(other) => other.udata_value(),
            None => None,
        };
        let line =
            self.source_line(unit, file, number(constants::DW_AT_decl_line), files, budget)?;
        Ok(Declaration { name, symbol, line })
    }

    /// The line of a source file, as `unit` numbers files.
    pub(super) fn source_line(
        &mut self,
        unit: UnitId,
        file: Option<u64>,
        line: Option<u64>,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<Option<SourceLine>, DebugError> {
        let line = line.and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0);
        let (Some(file), Some(line)) = (file, line) else { return Ok(None) };
        let (of, known) = (&self.units[unit], &mut self.files[unit]);
        let file = files.number((self.dwarf, of), known, file, budget)?;
        Ok(file.map(|file| SourceLine { file, line }))
    }
}

impl Declaration {
    /// Takes from `other` what this one does not say.
    fn add(&mut self, other: &Self) {
        if self.name.is_empty() {
            self.name.clone_from(&other.name);
        }
        if self.symbol.is_none() {
            self.symbol.clone_from(&other.symbol);
        }
        self.line = self.line.or(other.line);
    }
}
