//! Where a livepatch is made: objects are compiled again there, and what was cut out of them is linked. Of a kernel that
//! we build, and of a module outside of its tree, whose kernel is only read.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::build::{Basis, BuildError, BuildSettings, ModuleWorkspace, OriginalBuild, Workspace};
use crate::cmd_file::SavedCommand;
use crate::event::BuildEvents;
use crate::patch::FileChange;

use super::{ModuleError, newest_command};

/// The place, and where both builds are.
#[derive(Debug)]
pub struct Workshop<'a> {
    /// All that is made there.
    directory: Utf8PathBuf,
    original: Utf8PathBuf,
    patched: Utf8PathBuf,
    maker: Maker<'a>,
}

/// Whose sources are patched while patched objects are compiled.
#[derive(Debug)]
enum Maker<'a> {
    Kernel { workspace: &'a Workspace, basis: Arc<Basis> },
    Module(&'a ModuleWorkspace),
}

impl Workspace {
    /// Where livepatches of `original` are made.
    #[must_use]
    pub fn workshop(&self, original: &OriginalBuild) -> Workshop<'_> {
        Workshop {
            directory: self.module_path(),
            original: self.build_path(),
            patched: self.patched_path(),
            maker: Maker::Kernel { workspace: self, basis: Arc::clone(&original.basis) },
        }
    }
}

impl ModuleWorkspace {
    /// Where livepatches of the module are made.
    #[must_use]
    pub fn workshop(&self) -> Workshop<'_> {
        Workshop {
            directory: self.livepatch_path(),
            original: self.original_path(),
            patched: self.build_path(),
            maker: Maker::Module(self),
        }
    }
}

impl Workshop<'_> {
    /// The directory of what is made.
    #[must_use]
    pub fn directory(&self) -> &Utf8Path {
        &self.directory
    }

    /// The output directory of the kernel that modules are built for.
    #[must_use]
    pub fn kernel(&self) -> Utf8PathBuf {
        match &self.maker {
            Maker::Kernel { workspace, .. } => workspace.build_path(),
            Maker::Module(workspace) => workspace.kernel().output.clone(),
        }
    }

    /// The source file that `object` of the patched build is made from; none where Kbuild does not say.
    pub fn source_of(&self, object: &Utf8Path) -> Result<Option<Utf8PathBuf>, BuildError> {
        Ok(self.saved_command(object)?.source)
    }

    /// How `object` of the patched build was made: as in the original, unless it was made anew.
    pub(super) fn saved_command(&self, object: &Utf8Path) -> Result<SavedCommand, ModuleError> {
        newest_command(&self.original, &self.patched, object)
    }

    /// How `object` of the original was made.
    pub(super) fn original_command(&self, object: &Utf8Path) -> Result<SavedCommand, ModuleError> {
        Ok(SavedCommand::of_target(&self.original, object)?)
    }

    /// What was made anew with the patches, where objects look for such things in other directories than those that the
    /// patches change.
    pub(super) fn overlay(&self) -> Option<&Utf8Path> {
        matches!(self.maker, Maker::Kernel { .. }).then_some(&self.patched)
    }

    /// Begins another log of what is made.
    pub(super) fn new_log(&self) -> Result<(), BuildError> {
        match &self.maker {
            Maker::Kernel { workspace, .. } => workspace.new_log(LOG),
            Maker::Module(workspace) => workspace.new_log(LOG),
        }
    }

    /// Runs a makefile of commands that Kbuild saved, where it ran them.
    pub(super) fn run_makefile(
        &self,
        makefile: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        match &self.maker {
            Maker::Kernel { workspace, .. } => workspace.run_makefile(makefile, settings, events),
            Maker::Module(workspace) => workspace.run_makefile(makefile, settings, events),
        }
    }

    /// The same while the sources have `changes`, or are those of the original.
    pub(super) fn run_with(
        &self,
        changes: Option<&[FileChange]>,
        makefile: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let mut run = || self.run_makefile(makefile, settings, events);
        match (&self.maker, changes) {
            (Maker::Kernel { .. }, None) => run(),
            (Maker::Kernel { basis, .. }, Some(changes)) => {
                basis.with_changes(changes, changes, run)
            }
            (Maker::Module(workspace), changes) => {
                workspace.bring_sources(changes.unwrap_or_default())?;
                run()
            }
        }
    }

    /// Builds the module in `directory` with `output` as the kernel's output directory.
    pub(super) fn make_module(
        &self,
        output: &Utf8Path,
        directory: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        match &self.maker {
            Maker::Kernel { workspace, .. } => {
                workspace.make_module(output, directory, settings, events)
            }
            Maker::Module(workspace) => workspace.make_module(output, directory, settings, events),
        }
    }
}

const LOG: &str = "module";
