//! Which functions refer to a data object.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _, HashSet};

use crate::manifest::Manifest;
use crate::record::Data;

/// Fills in who reads each of `changes`, from the functions of all objects of `patched`.
pub(super) fn fill(changes: &mut [Data], patched: &Manifest) {
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
    let found: Vec<Vec<String>> = changes
        .iter()
        .map(|data| {
            let name = data.name.as_deref().unwrap_or_default();
            [Some(data.object.as_str()), None]
                .into_iter()
                .filter_map(|scope| readers.get(&(scope, name)))
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
