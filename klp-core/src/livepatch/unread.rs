//! Constants that nothing refers to: clang writes what fills a local array into the instructions, and leaves the constant
//! behind. Where each constant has a section of its own, nobody can come to one by a neighbour.

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::Digest;
use crate::elf::{Definition, SectionId, SymbolId};

use super::side::ObjectSide;
use super::source::CorrelatedObjects;

/// The objects in which no other constants without names differ than such ones.
pub(super) fn objects(sources: &CorrelatedObjects<'_>) -> BTreeSet<String> {
    let only = sources.iter().filter(|source| {
        source.original.as_ref().is_some_and(|original| differ_unread(original, &source.patched))
    });
    only.map(|source| source.object.to_owned()).collect()
}

fn differ_unread(original: &ObjectSide<'_>, patched: &ObjectSide<'_>) -> bool {
    // What could not be digested may differ.
    let (Some(before), Some(after)) = (unnamed(original), unnamed(patched)) else { return false };
    let count = |side: &Unnamed<'_>, digest: &Digest| side.get(digest).map_or(0, Vec::len);
    let mut differing =
        before.keys().chain(after.keys()).filter(|it| count(&before, it) != count(&after, it));
    let is_unread = |digest: &Digest| {
        let all = |side: &ObjectSide<'_>, unnamed: &Unnamed<'_>| {
            unnamed.get(digest).into_iter().flatten().all(|section| is_unread(side, section))
        };
        all(original, &before) && all(patched, &after)
    };
    differing.next().is_some_and(|first| is_unread(first) && differing.all(is_unread))
}

/// The sections of what has no name, by what it holds.
type Unnamed<'a> = BTreeMap<Digest, Vec<&'a str>>;

/// None where something has no digest.
fn unnamed<'a>(side: &'a ObjectSide<'_>) -> Option<Unnamed<'a>> {
    let mut found = Unnamed::new();
    for data in side.manifest.data.iter().filter(|data| data.name.is_none()) {
        found.entry(data.checksum?).or_default().push(data.section);
    }
    Some(found)
}

/// How LLVM calls the section of a constant with a private name.
const PRIVATE: &str = ".rodata..L";

/// Whether they are sections of such constants, and nothing in the object refers to them.
fn is_unread(side: &ObjectSide<'_>, name: &str) -> bool {
    let elf = &side.analysis.elf;
    let is_it = |section: SectionId| elf.section(section).name == name.as_bytes();
    let refers = |symbol: SymbolId| {
        let place = elf.symbol(symbol).place;
        matches!(place, Definition::Section(section) if is_it(section))
    };
    name.starts_with(PRIVATE)
        && !elf.sections.iter().any(|it| it.relocs.iter().any(|reloc| refers(reloc.symbol)))
}
