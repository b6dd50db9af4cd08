//! Which source file or Kbuild object of the patched object is which of the original.

use std::collections::BTreeMap;

use crate::manifest::ManifestObject;
use crate::slices::SliceParts as _;

/// Where a name is unique, in terms of the original's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum NameScope {
    Global,
    /// A Kbuild object, where both linked objects say what they come from.
    Origin(u32),
    NewOrigin(u32),
    File(u32),
    New(u32),
}

/// What says where a name holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameHome {
    pub(super) file: Option<u32>,
    pub(super) origin: Option<u32>,
    /// Local, made global by LLVM.
    pub(super) promoted: bool,
}

/// The original's index of each source file and each Kbuild object of the patched object.
#[derive(Debug)]
pub(super) struct FileMatches {
    numbers: Vec<Option<u32>>,
    /// Whether one of both does not say which file a local name is of: `strip` takes that away.
    is_untold: bool,
    origins: Option<Vec<Option<u32>>>,
}

impl FileMatches {
    /// File names repeat in a linked object (`core.c`), so they are matched as a sequence, and only where a name is
    /// that of one file does its place not matter.
    pub(super) fn of(original: &ManifestObject, patched: &ManifestObject) -> Self {
        let (old, new) = (&original.files, &patched.files);
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) = (old.starting(start), new.starting(start));
        let end =
            old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let old_middle = old_rest.len().saturating_sub(end);
        let new_middle = new_rest.len().saturating_sub(end);
        let mut found: Vec<Option<u32>> = (0..start).map(number).collect();
        let mut from = 0;
        for name in new_rest.iter().take(new_middle) {
            let middle = old_rest.between(from, old_middle);
            let position = middle.iter().position(|other| other == name);
            found.push(position.and_then(|position| {
                from = from.saturating_add(position).saturating_add(1);
                number(start.saturating_add(from).saturating_sub(1))
            }));
        }
        found.extend((old.len().saturating_sub(end)..old.len()).map(number));
        pair_moved(&mut found, old, new);
        pair_renamed(&mut found, old.len());
        let is_untold = old.is_empty() != new.is_empty();
        Self { numbers: found, is_untold, origins: origins(original, patched) }
    }

    /// Where what has this home in the original is known by its name.
    pub(super) fn in_original(&self, home: NameHome) -> NameScope {
        match home.origin.filter(|_| self.origins.is_some()) {
            Some(origin) if home.is_local() => NameScope::Origin(origin),
            _ => self.same(home.file),
        }
    }

    /// The same for the patched object.
    pub(super) fn in_patched(&self, home: NameHome) -> NameScope {
        match home.origin.zip(self.origins.as_ref()) {
            Some((origin, known)) if home.is_local() => {
                let before = known.get(origin as usize).copied().flatten();
                before.map_or(NameScope::NewOrigin(origin), NameScope::Origin)
            }
            _ => self.original(home.file),
        }
    }

    /// The scope of what is local to a file of the patched object.
    pub(super) fn original(&self, patched: Option<u32>) -> NameScope {
        match patched.filter(|_| !self.is_untold) {
            None => NameScope::Global,
            Some(file) => match self.numbers.get(file as usize).copied().flatten() {
                Some(file) => NameScope::File(file),
                None => NameScope::New(file),
            },
        }
    }

    /// The scope of what is local to a file of the original.
    pub(super) fn same(&self, original: Option<u32>) -> NameScope {
        original.filter(|_| !self.is_untold).map_or(NameScope::Global, NameScope::File)
    }
}

/// A file of which there is one by its name in both objects is the same one, wherever it is linked.
fn pair_moved(found: &mut [Option<u32>], old: &[String], new: &[String]) {
    let before = unique(old);
    let after = unique(new);
    for (name, index) in after {
        let is_new = found.get_mut(index as usize).filter(|slot| slot.is_none());
        if let (Some(slot), Some(before)) = (is_new, before.get(name)) {
            *slot = Some(*before);
        }
    }
}

/// The names that occur once, and where.
fn unique(names: &[String]) -> BTreeMap<&str, u32> {
    let mut places: BTreeMap<&str, Option<u32>> = BTreeMap::new();
    for (name, index) in names.iter().map(String::as_str).zip(0u32..) {
        places.entry(name).and_modify(|place| *place = None).or_insert(Some(index));
    }
    places.into_iter().filter_map(|(name, place)| Some((name, place?))).collect()
}

/// Where one file of another name stands in the place of one, between the same files, it was renamed. `found` is the
/// original's number of each file of the patched object, of which the original has `count`.
fn pair_renamed(found: &mut [Option<u32>], count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    for index in 0..found.len() {
        let at = |file: Option<usize>| file.and_then(|file| found.get(file)).copied();
        // `None` outside of the list: there it is between nothing and the first file, or the last one and nothing.
        let (before, after) = (at(index.checked_sub(1)), at(index.checked_add(1)));
        let first = match before {
            None => Some(0),
            Some(before) => before.and_then(|before| before.checked_add(1)),
        };
        let next = match after {
            None => Some(count),
            Some(after) => after,
        };
        let is_one =
            first.zip(next).is_some_and(|(first, next)| first.checked_add(1) == Some(next));
        if let Some(slot) = found.get_mut(index).filter(|slot| slot.is_none() && is_one) {
            *slot = first;
        }
    }
}

impl NameHome {
    fn is_local(self) -> bool {
        self.file.is_some() || self.promoted
    }
}

/// The original's index of each Kbuild object of the patched one, where both know theirs.
fn origins(original: &ManifestObject, patched: &ManifestObject) -> Option<Vec<Option<u32>>> {
    if original.origins.is_empty() || patched.origins.is_empty() {
        return None;
    }
    let before: BTreeMap<&str, u32> =
        original.origins.iter().map(String::as_str).zip(0u32..).collect();
    Some(patched.origins.iter().map(|name| before.get(name.as_str()).copied()).collect())
}

fn number(file: usize) -> Option<u32> {
    u32::try_from(file).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(files: &[&str]) -> ManifestObject {
        ManifestObject {
            files: files.iter().map(ToString::to_string).collect(),
            ..ManifestObject::default()
        }
    }

    fn mapping(original: &[&str], patched: &[&str]) -> Vec<Option<u32>> {
        FileMatches::of(&object(original), &object(patched)).numbers
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

    #[test]
    fn a_file_that_is_linked_elsewhere_is_the_same() {
        assert_eq!(
            mapping(&["a.c", "b.c", "c.c"], &["c.c", "a.c", "b.c"]),
            [Some(2), Some(0), Some(1)]
        );
        // Which of two it was nothing tells.
        assert_eq!(
            mapping(&["a.c", "core.c", "b.c", "core.c"], &["core.c", "core.c", "a.c", "b.c"]),
            [Some(1), Some(3), Some(0), Some(2)]
        );
    }

    #[test]
    fn a_renamed_file_is_the_same() {
        assert_eq!(mapping(&["a.c"], &["b.c"]), [Some(0)]);
        assert_eq!(
            mapping(&["a.c", "x.c", "core.c"], &["a.c", "y.c", "core.c"]),
            [Some(0), Some(1), Some(2)]
        );
        // Which of two it was nothing tells.
        assert_eq!(mapping(&["x.c", "y.c", "c.c"], &["z.c", "c.c"]), [None, Some(2)]);
        assert_eq!(mapping(&["x.c", "c.c"], &["y.c", "z.c", "c.c"]), [None, None, Some(1)]);
    }
}
