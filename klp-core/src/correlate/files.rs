//! Which source file or Kbuild object of the patched object is which of the original.

use std::collections::BTreeMap;

use crate::manifest::Object;

/// Where a name is unique, in terms of the original's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    Global,
    /// A Kbuild object, where both linked objects say what they come from.
    Origin(u32),
    NewOrigin(u32),
    File(u32),
    New(u32),
}

/// What says where a name holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub(super) file: Option<u32>,
    pub(super) origin: Option<u32>,
    /// Local, made global by LLVM.
    pub(super) promoted: bool,
}

/// The original's index of each source file and each Kbuild object of the patched object.
#[derive(Debug)]
pub(super) struct Files {
    files: Vec<Option<u32>>,
    origins: Option<Vec<Option<u32>>>,
}

impl Files {
    /// File names repeat in a linked object (`core.c`), so they are matched as a sequence.
    pub(super) fn of(original: &Object, patched: &Object) -> Self {
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
        Self { files: found, origins: origins(original, patched) }
    }

    /// Where what has this home in the original is known by its name.
    pub(super) fn in_original(&self, home: Home) -> Scope {
        match home.origin.filter(|_| self.origins.is_some()) {
            Some(origin) if home.is_local() => Scope::Origin(origin),
            _ => Self::same(home.file),
        }
    }

    /// The same for the patched object.
    pub(super) fn in_patched(&self, home: Home) -> Scope {
        match home.origin.zip(self.origins.as_ref()) {
            Some((origin, known)) if home.is_local() => {
                let before = known.get(origin as usize).copied().flatten();
                before.map_or(Scope::NewOrigin(origin), Scope::Origin)
            }
            _ => self.original(home.file),
        }
    }

    /// The scope of what is local to a file of the patched object.
    pub(super) fn original(&self, patched: Option<u32>) -> Scope {
        match patched {
            None => Scope::Global,
            Some(file) => match self.files.get(file as usize).copied().flatten() {
                Some(file) => Scope::File(file),
                None => Scope::New(file),
            },
        }
    }

    /// The scope of what is local to a file of the original.
    pub(super) fn same(original: Option<u32>) -> Scope {
        original.map_or(Scope::Global, Scope::File)
    }
}

impl Home {
    fn is_local(self) -> bool {
        self.file.is_some() || self.promoted
    }
}

/// The original's index of each Kbuild object of the patched one, where both know theirs.
fn origins(original: &Object, patched: &Object) -> Option<Vec<Option<u32>>> {
    if original.origins.is_empty() || patched.origins.is_empty() {
        return None;
    }
    let before: BTreeMap<&str, u32> =
        original.origins.iter().map(String::as_str).zip(0u32..).collect();
    Some(patched.origins.iter().map(|name| before.get(name.as_str()).copied()).collect())
}

fn number(index: usize) -> Option<u32> {
    u32::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(files: &[&str]) -> Object {
        Object { files: files.iter().map(ToString::to_string).collect(), ..Object::default() }
    }

    fn mapping(original: &[&str], patched: &[&str]) -> Vec<Option<u32>> {
        Files::of(&object(original), &object(patched)).files
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
