//! What is other in the user's sources than when a mirror was kept.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::Mirror;
use super::list::{EntryKind, TreeListing};
use super::stamps::MirrorRecord;

/// When anything of a file was changed last, as the file system saw it: seconds and nanoseconds.
pub(crate) type ChangeTime = (i64, i64);

/// Files that make may not know of as what they are; none of a mirror that is made anew.
#[derive(Debug, Default)]
pub(crate) struct UnknownToMake {
    /// Those that were not there.
    pub(crate) added: BTreeSet<Utf8PathBuf>,
    /// Those that are others, or gone.
    pub(crate) edited: BTreeSet<Utf8PathBuf>,
}

impl UnknownToMake {
    /// What is new in `listing`, of which `brought` are not yet in the mirror.
    pub(super) fn of(listing: &TreeListing, known: &MirrorRecord, brought: &[&str]) -> Self {
        let added = listing.keys().filter(|path| known.sources.get(path).is_none());
        let added: BTreeSet<Utf8PathBuf> = added.map(Utf8PathBuf::from).collect();
        let gone = known.sources.iter().map(|(path, _)| path);
        let gone = gone.filter(|path| !listing.contains_key(path.as_str()));
        let edited = brought.iter().map(Utf8Path::new).chain(gone);
        let edited = edited.filter(|path| !added.contains(*path)).map(Utf8Path::to_owned).collect();
        Self { added, edited }
    }
}

impl Mirror {
    /// The user's files that were changed after `time`, whatever time they say they are from.
    pub(crate) fn written_after(&self, time: ChangeTime) -> Vec<(Utf8PathBuf, ChangeTime)> {
        let files = self.listing.iter().filter_map(|(path, entry)| match &entry.kind {
            EntryKind::File(file) => Some((Utf8PathBuf::from(path), file.changed)),
            EntryKind::Directory | EntryKind::Symlink(_) => None,
        });
        files.filter(|(_, changed)| *changed > time).collect()
    }
}
