//! The output directory of the original, lent to a make of few objects.

use std::collections::BTreeSet;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};

use super::inventory::{Inventory, is_scratch};
use super::plan::Touched;
use super::{BuildError, Workspace, running};
use crate::atomic;
use crate::cmd_file::cmd_path;
use crate::mirror::Mirror;
use crate::stash::Stash;

/// Objects that stand aside, and a mirror with patches in it.
pub(super) struct Borrowed<'a> {
    build: Utf8PathBuf,
    mirror: &'a Mirror,
    inventory: Inventory,
    given_back: bool,
}

impl<'a> Borrowed<'a> {
    pub(super) fn take(
        workspace: &Workspace,
        mirror: &'a Mirror,
        touched: &Touched,
    ) -> Result<Self, BuildError> {
        let build = workspace.build_path();
        let failed = BuildError::io(&build);
        let mut paths = remade(touched);
        paths.extend(touched.offsets.values().cloned());
        let inventory = Inventory::read(&workspace.original_path())?.unwrap_or_default();
        let borrowed = Self { build: build.clone(), mirror, inventory, given_back: false };
        let stash = Stash::of(&build);
        stash.take(&paths).map_err(failed)?;
        for header in touched.offsets.values().filter(|header| !build.join(header).exists()) {
            stash.lend(header).map_err(failed)?;
        }
        Ok(borrowed)
    }

    /// What make wrote that is none of `touched`, and not what it was.
    pub(super) fn unexpected(
        &self,
        touched: &Touched,
    ) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
        let remade = remade(touched);
        let mut unexpected = BTreeSet::new();
        for path in written(&self.build)? {
            if !remade.contains(&path)
                && !is_scratch(&path)
                && !self.inventory.is_same(&self.build, &path)?
            {
                unexpected.insert(path);
            }
        }
        Ok(unexpected)
    }

    /// Puts everything back, what was made instead goes to `keep`. False when something was made that
    /// has no original to put back, and was removed.
    pub(super) fn give_back(mut self, keep: Option<&Utf8Path>) -> Result<bool, BuildError> {
        self.given_back = true;
        let intact = put_back(&self.build, &self.inventory, keep);
        self.mirror.restore()?;
        intact
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if !self.given_back {
            // An error is on its way already, and the journals are there for the next run.
            let _ = put_back(&self.build, &self.inventory, None);
            let _ = self.mirror.restore();
        }
    }
}

/// Puts back what stands aside in `build`, and removes what was made beside it. False when the latter
/// leaves the original without some of its parts.
pub(super) fn put_back(
    build: &Utf8Path,
    inventory: &Inventory,
    keep: Option<&Utf8Path>,
) -> Result<bool, BuildError> {
    let failed = BuildError::io(build);
    // The journal goes last, and with it the time since when there is something to remove.
    let since = since(build)?;
    let stash = Stash::of(build);
    stash.put_back(keep).map_err(failed)?;
    let mut intact = true;
    for path in written_since(build, since)? {
        if inventory.is_same(build, &path)? {
            inventory.give_time(build, &path)?;
        } else {
            intact &= is_scratch(&path);
            atomic::remove_file(&build.join(&path)).map_err(failed)?;
        }
    }
    stash.close().map_err(failed)?;
    Ok(intact)
}

/// What make wrote since the first file was moved aside, relative to `build`.
fn written(build: &Utf8Path) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
    written_since(build, since(build)?)
}

fn written_since(build: &Utf8Path, since: SystemTime) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
    let failed = BuildError::io(build);
    let written = running::written_since(build, since).map_err(failed)?;
    Ok(written.into_keys().filter_map(|path| Some(path.strip_prefix(build).ok()?.into())).collect())
}

/// When the first file was moved aside.
fn since(build: &Utf8Path) -> Result<SystemTime, BuildError> {
    Stash::of(build).since().map_err(BuildError::io(build))
}

/// The files that are made for `touched`: targets and Kbuild's records of them.
fn remade(touched: &Touched) -> BTreeSet<Utf8PathBuf> {
    let targets = touched.objects.iter().chain(touched.offsets.keys());
    targets.flat_map(|target| [target.clone(), cmd_path(target)]).collect()
}
