//! The sources of both builds, and their parts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildVersion, FileChange};

use super::blocks::Blocks;
use super::items;

/// The sources of both builds.
pub(crate) struct Sources {
    root: Utf8PathBuf,
    changes: BTreeMap<Utf8PathBuf, FileChange>,
    known: RefCell<BTreeMap<(Utf8PathBuf, BuildVersion), Rc<Blocks>>>,
}

impl Sources {
    /// Those in `root`, and what `changes` make of them.
    pub(crate) fn new(root: Utf8PathBuf, changes: Vec<FileChange>) -> Self {
        let changes = changes.into_iter().map(|change| (change.path.clone(), change)).collect();
        Self { root, changes, known: RefCell::default() }
    }

    /// The bytes of a source; none where there is no such file.
    pub(crate) fn bytes(&self, path: &Utf8Path, version: BuildVersion) -> Option<Vec<u8>> {
        match (self.changes.get(path), version) {
            (Some(change), BuildVersion::Original) => change.old.clone(),
            (Some(change), BuildVersion::Patched) => change.new.clone(),
            (None, _) => fs_err::read(self.root.join(path)).ok(),
        }
    }

    /// Whether the other version of a source than `version` has no line that says `text`.
    pub(crate) fn is_only_in(&self, version: BuildVersion, path: &Utf8Path, text: &str) -> bool {
        let Some(change) = self.changes.get(path) else { return false };
        let other = match version {
            BuildVersion::Original => &change.new,
            BuildVersion::Patched => &change.old,
        };
        let mut lines = other.as_deref().unwrap_or_default().split(|byte| *byte == b'\n');
        lines.all(|line| line.trim_ascii() != text.trim().as_bytes())
    }

    /// The parts of a source; none of one that is neither C nor Rust.
    pub(super) fn blocks(&self, path: &Utf8Path, version: BuildVersion) -> Rc<Blocks> {
        let key = (path.to_owned(), version);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let bytes = || self.bytes(path, version);
        let blocks = match path.extension() {
            Some("c" | "h") => bytes().map(|bytes| Blocks::of(&bytes)),
            Some("rs") => bytes().map(|bytes| items::blocks(&bytes)),
            _ => None,
        };
        let blocks = Rc::new(blocks.unwrap_or_default());
        self.known.borrow_mut().insert(key, Rc::clone(&blocks));
        blocks
    }

    /// The path of a file inside the sources, as debug information names it.
    pub(crate) fn inside<'p>(&self, path: &'p str) -> Option<&'p Utf8Path> {
        Utf8Path::new(path).strip_prefix(&self.root).ok()
    }
}
