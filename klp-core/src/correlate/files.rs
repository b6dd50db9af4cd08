//! Which source file of the patched object is which of the original.

use crate::manifest::Object;

/// Where a name is unique, in terms of the original's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    Global,
    File(u32),
    New(u32),
}

/// The original's index of each source file of the patched object.
pub(super) struct Files(Vec<Option<u32>>);

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
        Self(found)
    }

    /// The scope of what is local to a file of the patched object.
    pub(super) fn original(&self, patched: Option<u32>) -> Scope {
        match patched {
            None => Scope::Global,
            Some(file) => match self.0.get(file as usize).copied().flatten() {
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
