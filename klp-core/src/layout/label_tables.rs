//! Tables of places in one function (`&&label` in C): they have a name in the source, and go with the function all the
//! same, as the tables that compilers make for `switch` do. Nobody else can make use of them.

use crate::elf::{ElfObject, Place, RelocKind, Symbol, SymbolKind};
use crate::name::{self, Stability};

/// Takes their names for no identity.
pub(crate) fn forget_names(elf: &mut ElfObject<'_>) {
    let mut tables = Vec::new();
    let mut functions = None;
    for (index, symbol) in elf.symbols.iter().enumerate() {
        let may_be = symbol.local
            && symbol.kind == SymbolKind::Object
            && symbol.size > 0
            && symbol.stability != Stability::Unstable;
        if may_be
            && let Some(places) = places(elf, symbol)
            && is_of_one(functions.get_or_insert_with(|| Functions::of(elf)), &places)
        {
            tables.push(index);
        }
    }
    for index in tables {
        if let Some(symbol) = elf.symbols.get_mut(index) {
            symbol.stability = Stability::Unstable;
        }
    }
}

/// Section and offset of each address in a constant that holds nothing but addresses of code.
fn places(elf: &ElfObject<'_>, table: &Symbol<'_>) -> Option<Vec<(u32, u64)>> {
    let Place::Section(section) = table.place else { return None };
    let section = elf.section(section).filter(|it| !it.is_code() && !it.is_writable())?;
    let mut next = table.value;
    let end = table.value.checked_add(table.size)?;
    let mut places = Vec::new();
    for reloc in section.relocs.within(table.value, end) {
        if reloc.kind != RelocKind::Abs64 || reloc.offset != next {
            return None;
        }
        next = next.checked_add(reloc.kind.width())?;
        let symbol = elf.symbol(reloc.symbol)?;
        let Place::Section(code) = symbol.place else { return None };
        elf.section(code).filter(|it| it.is_code())?;
        places.push((code, symbol.value.checked_add_signed(reloc.addend)?));
    }
    (next == end).then_some(places)
}

/// Section, start, end and name of all functions and their parts, by place.
struct Functions<'data>(Vec<(u32, u64, u64, &'data [u8])>);

impl<'data> Functions<'data> {
    fn of(elf: &ElfObject<'data>) -> Self {
        let symbols =
            elf.symbols.iter().filter(|it| it.kind == SymbolKind::Function && it.size > 0);
        let functions = symbols.filter_map(|symbol| {
            let Place::Section(section) = symbol.place else { return None };
            Some((section, symbol.value, symbol.value.checked_add(symbol.size)?, symbol.name))
        });
        let mut functions: Vec<_> = functions.collect();
        functions.sort_unstable();
        Self(functions)
    }

    /// The function that has code at a place, behind its own start or in a part of its own.
    fn around(&self, (section, offset): (u32, u64)) -> Option<&'data [u8]> {
        let behind = self.0.partition_point(|(of, start, ..)| (*of, *start) <= (section, offset));
        let (of, start, end, name) = self.0.get(..behind)?.last()?;
        let is_in = *of == section && offset < *end;
        let parent = name::cold_parent(name);
        parent.or(Some(*name).filter(|_| *start < offset)).filter(|_| is_in)
    }
}

fn is_of_one(functions: &Functions<'_>, places: &[(u32, u64)]) -> bool {
    let owner = places.first().and_then(|place| functions.around(*place));
    owner.is_some() && places.iter().all(|place| functions.around(*place) == owner)
}
