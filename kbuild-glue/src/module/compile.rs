//! Compiles touched objects again, each function and variable in a section of its own.

use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::build::{BuildError, BuildSettings, Workspace};
use crate::cmd_file::SavedCommand;
use crate::event::Events;
use crate::patch::FileChange;

use super::saved;

impl Workspace {
    /// Compiles `objects` of the original kernel again, or, with `changes`, of the patched one.
    /// Returns their paths in the same order.
    pub fn compile_with_sections(
        &self,
        objects: &[Utf8PathBuf],
        changes: Option<&[FileChange]>,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<Vec<Utf8PathBuf>, BuildError> {
        let name = if changes.is_some() { "patched" } else { "original" };
        if changes.is_none() {
            self.new_log("module")?;
        }
        let directory = self.module_path().join(name);
        let failed = |path: &Utf8Path, source| BuildError::Io { path: path.to_owned(), source };
        crate::atomic::remove_dir(&directory).map_err(|source| failed(&directory, source))?;
        let mut rules = String::new();
        let mut paths = Vec::new();
        for object in objects {
            let path = directory.join(object);
            let command = if changes.is_some() {
                saved::compile(&self.saved_command(object)?, &path, Some(&self.patched_path()))?
            } else {
                let saved = SavedCommand::of_target(&self.build_path(), object)
                    .map_err(super::ModuleError::from)?;
                saved::compile(&saved, &path, None)?
            };
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
            }
            let script = Utf8PathBuf::from(format!("{path}.sh"));
            fs::write(&script, command + "\n").map_err(|source| failed(&script, source))?;
            // Writing to a string cannot fail.
            let _ = write!(rules, "{path}:\n\t@echo '  CC      {object}'\n\t@sh '{script}'\n");
            paths.push(path);
        }
        let targets: Vec<&str> = paths.iter().map(|path| path.as_str()).collect();
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
        Ok(paths)
    }
}
