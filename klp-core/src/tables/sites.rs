//! Which entries of special sections belong to which code.

use std::cmp::Reverse;
use std::ops::Range;

use rayon::prelude::*;

use crate::elf::{ElfObject, Place, RelocKind, Section, SectionId};
use crate::ids::{Id, List};
use crate::places::PlaceIndex;
use crate::slices::SliceParts as _;

use super::{
    DecodedEntry, FORMATS, Malformed, Raw, TableFormat, bug_table, listed, mcount, patchable,
    static_call,
};

/// All entries of all special sections of an object, by the code that they belong to.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    sorted: Vec<SiteRef>,
    /// For each section with code, which of them are its own.
    sections: List<SectionId, (Range<usize>, PlaceIndex)>,
    /// In the order of [`FORMATS`], then of sections.
    tables: List<TableId, SpecialSection>,
    /// Tables that could not be read, so that no function of the object can be called unchanged.
    pub(crate) problems: Vec<String>,
    /// Whether the object lists its calls to ftrace.
    pub(crate) lists_mcount: bool,
    /// Whether the object lists its static calls.
    pub(crate) lists_static_calls: bool,
}

type TableId = Id<SpecialSection>;

/// A special section.
#[derive(Debug)]
struct SpecialSection {
    section: SectionId,
    format: &'static TableFormat,
    /// Of an entry.
    size: u64,
    /// Of 12 bytes in a bug table: see [`bug_table::names_source_files`].
    names_source_files: bool,
}

impl TableFormat {
    /// Whether each relocation of a table fills a field of its own that is read, in entries of `size` bytes.
    fn fills_fields(&self, table: &Section<'_>, size: u64) -> Result<(), String> {
        let fields = self.sizes.iter().find(|(known, _)| *known == size);
        let fields = fields.map_or(&[][..], |(_, places)| *places);
        let mut filled = 0;
        for reloc in table.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None) {
            if let RelocKind::Unknown(number) = reloc.kind {
                return Err(format!("relocation type {number} is not known"));
            }
            let at = reloc.offset;
            if at < filled || !fields.contains(&(at % size)) {
                return Err(format!("the relocation at {at:#x} fills no field of an entry"));
            }
            filled = reloc.end();
        }
        Ok(())
    }

    /// The entry of `size` bytes at `start` of the first table.
    fn entry(
        &self,
        elf: &ElfObject<'_>,
        table: &Section<'_>,
        (id, size): (TableId, u64),
        start: u64,
    ) -> Result<SiteRef, &'static str> {
        let reloc = table.relocs.at(start).ok_or(NO_CODE)?;
        let Place { section, offset } = elf.code_place_of(&reloc).ok_or(NO_CODE)?;
        let covered = match self.length {
            None => 0,
            Some(field) => {
                let length = start.checked_add(field(size)).and_then(|at| table.bytes(at, 1));
                *length.and_then(<[u8]>::first).ok_or("is cut off")?
            }
        };
        Ok(SiteRef { section, offset, table: id, start, address: reloc.kind, covered })
    }
}

/// Why an entry cannot be read.
const NO_CODE: &str = "belongs to no code";

impl SpecialSection {
    fn decode<'data>(
        &self,
        elf: &ElfObject<'data>,
        start: u64,
    ) -> Result<DecodedEntry<'data>, Malformed> {
        let section = elf.section(self.section);
        let names_source_file = self.names_source_files;
        (self.format.decode)(&Raw { section, start, size: self.size, names_source_file })
    }
}

impl Sites {
    pub(crate) fn of(elf: &ElfObject<'_>) -> Self {
        let mut sites = Self { sections: elf.sections.alongside(), ..Self::default() };
        for format in FORMATS {
            for (section, number) in elf.sections.with_ids() {
                if section.name == format.section.as_bytes()
                    && section.size > 0
                    && let Err(problem) = sites.read(elf, section, number, format)
                {
                    sites.problems.push(format!("{}: {problem}", format.section));
                }
            }
        }
        for listed::PlaceTable { section: number, size } in listed::tables(elf) {
            let section = elf.section(number);
            if let Err(problem) = sites.entries(elf, section, number, &listed::FORMAT, size) {
                sites.problems.push(format!("{}: {problem}", section.name_lossy()));
            }
        }
        sites
            .sorted
            .par_sort_unstable_by_key(|site| (site.section, site.offset, site.table, site.start));
        let mut from = 0;
        for own in sites.sorted.chunk_by(|one, other| one.section == other.section) {
            let end = own.len().saturating_add(from);
            let places = PlaceIndex::of(own.iter().map(|site| site.offset));
            if let Some(site) = own.first() {
                sites.sections[site.section] = (from..end, places);
            }
            from = end;
        }
        sites
    }

    fn read(
        &mut self,
        elf: &ElfObject<'_>,
        section: &Section<'_>,
        number: SectionId,
        format: &'static TableFormat,
    ) -> Result<(), String> {
        self.lists_mcount |= format.section == mcount::FORMAT.section;
        self.lists_static_calls |= format.section == static_call::FORMAT.section;
        let sizes = format.sizes.iter().map(|(size, _)| *size);
        let size = entry_size(elf, section, sizes).ok_or("unknown entry size")?;
        self.entries(elf, section, number, format, size)
    }

    /// Takes the entries of `section`, of `size` bytes each.
    fn entries(
        &mut self,
        elf: &ElfObject<'_>,
        section: &Section<'_>,
        number: SectionId,
        format: &'static TableFormat,
        size: u64,
    ) -> Result<(), String> {
        format.fills_fields(section, size)?;
        let names_source_files = format.section == bug_table::FORMAT.section
            && bug_table::names_source_files(elf, number, section);
        let table = self.tables.next_id();
        let known = self.sorted.len();
        let mut start = 0;
        while start < section.size {
            match format.entry(elf, section, (table, size), start) {
                Ok(entry) => self.sorted.push(entry),
                Err(why) => {
                    self.sorted.truncate(known);
                    return Err(format!("the entry at {start:#x} {why}"));
                }
            }
            start = start.saturating_add(size);
        }
        self.tables.push(SpecialSection { section: number, format, size, names_source_files });
        Ok(())
    }

