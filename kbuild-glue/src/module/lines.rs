//! Compiles objects of the last build once more, with debug information, into a place of their own.

use camino::Utf8PathBuf;

use crate::atomic;
use crate::build::{BuildError, BuildSettings, ModuleWorkspace, Workspace};
use crate::cmd_file::SavedCommand;
use crate::event::BuildEvents;
use crate::last_build::{BuildVersion, LastBuild};
use crate::mirror::Mirror;
use crate::scripts::Scripts;

use super::{ModuleError, newest_command, saved};

impl Workspace {
    /// Compiles `objects` of the last build with debug information to [`LastBuild::lines`]. With the patches, lines have
    /// the numbers that people see in the patched sources. What no compiler of C or Rust made is left out; what cannot
    /// be compiled again is an error.
    ///
    /// The sources are those of the last build, whatever was done to the user's since.
    pub fn compile_with_lines(
        &self,
        objects: &[Utf8PathBuf],
        version: BuildVersion,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        self.recover(settings.interrupt, events)?;
        self.new_log("module")?;
        let last = self.last_build();
        let makefile = makefile(&last, objects, version, true)?;
        if version == BuildVersion::Original {
            return self.run_makefile(&makefile, settings, events);
        }
        let changes = last.patching()?.ok_or(BuildError::PatchesGone)?.changes;
        let mirror = Mirror::as_it_is(self.tree(), &self.mirror_path())?;
        let result = mirror.apply(&changes);
        let result = result
            .map_err(BuildError::from)
            .and_then(|()| self.run_makefile(&makefile, settings, events));
        mirror.restore()?;
        result
    }
}

impl ModuleWorkspace {
    /// The same for a module outside of the kernel's sources.
    pub fn compile_with_lines(
        &self,
        objects: &[Utf8PathBuf],
        version: BuildVersion,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        self.new_log("module")?;
        let last = self.last_build();
        let makefile = makefile(&last, objects, version, false)?;
        let patching = last.patching()?;
        if patching.is_none() && version == BuildVersion::Patched {
            return Err(BuildError::PatchesGone);
        }
        let changes = patching.unwrap_or_default().changes;
        let run = || self.run_makefile(&makefile, settings, events);
        match version {
            BuildVersion::Original => self.without_changes(&changes, run),
            BuildVersion::Patched => self.with_changes(&changes, run),
        }
    }
}

/// Writes the makefile that compiles `objects`. What was made `anew` with the patches in other directories comes first.
fn makefile(
    last: &LastBuild,
    objects: &[Utf8PathBuf],
    version: BuildVersion,
    anew: bool,
) -> Result<Utf8PathBuf, BuildError> {
    let directory = last.lines(version);
    let overlay = (anew && version == BuildVersion::Patched).then_some(last.patched.as_path());
    let mut scripts = Scripts::new(&directory);
    for object in objects {
        let path = directory.join(object);
        atomic::remove_file(&path).map_err(BuildError::io(&path))?;
        let saved = match version {
            BuildVersion::Original => {
                SavedCommand::of_target(&last.original, object).map_err(ModuleError::from)?
            }
            BuildVersion::Patched => newest_command(&last.original, &last.patched, object)?,
        };
        match saved::compile_with_lines(&saved, &path, overlay) {
            Ok(command) => scripts.add(&path, "", &format!("CC      {object}"), &command)?,
            Err(ModuleError::NotCompiled { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    scripts.makefile()
}
