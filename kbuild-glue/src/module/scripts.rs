//! Commands that a make of ours runs, each as a script for a shell.

use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::build::BuildError;

/// Scripts, and what each makes.
pub(super) struct Scripts {
    directory: Utf8PathBuf,
    rules: String,
    targets: Vec<String>,
}

impl Scripts {
    /// None yet. All that they make is in `directory`.
    pub(super) fn new(directory: Utf8PathBuf) -> Self {
        Self { directory, rules: String::new(), targets: Vec::new() }
    }

    /// Adds the one that makes `path` with `command`, `after` others, and says `what` it does.
    pub(super) fn add(
        &mut self,
        path: &Utf8Path,
        after: &str,
        what: &str,
        command: String,
    ) -> Result<(), BuildError> {
        let parent = path.parent().unwrap_or(path);
        fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        let script = Utf8PathBuf::from(format!("{path}.sh"));
        fs::write(&script, command + "\n").map_err(|source| failed(&script, source))?;
        // Writing to a string cannot fail.
        let _ = write!(self.rules, "{path}:{after}\n\t@echo '  {what}'\n\t@sh '{script}'\n");
        self.targets.push(path.to_string());
        Ok(())
    }

    /// Writes the makefile that runs all of them.
    pub(super) fn makefile(self) -> Result<Utf8PathBuf, BuildError> {
        let Self { directory, rules, targets } = self;
        let text = format!(".PHONY: all\nall: {}\n{rules}", targets.join(" "));
        let makefile = directory.join("Makefile");
        fs::create_dir_all(&directory).map_err(|source| failed(&directory, source))?;
        fs::write(&makefile, text).map_err(|source| failed(&makefile, source))?;
        Ok(makefile)
    }
}

pub(super) fn failed(path: &Utf8Path, source: std::io::Error) -> BuildError {
    BuildError::Io { path: path.to_owned(), source }
}
