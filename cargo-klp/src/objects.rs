//! From paths to digests.

use std::io::{BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Linked, LinkedObject, linked_objects};
use klp_core::Manifest;
use klp_core::input::Input;
use klp_core::manifest::{Object, is_manifest};
use rayon::prelude::*;

use crate::error::Error;

/// Digests and, where there are any, the objects that they were made from.
pub(crate) struct Build {
    pub(crate) manifest: Manifest,
    files: Vec<Utf8PathBuf>,
}

impl Build {
    /// Digests of what is at `path`: an object, a checksum file or a build directory.
    pub(crate) fn open(path: &Utf8Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Self::of_linked(path, &linked_objects(path)?);
        }
        if starts_like_manifest(path)? {
            return Ok(Self { manifest: read_manifest(path)?, files: Vec::new() });
        }
        Self::of_files(&[path.to_owned()])
    }

    /// Digests of `files`.
    pub(crate) fn of_files(files: &[Utf8PathBuf]) -> Result<Self, Error> {
        let objects: Result<Vec<Object>, Error> =
            files.par_iter().map(|file| object(file, file.as_str(), None)).collect();
        Ok(Self { manifest: Manifest { objects: objects? }, files: files.to_vec() })
    }

    /// Digests of the objects that Kbuild linked in the build directory `root`.
    pub(crate) fn of_linked(root: &Utf8Path, objects: &[LinkedObject]) -> Result<Self, Error> {
        let files: Vec<Utf8PathBuf> =
            objects.iter().map(|object| root.join(&object.object)).collect();
        let digested: Result<Vec<Object>, Error> = objects
            .par_iter()
            .zip(&files)
            .map(|(linked, file)| {
                object(file, linked.object.as_str(), Some(target(&linked.linked)))
            })
            .collect();
        Ok(Self { manifest: Manifest { objects: digested? }, files })
    }

    /// The object of that index, if its file is still there.
    pub(crate) fn input(&self, index: usize) -> Option<Input> {
        Input::open(self.files.get(index)?.as_std_path()).ok()
    }
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

fn read_manifest(path: &Utf8Path) -> Result<Manifest, Error> {
    let file =
        fs_err::File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Manifest::read(BufReader::new(file))
        .map_err(|source| Error::Manifest { path: path.to_owned(), source })
}
