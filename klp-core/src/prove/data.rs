//! Compares claimed data objects: content, and what their sections make of them.

use object::elf;

use crate::elf::{Section, Symbol, SymbolKind};

use super::aligned::aligned;
use super::content::DataPair;
use super::correspond::Sink;
use super::difference::{Difference, DifferenceKind};
use super::names;
use super::sections::SectionPurpose;
use super::side::{ByteRange, ProofSide};
use super::world::{Ranges, World};

/// Whether the data objects of `pair` correspond, if what `sink` gets does.
pub(super) fn compare<'a>(
    world: &World<'a>,
    pair: &Ranges,
    sink: &mut Sink<'a>,
) -> Result<(), Difference> {
    let [a, b] = &world.sides;
    let (original, patched) = (pair.original, pair.patched);
    if let SectionPurpose::LeftOut(rule) = b.meaning(patched.section).class
        && a.meaning(original.section).class == SectionPurpose::LeftOut(rule)
    {
        sink.count(rule);
        return Ok(());
    }
    if a.is_indexed(original.section, original.start)
        && b.is_indexed(patched.section, patched.start)
    {
        sink.count("printk-index");
        return Ok(());
    }
    if pair.sized && original.len() != patched.len() {
        let text = format!("{} bytes instead of {}", patched.len(), original.len());
        return Err(Difference::new(DifferenceKind::Size, 0, text));
    }
    same_section(world, original, patched)?;
    aligned(world, original, patched)?;
    same_names(world, original, patched)?;
    // What is longer without a size is longer by what is in front of the next object.
    let len = original.len().min(patched.len());
    let part = |range: ByteRange| ByteRange { end: range.start.saturating_add(len), ..range };
    let starts = (original.start, patched.start);
    DataPair { original: part(original), patched: part(patched), starts }.compare(world, sink)?;
    for (side, range) in [(a, original), (b, patched)] {
        let rest = ByteRange { start: range.start.saturating_add(len), ..range };
        if !is_zero(side, rest) {
            return Err(Difference::new(DifferenceKind::Size, len, "longer on one side"));
        }
    }
    Ok(())
}

/// Whether names in the middle stand where they stood.
fn same_names(
    world: &World<'_>,
    original: ByteRange,
    patched: ByteRange,
) -> Result<(), Difference> {
    let [a, b] = &world.sides;
    let names = |side: &ProofSide<'_>, range: ByteRange| -> Vec<(u64, Vec<u8>)> {
        let symbols = side.symbols(range.section, range.start.saturating_add(1), range.end);
        let is_name = |symbol: &Symbol<'_>| {
            !names::is_temporary(symbol.name)
                && !symbol.name.starts_with(b"__BTF_ID__")
                && symbol.name == &*names::base(symbol.name)
                && (symbol.kind != SymbolKind::Object || symbol.size > 0)
        };
        let own = symbols.filter(|(_, symbol)| is_name(symbol));
        let mut own: Vec<(u64, Vec<u8>)> =
            own.map(|(_, it)| (it.value - range.start, it.name.to_vec())).collect();
        own.sort_unstable();
        own
    };
    let (was, is) = (names(a, original), names(b, patched));
    let moved = is.iter().find(|it| !was.contains(it)).or(was.iter().find(|it| !is.contains(it)));
    match moved {
        None => Ok(()),
        Some((at, name)) => {
            let text = format!("the name {} stands elsewhere in it", String::from_utf8_lossy(name));
            Err(Difference::new(DifferenceKind::Symbol, *at, text))
        }
    }
}

/// Whether a range holds zeros only, and no references.
pub(super) fn is_zero(side: &ProofSide<'_>, range: ByteRange) -> bool {
    let section = side.section(range.section);
    section.relocs.within(range.start, range.end).next().is_none()
        && (section.data.is_empty()
            || section
                .bytes(range.start, range.len())
                .is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)))
}

/// The flags that decide what becomes of a section in memory, and whether it gets there.
const FLAGS: u64 = elf::SHF_WRITE.0
    | elf::SHF_ALLOC.0
    | elf::SHF_EXECINSTR.0
    | elf::SHF_TLS.0
    | elf::SHF_EXCLUDE.0;

/// Whether both sections are treated alike, whatever their names are.
pub(super) fn same_flags(was: &Section<'_>, is: &Section<'_>) -> bool {
    was.flags & FLAGS == is.flags & FLAGS
}

/// Whether both sections make the same of what is in them.
pub(super) fn same_section(
    world: &World<'_>,
    original: ByteRange,
    patched: ByteRange,
) -> Result<(), Difference> {
    let [a, b] = &world.sides;
    let (was, is) = (a.section(original.section), b.section(patched.section));
    let fail = |text: String| Err(Difference::new(DifferenceKind::Section, 0, text));
    let names = || format!("{} instead of {}", is.name_lossy(), was.name_lossy());
    if a.meaning(original.section) != b.meaning(patched.section) {
        return fail(format!("in {}", names()));
    }
    if !same_flags(was, is) {
        // Constants with references are writable until they are relocated, in position-independent code.
        return fail(format!("in {}, with other flags", names()));
    }
    let entry = |section: &Section<'_>| {
        let is_cut = section.is_merged() && !section.is_strings();
        is_cut.then_some(section.entsize)
    };
    let limit = original.len();
    let cut = |section| entry(section).filter(|size| *size < limit);
    if cut(was) != cut(is) {
        return fail(format!("in {}, whose entries the linker merges", names()));
    }
    let splits = |side: &ProofSide<'_>, section: &Section<'_>, range: ByteRange| {
        let bytes = side.bytes(range).filter(|_| section.is_strings());
        bytes.is_some_and(|bytes| {
            bytes.split_last().is_some_and(|(_, text)| text.contains(&0)) && section.entsize == 1
        })
    };
    if was.is_strings() != is.is_strings() && (splits(a, was, original) || splits(b, is, patched)) {
        return fail(format!("in {}, where the linker cuts it at a NUL", names()));
    }
    Ok(())
}
