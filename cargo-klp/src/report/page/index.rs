//! Where in the tree the changes are.

use std::collections::BTreeMap;

use klp_core::record::{Change, ChangedFunction, Record};

use super::ObjectView;

/// A directory of the sources with functions that changed.
pub(super) struct DirectoryView<'a> {
    pub(super) path: &'a str,
    /// The first of its objects.
    pub(super) object: usize,
    pub(super) changed: usize,
    pub(super) added: usize,
    pub(super) removed: usize,
}

/// The directories of `functions`, by path.
pub(super) fn directories<'a>(
    functions: &'a [ChangedFunction],
    objects: &[ObjectView<'a>],
) -> Vec<DirectoryView<'a>> {
    let directory = |object: &'a str| object.rsplit_once('/').map_or("", |(path, _)| path);
    let mut all: BTreeMap<&str, DirectoryView<'_>> = BTreeMap::new();
    for object in objects {
        let path = directory(object.name);
        let new = DirectoryView { path, object: object.id, changed: 0, added: 0, removed: 0 };
        all.entry(path).or_insert(new);
    }
    for function in functions {
        if let Some(directory) = all.get_mut(directory(&function.object)) {
            let number = match function.change {
                Change::Changed => &mut directory.changed,
                Change::Added => &mut directory.added,
                Change::Removed => &mut directory.removed,
            };
            *number += 1;
        }
    }
    all.into_values().collect()
}

/// What a rule of the user's sets aside, and why.
pub(super) fn ignored(record: &Record) -> Option<(String, &str)> {
    let (name, object, why) = match record {
        Record::Function(it) => (&it.name, &it.object, &it.ignored),
        Record::Refused(it) => (&it.name, &it.object, &it.ignored),
        _ => return None,
    };
    Some((format!("{name} in {object}"), why.as_deref().unwrap_or_default()))
}
