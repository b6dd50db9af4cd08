//! Which source line code comes from.

use gimli::{Dwarf, Unit};

use crate::elf::{Place, SectionId};
use crate::slices::SliceParts as _;

use super::DebugError;
use super::budget::Budget;
use super::files::{SourceFiles, UnitFiles};
use super::sections::DwarfReader;
use super::space::{CodeStretch, Space};

/// A line of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLine {
    pub(super) file: u32,
    /// The line, counted from 1.
    pub line: u32,
}

/// Where code of one line begins; 0 is no line, and ends the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LineRow {
    section: SectionId,
    offset: u64,
    /// In the order of the line program: of several at one place the last one counts.
    order: u32,
    line: u32,
    file: u32,
}

/// All of a file, sorted by place.
#[derive(Debug, Default)]
pub(super) struct Rows(Vec<LineRow>);

impl Rows {
    /// Adds those of a unit.
    pub(super) fn add_unit(
        &mut self,
        (dwarf, unit): (&Dwarf<DwarfReader<'_>>, &Unit<DwarfReader<'_>>),
        space: &Space,
        files: &mut SourceFiles,
        budget: &mut Budget,
    ) -> Result<(), DebugError> {
        let Some(program) = unit.line_program.clone() else { return Ok(()) };
        let mut known = UnitFiles::default();
        let mut rows = program.rows();
        // The place where a sequence started, and where it has come to.
        let mut last: Option<Place> = None;
        while let Some((_, row)) = rows.next_row()? {
            budget.take(1)?;
            let order = u32::try_from(self.0.len()).map_err(|_| DebugError::TooMuch)?;
            if row.end_sequence() {
                // The end can be behind the section.
                if let Some(place) = last.take() {
                    let end = space.stretch_end(place, row.address());
                    self.0.push(LineRow {
                        section: place.section,
                        offset: end,
                        order,
                        line: 0,
                        file: 0,
                    });
                }
                continue;
            }
            let Some(place) = space.place(row.address()) else { continue };
            last = Some(place);
            let line = row.line().map_or(0, |line| u32::try_from(line.get()).unwrap_or(0));
            let file = files.number((dwarf, unit), &mut known, row.file_index(), budget)?;
            let (line, file) = file.map_or((0, 0), |file| (line, file));
            let Place { section, offset } = place;
            self.0.push(LineRow { section, offset, order, line, file });
        }
        Ok(())
    }

    /// Brings them in the order of places. The end of a sequence comes before what begins there.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable_by_key(|row| (row.section, row.offset, row.line != 0, row.order));
    }

    /// The line of the code at `place`.
    pub(super) fn at(&self, place: Place) -> Option<SourceLine> {
        self.0
            .get(self.after(place).checked_sub(1)?)
            .filter(|row| row.section == place.section)?
            .line()
    }

    /// Where in `stretch` which lines begin. Where the first is in the middle of one, that line is named.
    pub(super) fn within(
        &self,
        stretch: CodeStretch,
    ) -> impl Iterator<Item = (Place, SourceLine)> + '_ {
        let first = Place { section: stretch.section, offset: stretch.start };
        let rest = self.0.starting(self.after(first)).iter();
        let inside =
            rest.take_while(move |row| row.section == stretch.section && row.offset < stretch.end);
        let inside = inside.filter_map(|row| {
            Some((Place { section: row.section, offset: row.offset }, row.line()?))
        });
        self.at(first).map(|line| (first, line)).into_iter().chain(inside)
    }

    /// How many begin at or before `place`.
    fn after(&self, place: Place) -> usize {
        self.0.partition_point(|row| (row.section, row.offset) <= (place.section, place.offset))
    }
}

impl LineRow {
    fn line(&self) -> Option<SourceLine> {
        (self.line > 0).then_some(SourceLine { file: self.file, line: self.line })
    }
}
