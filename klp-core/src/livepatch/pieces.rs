//! What is copied: whole sections where they hold one thing, else the stretch of one thing.

use std::ops::Range;

use crate::arch::{Arch as _, for_machine};
use crate::elf::{ElfObject, Place, Section, SectionId};
use crate::layout::{FunctionId, Span};
use crate::rules;
use crate::slices::SliceParts as _;

use super::source::{CorrelatedObject, TouchedId};

/// A stretch of one section of a patched object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    /// Index of the source.
    pub(super) object: TouchedId,
    pub(super) section: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Piece {
    pub(super) fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// How pieces of a section are put together again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceAssembly {
    /// One behind the other: tables, and code that only tables refer to.
    Packed,
    /// Each as a section of its own.
    Separate,
}

pub(super) fn manner(section: &Section<'_>) -> PieceAssembly {
    let name = section.name;
    let packed = is_table(name)
        || rules::is_reached_from_code(name)
        || name.starts_with(b"__")
        || name == b".data..percpu";
    if packed { PieceAssembly::Packed } else { PieceAssembly::Separate }
}

/// Tables whose entries start with the address of the code that they belong to, beside those that the
/// checksum reads. objtool reads the `.discard` ones when the module is linked.
const SITE_TABLES: &[&[u8]] = &[b".smp_locks", b".kcfi_traps"];
const NOTE_PREFIX: &[u8] = b".discard.";
/// `addressable` keeps symbols for the linker; `annotate_data` and `sym_checksum` are for tools that
/// read the original; callbacks are found by name; nothing on x86 reads `__patchable_function_entries`.
const NOT_NEEDED: &[&[u8]] = &[
    b".discard.addressable",
    b".discard.annotate_data",
    super::callbacks::SECTION,
    b".discard.sym_checksum",
    b"__patchable_function_entries",
];

/// What objtool makes from the calls when the module is linked; it is there where objtool has run before.
const MADE_AGAIN: &[u8] = b".static_call_sites";

/// Whether `name` is a table whose entries go with the code that they belong to.
pub(super) fn is_table(name: &[u8]) -> bool {
    (rules::is_attributed(name) && !NOT_NEEDED.contains(&name)) || is_plain_table(name)
}

pub(super) fn is_plain_table(name: &[u8]) -> bool {
    (SITE_TABLES.contains(&name) || name.starts_with(NOTE_PREFIX)) && !NOT_NEEDED.contains(&name)
}

/// The entry of a merged section that holds `offset`, start and end: what linkers take a reference there
/// to mean.
pub(super) fn merged_entry(section: &Section<'_>, offset: u64) -> Option<(u64, u64)> {
    let size = section.entsize;
    let number = offset.checked_div(size)?;
    let number = usize::try_from(number).ok()?;
    let mut entries = section.data.chunks(usize::try_from(size).ok()?);
    let (start, len) = if section.is_strings() {
        let is_end = |entry: &[u8]| entry.iter().all(|byte| *byte == 0);
        let before = section.data.chunks(usize::try_from(size).ok()?).take(number);
        let start = before.enumerate().rfind(|(_, entry)| is_end(entry));
        let start = start.map_or(0, |(end, _)| end.saturating_add(1));
        (start, entries.skip(start).position(is_end)?.saturating_add(1))
    } else {
        entries.nth(number)?;
        (number, 1)
    };
    let start = (start as u64).checked_mul(size)?;
    Some((start, start.checked_add((len as u64).checked_mul(size)?)?))
}

impl CorrelatedObject<'_> {
    fn elf(&self) -> &ElfObject<'_> {
        &self.patched.analysis.elf
    }

    /// The piece that holds `span` of the patched object, a span of code that belongs to `function`.
    pub(super) fn code_piece(
        &self,
        object: TouchedId,
        span: Span,
        function: Option<FunctionId>,
    ) -> Piece {
        let layout = &self.patched.analysis.layout;
        let others = layout
            .with_ids_of_section(span.section)
            .any(|(other, index)| other.symbol.is_some() && self.owners[index] != function);
        let size = self.elf().section(span.section).size;
        let section = span.section;
        if others {
            let start = self.padded_start(span);
            Piece { object, section, start, end: span.end }
        } else {
            Piece { object, section, start: 0, end: size }
        }
    }

    /// Where the NOPs start that a compiler put before the function for those who patch it.
    fn padded_start(&self, span: Span) -> u64 {
        const PADDING: u64 = 16;
        let start = span.start.saturating_sub(PADDING);
        let section = self.elf().section(span.section);
        let bytes = section.bytes(start, PADDING).unwrap_or_default();
        let free = self
            .patched
            .analysis
            .layout
            .find(span.section, start)
            .is_none_or(|before| self.patched.analysis.layout.span(before).symbol.is_none());
        let is_room = || for_machine!(self.elf().machine, A => A::is_room(bytes));
        if span.start >= PADDING && free && !bytes.is_empty() && is_room() {
            start
        } else {
            span.start
        }
    }

    /// The piece of the data object at `span`.
    pub(super) fn data_piece(&self, object: TouchedId, span: Span) -> Piece {
        let size = self.elf().section(span.section).size;
        let alone = self.patched.analysis.layout.of_section(span.section).len() == 1;
        let section = span.section;
        match manner(self.elf().section(section)) {
            PieceAssembly::Separate if alone => Piece { object, section, start: 0, end: size },
            _ => Piece { object, section, start: span.start, end: span.end },
        }
    }

    /// All of a section.
    pub(super) fn whole(&self, object: TouchedId, section: SectionId) -> Piece {
        let size = self.elf().section(section).size;
        Piece { object, section, start: 0, end: size }
    }
}

