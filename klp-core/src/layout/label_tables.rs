//! Tables of places in one function (`&&label` in C): they have a name in the source, and go with the function all the
//! same, as the tables that compilers make for `switch` do. Nobody else can make use of them.
//!
//! Where indirect jumps are not wanted (retpolines), LLVM numbers the labels from 1 on, and the table holds these numbers.
//! Such a table is known by its name and its use: clang calls it `FUNCTION.NAME`, and only this function refers to it.

use std::collections::BTreeMap;

use crate::elf::{
    Definition, ElfObject, Place, RelocKind, Section, SectionId, Symbol, SymbolId, SymbolKind,
};
use crate::name::{self, Stability};

/// Takes their names for no identity.
pub(crate) fn forget_names(elf: &mut ElfObject<'_>) {
    let mut tables = Vec::new();
    let mut functions = None;
    let mut numbered = Vec::new();
    for (symbol, index) in elf.symbols.with_ids() {
        let may_be = symbol.local
            && symbol.kind == SymbolKind::Object
            && symbol.size > 0
            && symbol.stability != Stability::Unstable;
        if may_be
            && let Some(places) = places(elf, symbol)
            && is_of_one(functions.get_or_insert_with(|| FunctionRanges::of(elf)), &places)
        {
            tables.push(index);
        } else if may_be && let Some(table) = Numbers::of(elf, index, symbol) {
            numbered.push(table);
        }
    }
    if !numbered.is_empty() {
        let functions = functions.get_or_insert_with(|| FunctionRanges::of(elf));
        tables.extend(used_by_their_functions(elf, functions, numbered));
    }
    for index in tables {
        elf.symbols[index].stability = Stability::Unstable;
    }
}

/// Section and offset of each address in a constant that holds nothing but addresses of code.
fn places(elf: &ElfObject<'_>, table: &Symbol<'_>) -> Option<Vec<Place>> {
    let Definition::Section(section) = table.place else { return None };
    let section = Some(elf.section(section)).filter(|it| !it.is_code() && !it.is_writable())?;
    let mut next = table.value;
    let end = table.value.checked_add(table.size)?;
    let mut places = Vec::new();
    for reloc in section.relocs.within(table.value, end) {
        if reloc.kind != RelocKind::Abs64 || reloc.offset != next {
            return None;
        }
        next = next.checked_add(reloc.kind.width())?;
        places.push(elf.code_place_of(&reloc)?);
    }
    // KASAN has zeros behind each object.
    (!places.is_empty() && is_zero(section, next, end)).then_some(places)
}

fn is_zero(section: &Section<'_>, start: u64, end: u64) -> bool {
    let bytes = section.range(start, end);
    bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
}

/// A constant that holds numbers that labels can have.
struct Numbers<'data> {
    symbol: SymbolId,
    section: SectionId,
    start: u64,
    end: u64,
    /// The function in its name.
    function: &'data [u8],
}

