//! Compiles touched objects again, each function and variable in a section of its own.

use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::build::{BuildError, BuildSettings, Workspace};
use crate::cmd_file::SavedCommand;
use crate::event::Events;
use crate::patch::FileChange;

use super::saved;

/// An object that was compiled again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recompiled {
    /// With each function and variable in a section of its own.
    pub object: Utf8PathBuf,
    /// Another file with the debug information, where that would change the code.
    pub types: Option<Utf8PathBuf>,
}

impl Workspace {
    /// Compiles `objects` of the original kernel again, or, with `changes`, of the patched one.
    /// Returns them in the same order.
    pub fn compile_with_sections(
        &self,
        objects: &[Utf8PathBuf],
        changes: Option<&[FileChange]>,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<Vec<Recompiled>, BuildError> {
        let name = if changes.is_some() { "patched" } else { "original" };
        if changes.is_none() {
            self.new_log("module")?;
        }
        let directory = self.module_path().join(name);
        let failed = |path: &Utf8Path, source| BuildError::Io { path: path.to_owned(), source };
        crate::atomic::remove_dir(&directory).map_err(|source| failed(&directory, source))?;
        let mut rules = String::new();
        let mut targets = Vec::new();
        let mut found = Vec::new();
        let mut rule =
            |path: &Utf8Path, after: &str, what: &str, command: String| -> Result<(), BuildError> {
                let script = Utf8PathBuf::from(format!("{path}.sh"));
                fs::write(&script, command + "\n").map_err(|source| failed(&script, source))?;
                // Writing to a string cannot fail.
                let _ = write!(rules, "{path}:{after}\n\t@echo '  {what}'\n\t@sh '{script}'\n");
                targets.push(path.to_string());
                Ok(())
            };
        for object in objects {
            let path = directory.join(object);
            // rustc names what it makes and removes in the current directory after the crate, so one waits for the other.
            let types = directory.join("types").join(object);
            let overlay = self.patched_path();
            let (saved, overlay) = if changes.is_some() {
                (self.saved_command(object)?, Some(overlay.as_path()))
            } else {
                let saved = SavedCommand::of_target(&self.build_path(), object);
                (saved.map_err(super::ModuleError::from)?, None)
            };
            let again = saved::compile(&saved, &path, &types, overlay)?;
            let parents = [Some(&path), again.types.as_ref().map(|_| &types)];
            for parent in parents.into_iter().flatten().filter_map(|path| path.parent()) {
                fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
            }
            let compiler = if again.types.is_some() { "RUSTC  " } else { "CC     " };
            rule(&path, "", &format!("{compiler} {object}"), again.code)?;
            let types = again.types.map(|command| {
                let what = format!("{compiler} {object} (types)");
                rule(&types, &format!(" {path}"), &what, command).map(|()| types)
            });
            found.push(Recompiled { object: path, types: types.transpose()? });
        }
        let text = format!(".PHONY: all\nall: {}\n{rules}", targets.join(" "));
        let makefile = directory.join("Makefile");
        fs::create_dir_all(&directory).map_err(|source| failed(&directory, source))?;
        fs::write(&makefile, text).map_err(|source| failed(&makefile, source))?;
        match changes {
            None => self.run_makefile(&makefile, settings, events)?,
            Some(changes) => {
                self.with_changes(changes, changes, || {
                    self.run_makefile(&makefile, settings, events)
                })?;
            }
        }
        Ok(found)
    }
}
