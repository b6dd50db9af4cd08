//! Functions whose ENDBR the kernel takes away at boot, since nothing has their address: `.ibt_endbr_seal`, 4 bytes an
//! entry, the distance to the ENDBR. It says nothing about what a function does, but about who may jump to it.

use std::collections::BTreeMap;

use crate::elf::{Definition, SymbolKind};

use super::correspond::Sink;
use super::difference::{Difference, DifferenceKind};
use super::left::UnpairedResult;
use super::names;
use super::side::{ByteRange, ProofSide};
use super::target::{self, Target};
use super::world::World;

/// Functions that are listed in one object only, where both have a list: objtool makes it in a last step.
pub(super) fn compare<'a>(world: &World<'a>) -> Vec<UnpairedResult<'a>> {
    let [a, b] = &world.sides;
    let (Some(ours), Some(theirs)) = (sealed(a), sealed(b)) else { return Vec::new() };
    let defines = |side: &ProofSide<'_>, name: &[u8]| {
        let mut symbols = side.object.symbols.iter();
        symbols.any(|it| it.place != Definition::Undefined && *names::base(it.name) == *name)
    };
    let only = |these: &BTreeMap<Vec<u8>, ByteRange>,
                those: &BTreeMap<Vec<u8>, ByteRange>,
                is_original: bool| {
        let other = if is_original { b } else { a };
        let text = if is_original { "is not sealed any more" } else { "is sealed now" };
        let alone = these.iter().filter(|(name, _)| !those.contains_key(*name));
        let alone = alone.filter(|(name, _)| defines(other, name));
        let left = alone.map(|(name, range)| UnpairedResult {
            range: *range,
            is_original,
            name: Some(String::from_utf8_lossy(name).into_owned()),
            result: Err(Difference::new(DifferenceKind::Seal, 0, text)),
            sink: Sink::default(),
        });
        left.collect::<Vec<_>>()
    };
    let mut found = only(&ours, &theirs, true);
    found.extend(only(&theirs, &ours, false));
    found
}

/// The functions that are listed, by name; none without a list. objtool lists nothing else.
fn sealed(side: &ProofSide<'_>) -> Option<BTreeMap<Vec<u8>, ByteRange>> {
    let mut lists = side.object.sections.iter().filter(|it| it.name == b".ibt_endbr_seal");
    let list = lists.next()?;
    let functions = list.relocs.iter().filter_map(|reloc| {
        let Target::Place { section, offset, .. } = target::of(side.object, &reloc, 0) else {
            return None;
        };
        let start = u64::try_from(offset).ok()?;
        let mut symbols = side.symbols(section, start, start.saturating_add(1));
        let (_, symbol) = symbols.find(|(_, it)| it.kind == SymbolKind::Function)?;
        let end = start.saturating_add(symbol.size);
        Some((names::base(symbol.name).into_owned(), ByteRange { section, start, end }))
    });
    Some(functions.collect())
}