impl<'data> Numbers<'data> {
    fn of(elf: &ElfObject<'data>, index: SymbolId, symbol: &Symbol<'data>) -> Option<Self> {
        const MOST: u64 = 1 << 16;
        let dot = symbol.name.iter().position(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
        let function = symbol.name.get(..dot)?;
        let Definition::Section(number) = symbol.place else { return None };
        let section = Some(elf.section(number)).filter(|it| !it.is_code() && !it.is_writable())?;
        let (start, end) = (symbol.value, symbol.value.checked_add(symbol.size)?);
        let bytes = section.bytes(start, symbol.size)?;
        let used = bytes.iter().rposition(|byte| *byte != 0)?.checked_add(1)?;
        let entries = bytes.get(..used.next_multiple_of(8))?.chunks_exact(8);
        let mut numbers =
            entries.map(|it| u64::from_le_bytes(*it.first_chunk().unwrap_or(&[0; 8])));
        let are_labels = numbers.all(|number| (1..MOST).contains(&number));
        let is_plain = section.relocs.within(start, end).next().is_none();
        let found = Self { symbol: index, section: number, start, end, function };
        (are_labels && is_plain).then_some(found)
    }
}

/// The symbols of those `tables` that something refers to, and nothing but the function in the name.
fn used_by_their_functions(
    elf: &ElfObject<'_>,
    functions: &FunctionRanges<'_>,
    mut tables: Vec<Numbers<'_>>,
) -> Vec<SymbolId> {
    tables.sort_unstable_by_key(|table| (table.section, table.start));
    let mut is_used: BTreeMap<SymbolId, bool> = BTreeMap::new();
    let loaded = elf.sections.with_ids().filter(|(section, _)| section.is_allocated());
    for (section, number) in loaded {
        for reloc in section.relocs.iter() {
            let is_distance = section.is_code() && reloc.kind.is_relative();
            let bias = if is_distance { reloc.kind.width() } else { 0 };
            let to = reloc.addend.checked_add_unsigned(bias);
            let to = to.and_then(|addend| elf.place(&reloc, addend));
            // What is no place of this object is in no table of it.
            let Some(Place { section: to, offset: at }) = to else { continue };
            let near = tables.partition_point(|table| table.section < to);
            if tables.get(near).is_none_or(|table| table.section != to) {
                continue;
            }
            let behind = tables.partition_point(|table| (table.section, table.start) <= (to, at));
            let table = behind.checked_sub(1).and_then(|last| tables.get(last));
            let Some(table) = table.filter(|it| it.section == to && at < it.end) else { continue };
            let user = functions.of_place(number.at(reloc.offset)).filter(|_| section.is_code());
            let user = user.and_then(|name| name.split(|byte| *byte == b'.').next());
            let is_own = user == Some(table.function);
            let known = is_used.entry(table.symbol).or_insert(true);
            *known &= is_own;
        }
    }
    is_used.into_iter().filter(|(_, is_own)| *is_own).map(|(symbol, _)| symbol).collect()
}

/// Section, start, end and name of all functions and their parts, by place.
struct FunctionRanges<'data>(Vec<(SectionId, u64, u64, &'data [u8])>);

impl<'data> FunctionRanges<'data> {
    fn of(elf: &ElfObject<'data>) -> Self {
        let is_code = |it: &&Symbol<'_>| {
            it.size > 0 && (it.kind == SymbolKind::Function || name::is_block(it.name))
        };
        let symbols = elf.symbols.iter().filter(is_code);
        let functions = symbols.filter_map(|symbol| {
            let Definition::Section(section) = symbol.place else { return None };
            Some((section, symbol.value, symbol.value.checked_add(symbol.size)?, symbol.name))
        });
        let mut functions: Vec<_> = functions.collect();
        functions.sort_unstable();
        Self(functions)
    }

    /// The symbol around a place: where it starts, and its name.
    fn symbol(&self, Place { section, offset }: Place) -> Option<(u64, &'data [u8])> {
        let behind = self.0.partition_point(|(of, start, ..)| (*of, *start) <= (section, offset));
        let (of, start, end, name) = self.0.get(..behind)?.last()?;
        (*of == section && offset < *end).then_some((*start, *name))
    }

    /// The function that has code at a place, behind its own start or in a part of its own.
    fn around(&self, place: Place) -> Option<&'data [u8]> {
        let (start, name) = self.symbol(place)?;
        name::cold_parent(name).or(Some(name).filter(|_| start < place.offset))
    }

    /// The function that has code at a place.
    fn of_place(&self, place: Place) -> Option<&'data [u8]> {
        let (_, name) = self.symbol(place)?;
        Some(name::cold_parent(name).unwrap_or(name))
    }
}

fn is_of_one(functions: &FunctionRanges<'_>, places: &[Place]) -> bool {
    let owner = places.first().and_then(|place| functions.around(*place));
    owner.is_some() && places.iter().all(|place| functions.around(*place) == owner)
}
