//! Compiles touched objects again, each function and variable in a section of its own.

use camino::{Utf8Path, Utf8PathBuf};

use crate::build::{BuildError, BuildSettings};
use crate::event::BuildEvents;
use crate::last_build::BuildVersion;
use crate::patch::FileChange;
use crate::scripts::Scripts;

use super::{Workshop, saved};

/// An object that was compiled again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recompiled {
    /// With each function and variable in a section of its own.
    pub object: Utf8PathBuf,
    /// Another file with the debug information, where that would change the code.
    pub types: Option<Utf8PathBuf>,
}

/// Where objects go that are compiled again in the workshop `directory`.
pub(crate) fn with_sections(directory: &Utf8Path, version: BuildVersion) -> Utf8PathBuf {
    directory.join(match version {
        BuildVersion::Original => "original",
        BuildVersion::Patched => "patched",
    })
}

impl Workshop<'_> {
    /// Compiles `objects` of the original again, or, with `changes`, of the patched build. Returns them in the same order.
    pub fn compile_with_sections(
        &self,
        objects: &[Utf8PathBuf],
        changes: Option<&[FileChange]>,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<Vec<Recompiled>, BuildError> {
        let version =
            if changes.is_some() { BuildVersion::Patched } else { BuildVersion::Original };
        if version == BuildVersion::Original {
            self.new_log()?;
        }
        let directory = with_sections(self.directory(), version);
        let mut scripts = Scripts::in_empty(&directory)?;
        let mut found = Vec::new();
        for object in objects {
            let path = directory.join(object);
            // rustc names what it makes and removes in the current directory after the crate, so one waits for the other.
            let types = directory.join("types").join(object);
            let (saved, overlay) = if changes.is_some() {
                (self.saved_command(object)?, self.overlay())
            } else {
                (self.original_command(object)?, None)
            };
            let again = saved::compile(&saved, &path, &types, overlay)?;
            let compiler = if again.types.is_some() { "RUSTC  " } else { "CC     " };
            scripts.add(&path, "", &format!("{compiler} {object}"), &again.code)?;
            let types = again.types.map(|command| {
                let what = format!("{compiler} {object} (types)");
                scripts.add(&types, &format!(" {path}"), &what, &command).map(|()| types)
            });
            found.push(Recompiled { object: path, types: types.transpose()? });
        }
        self.run_with(changes, &scripts.makefile()?, settings, events)?;
        Ok(found)
    }
}
