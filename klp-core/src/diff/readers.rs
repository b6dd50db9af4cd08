//! Which functions refer to a data object.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use crate::manifest::Manifest;
use crate::record::{Change, Data};

/// Fills in who reads each of `changes`, from the functions of all objects of `patched`.
pub(super) fn fill(changes: &mut [Data], original: &Manifest, patched: &Manifest) {
    let wanted: HashSet<&str> = changes.iter().filter_map(|data| data.name.as_deref()).collect();
    if wanted.is_empty() {
        return;
    }
    // By object for local names, for all objects for global ones.
    let mut readers: HashMap<(Option<&str>, &str), BTreeSet<&str>> = HashMap::new();
    for object in &patched.objects {
        for function in object.functions.iter() {
            for (name, local) in
                function.references.iter().filter_map(|index| object.symbol(*index))
            {
                if wanted.contains(name) {
                    let scope = local.then_some(object.object.as_str());
                    readers.entry((scope, name)).or_default().insert(function.name);
                }
            }
        }
    }
    let (was_local, is_local) = (locals(original, &wanted), locals(patched, &wanted));
    let found: Vec<Vec<String>> = changes
        .iter()
        .map(|data| {
            let name = data.name.as_deref().unwrap_or_default();
            let object = data.object.as_str();
            let scopes: &[Option<&str>] = match data.change {
                // Whatever else has that name now is another thing.
                Change::Removed if was_local.contains(&(object, name)) => &[],
                Change::Added | Change::Changed if is_local.contains(&(object, name)) => {
                    &[Some(object)]
                }
                _ => &[Some(object), None],
            };
            scopes
                .iter()
                .filter_map(|scope| readers.get(&(*scope, name)))
                .flatten()
                .map(ToString::to_string)
                .collect::<BTreeSet<String>>()
                .into_iter()
                .collect()
        })
        .collect();
    for (data, readers) in changes.iter_mut().zip(found) {
        data.read_by = readers;
    }
}

/// The objects and names of `wanted` data that only its own object knows.
fn locals<'m>(manifest: &'m Manifest, wanted: &HashSet<&str>) -> HashSet<(&'m str, &'m str)> {
    let mut locals = HashSet::new();
    for object in &manifest.objects {
        let own = object.data.iter().filter(|data| data.file.is_some());
        for data in own {
            let names = data.names().filter(|name| wanted.contains(name));
            locals.extend(names.map(|name| (object.origin(data.origin), name)));
        }
    }
    locals
}
