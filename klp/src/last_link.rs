//! What is done with objects after they are compared: the kernel's last link, and that of its modules.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use kbuild_glue::{LinkedInto, LinkedObject};
use klp_core::record::Note;

use crate::patched::Builds;

/// Says what can be another thing there.
pub(crate) fn notes(builds: &Builds<'_>) -> Vec<Note> {
    let scripts = builds.patched.changes.iter().filter(|change| change.is_of_last_link());
    let scripts = scripts.map(|change| {
        let why = "it takes part in the last link of the kernel and of its modules, whose result is not compared: no livepatch \
                   changes what follows from it";
        Note::new("last-link", "", change.path.as_str(), why)
    });
    let (before, after) = (images(&builds.original.objects), images(&builds.patched.objects));
    let moved = after.into_iter().filter_map(|(object, now)| {
        let then = before.get(object).filter(|then| **then != now)?;
        let why = format!("it is linked into {} instead of {}", join(&now), join(then));
        Some(Note::new("linked", object.as_str(), object.as_str(), why))
    });
    scripts.chain(moved).collect()
}

/// What each object is linked into.
fn images(objects: &[LinkedObject]) -> BTreeMap<&Utf8Path, BTreeSet<&str>> {
    let mut images: BTreeMap<&Utf8Path, BTreeSet<&str>> = BTreeMap::new();
    for LinkedObject { object, linked } in objects {
        let image = match linked {
            LinkedInto::Vmlinux => "vmlinux",
            LinkedInto::Module(module) => module,
        };
        images.entry(object).or_default().insert(image);
    }
    images
}

fn join(images: &BTreeSet<&str>) -> String {
    images.iter().copied().collect::<Vec<&str>>().join(" and ")
}
