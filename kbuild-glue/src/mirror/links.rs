//! Symlinks of the sources.

use std::borrow::Cow;

use camino::{Utf8Path, Utf8PathBuf};

use super::list::{EntryKind, TreeEntry};
use super::{Mirror, MirrorError, remove};
use crate::lexical::resolved;

impl Mirror {
    /// Whether symlinks are others than before. What they lead to can be older than what was there, and make goes by times.
    #[must_use]
    pub fn is_relinked(&self) -> bool {
        self.relinked
    }

    /// Symlinks to something outside of the sources, as paths in the mirror.
    #[must_use]
    pub fn leaving(&self) -> Vec<Utf8PathBuf> {
        let links = self.stamps.links().map(|link| self.dir.join(link));
        let inside = self.dir.canonicalize_utf8().unwrap_or_else(|_| self.dir.clone());
        let leaves = |link: &Utf8PathBuf| {
            link.canonicalize_utf8().is_ok_and(|path| !path.starts_with(&inside))
        };
        links.filter(leaves).collect()
    }

    pub(super) fn symlink(
        &mut self,
        path: &str,
        points_to: &Utf8Path,
        there: Option<&TreeEntry>,
    ) -> Result<(), MirrorError> {
        let points_to = self.in_mirror(path, points_to);
        if there
            .is_some_and(|there| matches!(&there.kind, EntryKind::Symlink(to) if *to == points_to))
        {
            return Ok(());
        }
        let target = self.dir.join(path);
        remove(&target)?;
        fs_err::os::unix::fs::symlink(points_to.as_std_path(), &target)
            .map_err(|source| self.write_error(source))?;
        self.changed += 1;
        self.relinked = !self.fresh;
        Ok(())
    }

    /// What the link of the mirror at `path` points to, where that of the user's points to `to`. What is in the sources is
    /// in the mirror, and what is beside them is not beside the mirror.
    fn in_mirror<'p>(&self, path: &str, to: &'p Utf8Path) -> Cow<'p, Utf8Path> {
        let link = self.source.join(path);
        let whole = resolved(&link.parent().unwrap_or(&link).join(to));
        if to.is_relative() && whole.starts_with(&self.source) {
            return to.into();
        }
        let whole = whole.canonicalize_utf8().unwrap_or(whole);
        match whole.strip_prefix(&self.source) {
            Ok(rest) => self.dir.join(rest),
            Err(_) => whole,
        }
        .into()
    }
}
