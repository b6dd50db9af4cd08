//! Which unit of the original is which unit of the patched object.
//!
//! In this order, each rule on what the ones before left over:
//! 1. the same name in the same source file (or global in both), numbers aside;
//! 2. of several such, those with the same digest;
//! 3. the rest of several such in the order of their places;
//! 4. the same name in another file or scope, if there is exactly one on each side;
//! 5. another name of the same code. A name that moves from one function to another is a pair of its
//!    own: what it stands for has changed.

use std::collections::{BTreeMap, VecDeque};

use crate::manifest::Object;

use super::aliases;
use super::units::Unit;

/// Indices of an original and a patched unit; one is missing where a unit was added or removed.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    pub(super) original: Option<usize>,
    pub(super) patched: Option<usize>,
    /// The name that is common to both, where it is not the patched unit's own.
    pub(super) name: Option<String>,
}

/// All pairs of two objects, in the order of the patched one, removed units last.
pub(super) struct Pairs {
    pub(super) functions: Vec<Pair>,
    pub(super) data: Vec<Pair>,
}

impl Pairs {
    pub(super) fn of(original: &Object, patched: &Object) -> Self {
        let files = Files::of(original, patched);
        Self {
            functions: pair(&original.functions, &patched.functions, &files),
            data: pair(&original.data, &patched.data, &files),
        }
    }
}

/// The original's index of each source file of the patched object.
struct Files(Vec<Option<u32>>);

impl Files {
    /// File names repeat in a linked object (`core.c`), so they are matched as a sequence.
    fn of(original: &Object, patched: &Object) -> Self {
        let (old, new) = (&original.files, &patched.files);
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) =
            (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
        let end =
            old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let old_middle = old_rest.len().saturating_sub(end);
        let new_middle = new_rest.len().saturating_sub(end);
        let mut found: Vec<Option<u32>> = (0..start).map(number).collect();
        let mut from = 0;
        for name in new_rest.iter().take(new_middle) {
            let middle = old_rest.get(from..old_middle).unwrap_or_default();
            let position = middle.iter().position(|other| other == name);
            found.push(position.and_then(|position| {
                from = from.saturating_add(position).saturating_add(1);
                number(start.saturating_add(from).saturating_sub(1))
            }));
        }
        found.extend((old.len().saturating_sub(end)..old.len()).map(number));
        Self(found)
    }

    fn original(&self, patched: Option<u32>) -> Scope {
        match patched {
            None => Scope::Global,
            Some(file) => match self.0.get(file as usize).copied().flatten() {
                Some(file) => Scope::File(file),
                None => Scope::New(file),
            },
        }
    }
}

fn number(index: usize) -> Option<u32> {
    u32::try_from(index).ok()
}

/// Where a name is unique, in terms of the original's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Global,
    File(u32),
    New(u32),
}

fn pair<T: Unit>(original: &[T], patched: &[T], files: &Files) -> Vec<Pair> {
    let mut open: BTreeMap<(Scope, String), VecDeque<usize>> = BTreeMap::new();
    let mut other_names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, unit) in original.iter().enumerate() {
        let scope = unit.file().map_or(Scope::Global, Scope::File);
        open.entry((scope, unit.base().into_owned())).or_default().push_back(index);
        for name in std::iter::once(unit.base()).chain(unit.aliases()) {
            other_names.entry(name.into_owned()).or_default().push(index);
        }
    }
    let mut partner: Vec<Option<usize>> = vec![None; patched.len()];
    let keys: Vec<(Scope, String)> = patched
        .iter()
        .map(|unit| (files.original(unit.file()), unit.base().into_owned()))
        .collect();
    // Equal digests first, so that a changed one cannot take the partner of an unchanged one.
    for (index, key) in keys.iter().enumerate() {
        let Some(candidates) = open.get_mut(key) else { continue };
        let digest = patched.get(index).and_then(Unit::digest);
        let equal = candidates.iter().position(|candidate| {
            digest.is_some() && original.get(*candidate).and_then(Unit::digest) == digest
        });
        if let (Some(equal), Some(slot)) = (equal, partner.get_mut(index)) {
            *slot = candidates.remove(equal);
        }
    }
    for (key, slot) in keys.iter().zip(&mut partner).filter(|(_, slot)| slot.is_none()) {
        *slot = open.get_mut(key).and_then(VecDeque::pop_front);
    }
    across_scopes(&open, &keys, &mut partner);
    let moved = aliases::resolve(patched, &other_names, &mut partner);
    let mut removed = vec![true; original.len()];
    for index in
        partner.iter().flatten().chain(moved.iter().filter_map(|pair| pair.original.as_ref()))
    {
        if let Some(slot) = removed.get_mut(*index) {
            *slot = false;
        }
    }
    let removed = removed.into_iter().enumerate().filter(|(_, removed)| *removed);
    let removed = removed.map(|(index, _)| Pair { original: Some(index), ..Pair::default() });
    let kept = partner.into_iter().enumerate();
    kept.map(|(index, original)| Pair { original, patched: Some(index), name: None })
        .chain(moved)
        .chain(removed)
        .collect()
}

/// Pairs what changed its scope: made static or global, or moved to another file.
fn across_scopes(
    open: &BTreeMap<(Scope, String), VecDeque<usize>>,
    keys: &[(Scope, String)],
    partner: &mut [Option<usize>],
) {
    let mut by_name: BTreeMap<&str, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for ((_, name), indices) in open {
        by_name.entry(name).or_default().0.extend(indices);
    }
    for (index, ((_, name), slot)) in keys.iter().zip(partner.iter()).enumerate() {
        if slot.is_none() {
            by_name.entry(name).or_default().1.push(index);
        }
    }
    for (original, patched) in by_name.into_values() {
        if let ([original], [patched]) = (original.as_slice(), patched.as_slice())
            && let Some(slot) = partner.get_mut(*patched)
        {
            *slot = Some(*original);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(files: &[&str]) -> Object {
        Object { files: files.iter().map(ToString::to_string).collect(), ..Object::default() }
    }

    fn mapping(original: &[&str], patched: &[&str]) -> Vec<Option<u32>> {
        Files::of(&object(original), &object(patched)).0
    }

    #[test]
    fn files_of_one_name_are_matched_in_order() {
        let files = ["a.c", "core.c", "b.c", "core.c"];
        assert_eq!(mapping(&files, &files), [Some(0), Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn an_added_or_removed_file_does_not_shift_the_others() {
        assert_eq!(
            mapping(&["a.c", "core.c"], &["a.c", "new.c", "core.c"]),
            [Some(0), None, Some(1)]
        );
        assert_eq!(mapping(&["a.c", "x.c", "core.c"], &["a.c", "core.c"]), [Some(0), Some(2)]);
        assert_eq!(mapping(&[], &["a.c"]), [None]);
    }
}