    /// The code that the entry at `offset` of the special `section` belongs to, and the offset in the entry.
    pub(crate) fn owner(
        &self,
        elf: &ElfObject<'_>,
        section: SectionId,
        offset: u64,
    ) -> Option<(SectionId, u64, u64)> {
        let table = self.tables.iter().find(|table| table.section == section)?;
        let delta = offset.checked_rem(table.size)?;
        let reloc = elf.section(section).relocs.at(offset.checked_sub(delta)?)?;
        let Place { section, offset } = elf.code_place_of(&reloc)?;
        Some((section, offset, delta))
    }

    /// Whether the section is such a table.
    pub(crate) fn holds(&self, section: SectionId) -> bool {
        self.tables.iter().any(|table| table.section == section)
    }

    /// All entries.
    pub(crate) fn all(&self) -> &[SiteRef] {
        &self.sorted
    }

    /// How many entries replace some of the code that `site` replaces and stand before it in their table: they are
    /// applied in that order. None where these are more than any place has.
    pub(crate) fn covering(&self, site: &SiteRef) -> Option<u8> {
        if site.covered == 0 {
            return Some(0);
        }
        // None is longer than a byte can say.
        let from = site.offset.saturating_sub(u64::from(u8::MAX));
        let others = self.within(site.section, from, site.end()).iter();
        let before = others.filter(|other| {
            other.end() > site.offset && (other.table, other.start) < (site.table, site.start)
        });
        u8::try_from(before.count()).ok()
    }

    /// Whether the entry is loaded with the code, or means something to tools of the build only.
    pub(crate) fn is_loaded(&self, elf: &ElfObject<'_>, site: &SiteRef) -> bool {
        let section = elf.section(self.tables[site.table].section);
        section.is_allocated() && !section.is_excluded() || section.name.starts_with(b".discard.")
    }

    /// The section that holds the entry, and where in it.
    pub(crate) fn place(&self, site: &SiteRef) -> (SectionId, Range<u64>) {
        let table = &self.tables[site.table];
        (table.section, site.start..site.start.saturating_add(table.size))
    }

    /// What the entry says.
    pub(crate) fn entry<'data>(
        &self,
        elf: &ElfObject<'data>,
        site: &SiteRef,
    ) -> Result<DecodedEntry<'data>, Malformed> {
        self.tables[site.table].decode(elf, site.start)
    }

    /// What the entry that starts at `start` of `section` says; none if that is no special section.
    pub(crate) fn entry_at<'data>(
        &self,
        elf: &ElfObject<'data>,
        section: SectionId,
        start: u64,
    ) -> Option<Result<DecodedEntry<'data>, Malformed>> {
        let table = self.tables.iter().find(|table| table.section == section)?;
        Some(table.decode(elf, start))
    }

    /// Where NOPs for patching start, from `start` to `end` of `section`.
    pub(crate) fn patchable(
        &self,
        section: SectionId,
        start: u64,
        end: u64,
    ) -> impl Iterator<Item = u64> {
        let sites = self.within(section, start, end).iter();
        let is =
            |site: &&SiteRef| self.tables[site.table].format.section == patchable::FORMAT.section;
        sites.filter(is).map(|site| site.offset)
    }

    /// The entries that belong to code in `start..end` of `section`.
    pub(crate) fn within(&self, section: SectionId, start: u64, end: u64) -> &[SiteRef] {
        let (range, places) = &self.sections[section];
        let own = self.sorted.between(range.start, range.end);
        let below = |offset: u64| {
            places.below(offset, |number| own.get(number).map_or(u64::MAX, |site| site.offset))
        };
        own.between(below(start), below(end))
    }
}

/// An entry, found by the code that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SiteRef {
    pub(crate) section: SectionId,
    pub(crate) offset: u64,
    table: TableId,
    start: u64,
    /// How the entry refers to the code.
    pub(crate) address: RelocKind,
    /// How many bytes of code from there on it replaces.
    covered: u8,
}

impl SiteRef {
    /// Where the code ends that it replaces.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.covered))
    }
}

/// The entry size that the section's header gives, or else that of the `known` sizes with which the
/// most entries start with the address of code.
fn entry_size(
    elf: &ElfObject<'_>,
    section: &Section<'_>,
    mut known: impl Iterator<Item = u64>,
) -> Option<u64> {
    // The last entry can lack the padding at its end (paravirt sites).
    let fits = |size: &u64| {
        section.size.checked_rem(*size).is_some_and(|rest| {
            rest == 0 || (section.name == b".parainstructions" && matches!(rest, 10 | 12))
        })
    };
    if section.entsize > 1 {
        return known.find(|size| *size == section.entsize).filter(fits);
    }
    // What starts with the address of code is an entry, and no part of a longer one.
    known.filter(fits).max_by_key(|size| (addressed(elf, section, *size), Reverse(*size)))
}

/// How many of 1000 entries of `size` bytes start with the address of code.
fn addressed(elf: &ElfObject<'_>, section: &Section<'_>, size: u64) -> u64 {
    let entries = section.size.div_ceil(size);
    let starts = section.relocs.iter().filter(|reloc| {
        reloc.offset.checked_rem(size) == Some(0) && elf.code_place_of(reloc).is_some()
    });
    (starts.count() as u64).saturating_mul(1000).checked_div(entries).unwrap_or(0)
}
