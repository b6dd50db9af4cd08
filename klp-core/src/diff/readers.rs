//! Which functions refer to a data object.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use crate::manifest::{Manifest, Object};
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
        let origins = origins(object, &wanted);
        for function in object.functions.iter() {
            for index in function.references {
                let Some((name, local)) = object.symbol(*index) else { continue };
                if wanted.contains(name) {
                    let origin = || origins.get(&(object.symbol_file(*index), name)).copied();
                    let scope = local.then(|| object.origin(origin().flatten()));
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

/// Which object of a linked one each `wanted` local variable comes from, by source file and name.
fn origins<'m>(
    object: &'m Object,
    wanted: &HashSet<&str>,
) -> HashMap<(Option<u32>, &'m str), Option<u32>> {
    let own = object.data.iter().filter(|data| data.file.is_some());
    own.flat_map(|data| {
        let names = data.names().filter(|name| wanted.contains(name));
        names.map(move |name| ((data.file, name), data.origin))
    })
    .collect()
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
