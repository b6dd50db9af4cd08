//! Which functions refer to a data object.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use crate::manifest::{Manifest, ManifestObject};
use crate::record::{Change, ChangedData};

/// Fills in who reads each of `changes`, from the functions of all objects of `patched`.
pub(super) fn fill(changes: &mut [ChangedData], original: &Manifest, patched: &Manifest) {
    let wanted: HashSet<&str> = changes.iter().filter_map(|data| data.name.as_deref()).collect();
    if wanted.is_empty() {
        return;
    }
    let mut readers: HashMap<(VisibleTo<'_>, &str), BTreeSet<&str>> = HashMap::new();
    for object in &patched.objects {
        let origins = origins(object, &wanted);
        for function in object.functions.iter() {
            for index in function.references {
                let Some((name, local)) = object.symbol(*index) else { continue };
                if wanted.contains(name) {
                    let origin = || origins.get(&(object.symbol_file(*index), name)).copied();
                    let scope = if local {
                        VisibleTo::Object(object.origin(origin().flatten()))
                    } else {
                        VisibleTo::Image(object.linked.as_deref())
                    };
                    readers.entry((scope, name)).or_default().insert(function.name);
                }
            }
        }
    }
    let (was_local, is_local) = (locals(original, &wanted), locals(patched, &wanted));
    let images = Images::of(patched, &wanted);
    let found: Vec<Vec<String>> = changes
        .iter()
        .map(|data| {
            let name = data.name.as_deref().unwrap_or_default();
            let object = data.object.as_str();
            let own = [VisibleTo::Object(object)].into_iter();
            let scopes: Vec<VisibleTo<'_>> = match data.change {
                // Whatever else has that name now is another thing.
                Change::Removed if was_local.contains(&(object, name)) => Vec::new(),
                Change::Added | Change::Changed if is_local.contains(&(object, name)) => {
                    own.collect()
                }
                _ => own.chain(images.that_mean(name, data.linked.as_deref())).collect(),
            };
            scopes
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

/// Who knows a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum VisibleTo<'m> {
    /// An object, for a local one.
    Object(&'m str),
    /// The kernel or a module, for a global one.
    Image(Option<&'m str>),
}

/// What there is to link to.
struct Images<'m> {
    all: BTreeSet<Option<&'m str>>,
    /// The images that define a name, of those that are wanted.
    defined: HashSet<(Option<&'m str>, &'m str)>,
}

impl<'m> Images<'m> {
    fn of(manifest: &'m Manifest, wanted: &HashSet<&str>) -> Self {
        let (mut all, mut defined) = (BTreeSet::new(), HashSet::new());
        for object in &manifest.objects {
            let image = object.linked.as_deref();
            all.insert(image);
            let global = object.data.iter().filter(|data| data.file.is_none());
            let names = global.flat_map(|data| data.names()).filter(|name| wanted.contains(name));
            defined.extend(names.map(|name| (image, name)));
        }
        Self { all, defined }
    }

    /// The images in which the global `name` can be that of image `home`: this one, and modules without one of their own, if
    /// the kernel has no other for them. What is linked into is not always known.
    fn that_mean<'s>(
        &'s self,
        name: &'s str,
        home: Option<&'s str>,
    ) -> impl Iterator<Item = VisibleTo<'m>> + 's {
        const VMLINUX: Option<&str> = Some("vmlinux");
        let has = move |image: Option<&'s str>| self.defined.contains(&(image, name));
        let is_seen = home == VMLINUX || !has(VMLINUX);
        let can_be = move |image: Option<&'m str>| {
            image == home
                || home.is_none()
                || image.is_none()
                || image != VMLINUX && is_seen && !has(image)
        };
        self.all.iter().copied().filter(move |image| can_be(*image)).map(VisibleTo::Image)
    }
}

/// Which object of a linked one each `wanted` local variable comes from, by source file and name.
fn origins<'m>(
    object: &'m ManifestObject,
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
