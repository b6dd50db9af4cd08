//! Parts of a patch that get into no livepatch.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use kbuild_glue::{LinkedInto, LinkedObject, is_lto};
use klp_core::diff::Changes;
use klp_core::module::{RawElf, SymbolPlace};
use klp_core::obstacle::Obstacle;
use klp_core::record::{Change, ChangedFunction, Note, Refused};

use crate::error::Error;
use crate::finished::read;

use crate::patched::Builds;

/// The modules that the patch adds, by object.
pub(crate) fn new_modules<'b>(builds: &'b Builds<'_>) -> BTreeMap<&'b str, &'b str> {
    let module = |linked: &'b LinkedObject| match &linked.linked {
        LinkedInto::Module(name) => Some((linked.object.as_str(), name.as_str())),
        LinkedInto::Vmlinux => None,
    };
    let before: BTreeSet<&str> =
        builds.original.objects.iter().filter_map(module).map(|(_, name)| name).collect();
    let after = builds.patched.objects.iter().filter_map(module);
    after.filter(|(_, name)| !before.contains(name)).collect()
}

/// What is said of `modules`, each once.
pub(crate) fn notes(modules: &BTreeMap<&str, &str>) -> Vec<Note> {
    let names: BTreeSet<&str> = modules.values().copied().collect();
    let why = "the patch adds this module: it is no part of the livepatch, but built, installed and loaded as any \
               module";
    names.into_iter().map(|name| Note::new("new-module", "", name, why)).collect()
}

/// Those of the `touched` objects that cannot be taken apart, and why nothing of them is replaced.
pub(crate) fn not_apart(
    builds: &Builds<'_>,
    changes: &Changes,
    touched: &BTreeSet<String>,
) -> Result<Vec<Refused>, Error> {
    let mut refused = Vec::new();
    let is_lto = is_lto(&builds.original.root);
    for object in touched {
        let source = builds.workshop.source_of(Utf8Path::new(object))?;
        let why = match source.as_ref().and_then(|source| source.extension()) {
            Some("rs") if is_lto => {
                "it is made by rustc, which takes no part in LTO: in what was linked its functions cannot be told from \
                 each other"
            }
            _ if is_lto => continue,
            Some("c" | "rs") => continue,
            Some("S") => {
                "it is assembly: there is no call of __fentry__ in it for ftrace to redirect"
            }
            _ => "no compiler of C or Rust made it: it cannot be taken apart into its functions",
        };
        let functions = changes.functions.iter().filter(|function| function.object == *object);
        let names: Vec<&str> = functions.map(|function| function.name.as_str()).collect();
        let names = if names.is_empty() { vec![object.as_str()] } else { names };
        refused.extend(
            names.into_iter().map(|name| Refused::new(Obstacle::Language, object, name, why)),
        );
    }
    Ok(refused)
}

/// Functions that the patch takes `__init` off, where nothing is said of them yet.
pub(crate) fn kept_after_boot(builds: &Builds<'_>, changes: &Changes) -> Vec<Note> {
    const CODE: &str = "freed";
    let why = "the patch takes __init or __exit off it: the running kernel does not have it any more, and gets none back; \
               only functions of the livepatch could call a new one";
    let kept = builds.patched.changes.iter().flat_map(|change| {
        let names = change.kept_after_boot().into_iter();
        names.map(|name| Note::new(CODE, change.path.with_extension("o").as_str(), &name, why))
    });
    kept.filter(|new| !changes.notes.iter().any(|note| note.code == CODE && note.name == new.name))
        .collect()
}

/// Functions that the patch takes away, where another object has a weak one of that name: the linker takes that one then.
pub(crate) fn weak_instead(builds: &Builds<'_>, changes: &Changes) -> Vec<Refused> {
    let added = changes.functions.iter().filter(|function| function.change == Change::Added);
    let added: BTreeSet<&str> = added.map(|function| &*function.name).collect();
    let was_global = |function: &ChangedFunction| {
        let globals = defined(&builds.original.root.join(&function.object), GLOBAL);
        globals.contains(&function.name)
    };
    let instead = weak_ones(builds, changes)
        .into_iter()
        .filter(|(function, _)| !added.contains(&*function.name) && was_global(function));
    let refused = instead.map(|(function, weak)| {
        let why = format!(
            "the patch takes this function away, and the kernel gets the weak one of {} in its place, which this \
             livepatch does not have: leave the function, with the body of the other one",
            weak.object
        );
        Refused::new(Obstacle::WeakInstead, &function.object, &function.name, why)
    });
    refused.collect()
}

/// The functions that are gone, each with an object of the same image that has a weak one of its name.
pub(crate) fn weak_ones<'c>(
    builds: &'c Builds<'_>,
    changes: &'c Changes,
) -> Vec<(&'c ChangedFunction, &'c LinkedObject)> {
    let gone = changes.functions.iter().filter(|function| function.change == Change::Removed);
    let gone: Vec<&ChangedFunction> = gone.collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let ones = builds.original.objects.iter().flat_map(|linked| {
        let names = defined(&builds.original.root.join(&linked.object), WEAK);
        let here = gone.iter().filter(move |function| {
            names.contains(&function.name) && function.linked.as_deref() == Some(name(linked))
        });
        here.map(move |function| (*function, linked))
    });
    ones.collect()
}

/// `STB_GLOBAL` and `STB_WEAK`.
const GLOBAL: u8 = 1;
const WEAK: u8 = 2;

/// The names that an object defines with that binding; none of what is no ELF object.
fn defined(object: &Utf8Path, binding: u8) -> BTreeSet<String> {
    let Ok(bytes) = read(object) else { return BTreeSet::new() };
    let Ok(elf) = RawElf::parse(&bytes) else { return BTreeSet::new() };
    let symbols = elf.symbols.iter().filter(|symbol| {
        symbol.binding == binding && matches!(symbol.place, SymbolPlace::Section(_))
    });
    symbols.map(|symbol| symbol.name_lossy().into_owned()).collect()
}

fn name(object: &LinkedObject) -> &str {
    match &object.linked {
        LinkedInto::Vmlinux => "vmlinux",
        LinkedInto::Module(name) => name,
    }
}
