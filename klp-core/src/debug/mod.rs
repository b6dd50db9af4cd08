//! What debug information (DWARF 4 and 5) says of code: which source line each place comes from, and which functions
//! were inlined where.
//!
//! It is read of objects, of modules and of a linked kernel. Places are sections and offsets in all of them.

mod budget;
mod compressed;
mod error;
mod files;
mod functions;
mod lines;
mod members;
mod origin;
mod sections;
mod space;

use std::collections::BTreeSet;

use crate::ids::List;
use crate::module::RawElf;

pub use crate::elf::Place;
pub use error::DebugError;
pub use functions::{InlinedSubroutine, InlinedSubroutineId, Subprogram, SubprogramId};
pub use lines::SourceLine;
pub use members::{VariableMember, members};
pub use origin::Declaration;
pub use space::CodeStretch;

use budget::Budget;
use files::{SourceFile, SourceFiles};
use functions::Subprograms;
use lines::Rows;
use sections::Sections;

/// The debug information of a file.
#[derive(Debug, Default)]
pub struct DebugInfo {
    /// All functions that have code, in the order of the debug information.
    pub functions: List<SubprogramId, Subprogram>,
    /// All functions that the compiler inlined somewhere, whether or not an instruction of them was left.
    pub inlined_somewhere: BTreeSet<Declaration>,
    files: Vec<SourceFile>,
    rows: Rows,
    /// Where the functions are, sorted.
    places: Vec<(CodeStretch, SubprogramId)>,
}

impl DebugInfo {
    /// Reads that of the file with these `bytes`.
    pub fn of(bytes: &[u8]) -> Result<Self, DebugError> {
        let elf = RawElf::parse(bytes)?;
        let sections = Sections::of(&elf)?;
        let (dwarf, space) = (sections.dwarf(), sections.space());
        let mut budget = Budget::of_size(sections.size().saturating_add(bytes.len()));
        let units = sections::units(&dwarf)?;
        let mut files = SourceFiles::default();
        let mut functions = Subprograms::new(&dwarf, &units, space);
        let mut rows = Rows::default();
        for (unit, id) in units.with_ids() {
            functions.add_unit(id, &mut files, &mut budget)?;
            rows.add_unit((&dwarf, unit), space, &mut files, &mut budget)?;
        }
        rows.sort();
        let Subprograms { found: functions, inlined: inlined_somewhere, .. } = functions;
        let places = functions.with_ids();
        let mut places: Vec<(CodeStretch, SubprogramId)> = places
            .flat_map(|(function, id)| function.code.iter().map(move |it| (*it, id)))
            .collect();
        places.sort_unstable();
        Ok(Self { functions, inlined_somewhere, files: files.into_files(), rows, places })
    }

    /// The path of a source file.
    #[must_use]
    pub fn file(&self, line: SourceLine) -> &str {
        self.files.get(line.file as usize).map_or("", |file| file.path.as_str())
    }

    /// The paths of all source files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    /// The MD5 of that file as it was compiled. clang tells it from DWARF 5 on.
    #[must_use]
    pub fn file_md5(&self, line: SourceLine) -> Option<[u8; 16]> {
        self.files.get(line.file as usize)?.md5
    }

    /// The line that the code at `place` comes from.
    #[must_use]
    pub fn line(&self, place: Place) -> Option<SourceLine> {
        self.rows.at(place)
    }

    /// The places in `stretch` where code of another line begins, and the lines.
    pub fn lines(&self, stretch: CodeStretch) -> impl Iterator<Item = (Place, SourceLine)> + '_ {
        self.rows.within(stretch)
    }

    /// The function whose code is at `place`.
    #[must_use]
    pub fn function(&self, place: Place) -> Option<SubprogramId> {
        let before = self
            .places
            .partition_point(|(it, _)| (it.section, it.start) <= (place.section, place.offset));
        let found = self.places.get(..before)?.iter().rev().take(Self::NESTED);
        found.filter(|(stretch, _)| stretch.holds(place)).map(|(_, id)| *id).next()
    }

    /// Stretches that start before a place and may still hold it: no compiler nests functions deeper.
    const NESTED: usize = 64;

    /// What was inlined at `place` of a function, the outermost first.
    #[must_use]
    pub fn inlined(&self, function: SubprogramId, place: Place) -> Vec<&InlinedSubroutine> {
        self.functions[function].inlined_at(place)
    }
}