/// One entry of a table, and the code that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PieceEntry {
    pub(super) code: SectionId,
    pub(super) offset: u64,
    pub(super) table: SectionId,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The entries of all tables of a patched object, by the code that they belong to.
pub(super) struct EntriesByCode {
    entries: Vec<PieceEntry>,
}

impl EntriesByCode {
    /// Reads them; an error names a table whose entries cannot be told apart.
    pub(super) fn of(source: &CorrelatedObject<'_>) -> Result<Self, String> {
        let analysis = &source.patched.analysis;
        if let Some(problem) = analysis.sites.problems.first() {
            return Err(problem.clone());
        }
        let is_needed = |table: SectionId| {
            let name = analysis.elf.section(table).name;
            // Nobody looks at a table in a module that nobody has read here.
            let is_known = |name: &&[u8]| rules::is_attributed(name);
            Some(name)
                .filter(is_known)
                .is_some_and(|name| name != MADE_AGAIN && !NOT_NEEDED.contains(&name))
        };
        let read = analysis.sites.all().iter().filter_map(|site| {
            let (table, Range { start, end }) = analysis.sites.place(site);
            let (code, offset) = (site.section, site.offset);
            is_needed(table).then_some(PieceEntry { code, offset, table, start, end })
        });
        let mut entries: Vec<PieceEntry> = read.collect();
        for (section, table) in analysis.elf.sections.with_ids() {
            if is_plain_table(section.name) && section.size > 0 {
                let own = plain_entries(&analysis.elf, section, table)
                    .ok_or_else(|| format!("{}: unknown entry size", section.name_lossy()))?;
                entries.extend(own);
            }
        }
        entries.sort_unstable();
        Ok(Self { entries })
    }

    /// Those that belong to code in `piece`.
    pub(super) fn of_code(&self, piece: Piece) -> &[PieceEntry] {
        let from = self
            .entries
            .partition_point(|entry| (entry.code, entry.offset) < (piece.section, piece.start));
        let rest = self.entries.starting(from);
        let len =
            rest.partition_point(|entry| (entry.code, entry.offset) < (piece.section, piece.end));
        rest.ending(len)
    }

    /// The entry that holds `offset` of section `table`.
    pub(super) fn at(&self, table: SectionId, offset: u64) -> Option<PieceEntry> {
        let holds = |entry: &&PieceEntry| {
            entry.table == table && (entry.start..entry.end).contains(&offset)
        };
        self.entries.iter().find(holds).copied()
    }
}

/// Entries of one size whose first field is the one with the relocation to code.
fn plain_entries(
    elf: &ElfObject<'_>,
    section: &Section<'_>,
    table: SectionId,
) -> Option<Vec<PieceEntry>> {
    let sites: Vec<(u64, Option<Place>)> = section
        .relocs
        .iter()
        .filter(|reloc| reloc.raw != 0)
        .map(|reloc| (reloc.offset, elf.place_of(&reloc)))
        .collect();
    let size = match section.entsize {
        0 | 1 => section.size.checked_div(sites.len() as u64)?,
        known => known,
    };
    let is_start = |offset: u64| offset.checked_rem(size) == Some(0);
    let starts: Vec<_> = sites.iter().filter(|(offset, _)| is_start(*offset)).collect();
    if (starts.len() as u64).checked_mul(size) != Some(section.size) {
        return None;
    }
    let entries = starts.into_iter().filter_map(|(start, place)| {
        let Place { section: code, offset } = (*place)?;
        Some(PieceEntry { code, offset, table, start: *start, end: start.saturating_add(size) })
    });
    Some(entries.collect())
}
