//! Compiles objects of the last build once more, with debug information, into a place of their own.

use camino::{Utf8Path, Utf8PathBuf};

use crate::atomic;
use crate::build::{BuildError, BuildSettings, Workspace};
use crate::cmd_file::SavedCommand;
use crate::event::Events;
use crate::mirror::Mirror;
use crate::patch::PatchSet;

use super::scripts::{Scripts, failed};
use super::{ModuleError, newest_command, saved};

/// A build of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Without the patches.
    Original,
    /// With the patches.
    Patched,
}

impl Workspace {
    /// The directory of objects that were compiled with debug information.
    #[must_use]
    pub fn lines_path(&self, version: Version) -> Utf8PathBuf {
        lines_path(&self.root, version)
    }

    /// The patches of the last build.
    pub fn last_patches(&self) -> Result<Option<PatchSet>, BuildError> {
        last_patches(&self.root)
    }

    /// Writes down which patches the last build had.
    pub fn keep_patches(&self, patches: &PatchSet) -> Result<(), BuildError> {
        let path = patches_path(&self.root);
        patches.keep(&path).map_err(|source| failed(&path, source))
    }

    /// Compiles `objects` of the last build with debug information to [`Self::lines_path`]. With the patches, lines have
    /// the numbers that people see in the patched sources. What no compiler of C or Rust made is left out; what cannot
    /// be compiled again is an error.
    ///
    /// The sources are those of the last build, whatever was done to the user's since.
    pub fn compile_with_lines(
        &self,
        objects: &[Utf8PathBuf],
        version: Version,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), BuildError> {
        self.recover(settings.interrupt, events)?;
        self.new_log("module")?;
        let directory = self.lines_path(version);
        let overlay = self.patched_path();
        let overlay = (version == Version::Patched).then_some(overlay.as_path());
        let mut scripts = Scripts::new(directory.clone());
        for object in objects {
            let path = directory.join(object);
            atomic::remove_file(&path).map_err(|source| failed(&path, source))?;
            let saved = match version {
                Version::Original => SavedCommand::of_target(&self.build_path(), object)
                    .map_err(ModuleError::from)?,
                Version::Patched => {
                    newest_command(&self.build_path(), &self.patched_path(), object)?
                }
            };
            match saved::compile_with_lines(&saved, &path, overlay) {
                Ok(command) => scripts.add(&path, "", &format!("CC      {object}"), command)?,
                Err(ModuleError::NotCompiled { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let makefile = scripts.makefile()?;
        if version == Version::Original {
            return self.run_makefile(&makefile, settings, events);
        }
        let patches = self.last_patches()?.unwrap_or_default();
        let mirror = Mirror::as_it_is(self.tree(), &self.mirror_path())?;
        let result = mirror.apply(&patches.apply(mirror.path())?);
        let result = result
            .map_err(BuildError::from)
            .and_then(|()| self.run_makefile(&makefile, settings, events));
        mirror.restore()?;
        result
    }
}

/// The patches of the last build of which `root` is the work directory.
pub fn last_patches(root: &Utf8Path) -> Result<Option<PatchSet>, BuildError> {
    Ok(PatchSet::kept(&patches_path(root))?)
}

/// Where objects with debug information are in the work directory `root`.
#[must_use]
pub fn lines_path(root: &Utf8Path, version: Version) -> Utf8PathBuf {
    let name = match version {
        Version::Original => "original",
        Version::Patched => "patched",
    };
    root.join("lines").join(name)
}

/// The patches of the last build: beside the objects that they made, and gone with them.
#[must_use]
pub fn patches_path(root: &Utf8Path) -> Utf8PathBuf {
    root.join("patched").join(".patches")
}
