//! From paths to digests.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Linked, LinkedObject, PatchedBuild, SavedCommand, linked_objects};
use klp_core::input::Input;
use klp_core::manifest::{Object, is_manifest};
use klp_core::{Allowlist, Manifest};
use rayon::prelude::*;

use crate::error::Error;

/// Digests and, where there are any, the objects that they were made from.
pub(crate) struct Build {
    pub(crate) manifest: Manifest,
    /// Objects that were not read because a rule skips them.
    pub(crate) skipped: Vec<String>,
    files: Vec<Utf8PathBuf>,
}

/// Objects whose digests are known, by name and by what they are linked into.
type Known<'a> = BTreeMap<(&'a str, Option<&'a str>), &'a Object>;

fn keyed(object: &Object) -> ((&str, Option<&str>), &Object) {
    ((object.object.as_str(), object.linked.as_deref()), object)
}

impl Build {
    /// Digests of what is at `path`: an object, a checksum file or a build directory.
    pub(crate) fn open(path: &Utf8Path, allowlist: &Allowlist) -> Result<Self, Error> {
        if path.is_dir() {
            return Self::of_linked(path, &linked_objects(path)?, allowlist, &Manifest::default());
        }
        if starts_like_manifest(path)? {
            let manifest = read_manifest(path)?;
            return Ok(Self { manifest, skipped: Vec::new(), files: Vec::new() });
        }
        Self::of_files(&[path.to_owned()], allowlist)
    }

    /// Digests of `files`.
    pub(crate) fn of_files(files: &[Utf8PathBuf], allowlist: &Allowlist) -> Result<Self, Error> {
        let objects =
            names(files).into_iter().zip(files).map(|(name, file)| (name, file.clone(), None));
        Self::of(objects.collect(), allowlist, &Known::new())
    }

    /// Digests of the objects that Kbuild linked in the build directory `root`; those that are in
    /// `known` are taken from there.
    pub(crate) fn of_linked(
        root: &Utf8Path,
        objects: &[LinkedObject],
        allowlist: &Allowlist,
        known: &Manifest,
    ) -> Result<Self, Error> {
        let objects = objects.iter().map(|LinkedObject { object, linked }| {
            (object.to_string(), root.join(object), Some(target(linked)))
        });
        Self::of(objects.collect(), allowlist, &known.objects.iter().map(keyed).collect())
    }

    /// Digests of a patched build of this one: new ones of what was made, the same of the rest.
    pub(crate) fn with(
        &self,
        patched: &PatchedBuild,
        allowlist: &Allowlist,
    ) -> Result<Self, Error> {
        let objects = patched.objects.iter().map(|LinkedObject { object, linked }| {
            (object.to_string(), patched.path(object), Some(target(linked)))
        });
        let is_made = |object: &&Object| patched.made.contains(Utf8Path::new(&object.object));
        let rest = self.manifest.objects.iter().filter(|object| !is_made(object));
        Self::of(objects.collect(), allowlist, &rest.map(keyed).collect())
    }

    /// Digests of objects, each with its name, its file and what it is linked into.
    fn of(
        objects: Vec<(String, Utf8PathBuf, Option<&str>)>,
        allowlist: &Allowlist,
        known: &Known<'_>,
    ) -> Result<Self, Error> {
        let (skipped, read): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|(name, ..)| allowlist.skipping(name).is_some());
        let digested: Result<Vec<Object>, Error> = read
            .par_iter()
            .map(|(name, file, linked)| match known.get(&(name.as_str(), *linked)) {
                Some(known) => Ok((*known).clone()),
                None => object(file, name, *linked),
            })
            .collect();
        Ok(Self {
            manifest: Manifest { objects: digested? },
            skipped: skipped.into_iter().map(|(name, ..)| name).collect(),
            files: read.into_iter().map(|(_, file, _)| file).collect(),
        })
    }

    /// The object of that index, if its file is still there.
    pub(crate) fn input(&self, index: usize) -> Option<Input> {
        Input::open(self.files.get(index)?.as_std_path()).ok()
    }

    /// Whether this is more than some objects: a build, or the whole kernel in one object.
    pub(crate) fn is_whole(&self) -> bool {
        let mut objects = self.manifest.objects.iter();
        objects.any(|object| object.linked.is_some() || object.object.ends_with("vmlinux.o"))
    }
}

/// The names of objects: their paths in the build where Kbuild's records beside them say so, and these
/// are different; else the paths that were given.
fn names(files: &[Utf8PathBuf]) -> Vec<String> {
    let known: Option<Vec<String>> =
        files.iter().map(|file| Some(in_build(file)?.1.into_string())).collect();
    known
        .filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
        .unwrap_or_else(|| files.iter().map(ToString::to_string).collect())
}

/// The directory of the build that `file` is in, and its path there, from the command that Kbuild saved
/// beside it.
pub(crate) fn in_build(file: &Utf8Path) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
    let file = camino::absolute_utf8(file).ok()?;
    let saved = SavedCommand::of_target(file.parent()?, file.file_name()?.as_ref()).ok()?;
    let root = file.as_str().strip_suffix(saved.target.as_str())?.strip_suffix('/')?;
    Some((root.into(), saved.target))
}

fn object(file: &Utf8Path, name: &str, linked: Option<&str>) -> Result<Object, Error> {
    let input = Input::open(file.as_std_path())
        .map_err(|source| Error::Read { path: file.to_owned(), source })?;
    Object::of(&input, name, linked)
        .map_err(|source| Error::Object { path: file.to_owned(), source })
}

/// What the records call the thing that an object is linked into.
fn target(linked: &Linked) -> &str {
    match linked {
        Linked::Vmlinux => "vmlinux",
        Linked::Module(name) => name,
    }
}

fn starts_like_manifest(path: &Utf8Path) -> Result<bool, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut start = Vec::new();
    let file = fs_err::File::open(path).map_err(failed)?;
    file.take(64).read_to_end(&mut start).map_err(failed)?;
    Ok(is_manifest(&start))
}

pub(crate) fn read_manifest(path: &Utf8Path) -> Result<Manifest, Error> {
    let file =
        fs_err::File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Manifest::read(BufReader::new(file))
        .map_err(|source| Error::Manifest { path: path.to_owned(), source })
}
