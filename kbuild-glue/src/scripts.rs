//! Commands that a make of ours runs, each as a script for a shell.

use std::fmt::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::build::BuildError;

/// Scripts, and what each makes.
pub(crate) struct Scripts {
    directory: Utf8PathBuf,
    rules: String,
    targets: Vec<String>,
}

impl Scripts {
    /// None yet. They are written into `directory`.
    pub(crate) fn new(directory: &Utf8Path) -> Self {
        Self { directory: directory.to_owned(), rules: String::new(), targets: Vec::new() }
    }

    /// The same, in a directory that has nothing else.
    pub(crate) fn in_empty(directory: &Utf8Path) -> Result<Self, BuildError> {
        crate::atomic::remove_dir(directory).map_err(BuildError::io(directory))?;
        Ok(Self::new(directory))
    }

    /// Adds the one that makes `path` with `command`, `after` others, and says `what` it does.
    pub(crate) fn add(
        &mut self,
        path: &Utf8Path,
        after: &str,
        what: &str,
        command: &str,
    ) -> Result<(), BuildError> {
        self.write(path, after, &format!("@echo '  {what}'\n\t@"), command)
    }

    /// Adds one that may fail and says nothing.
    pub(crate) fn add_perhaps(&mut self, path: &Utf8Path, command: &str) -> Result<(), BuildError> {
        self.write(path, "", "-@", command)
    }

    fn write(
        &mut self,
        path: &Utf8Path,
        after: &str,
        before: &str,
        command: &str,
    ) -> Result<(), BuildError> {
        for directory in [path.parent().unwrap_or(path), &self.directory] {
            fs::create_dir_all(directory).map_err(BuildError::io(directory))?;
        }
        let script = self.directory.join(format!("{}.sh", self.targets.len()));
        fs::write(&script, format!("{command}\n")).map_err(BuildError::io(&script))?;
        // Writing to a string cannot fail.
        let _ = write!(self.rules, "{path}:{after}\n\t{before}sh '{script}'\n");
        self.targets.push(path.to_string());
        Ok(())
    }

    /// Writes the makefile that runs all of them, whether what they make is there or not.
    pub(crate) fn makefile(self) -> Result<Utf8PathBuf, BuildError> {
        let Self { directory, rules, targets } = self;
        let targets = targets.join(" ");
        let makefile = directory.join("Makefile");
        fs::create_dir_all(&directory).map_err(BuildError::io(&directory))?;
        fs::write(&makefile, format!(".PHONY: all {targets}\nall: {targets}\n{rules}"))
            .map_err(BuildError::io(&makefile))?;
        Ok(makefile)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn all_are_run_again_and_some_may_fail() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (made, needed) = (root.join("a/made.o"), root.join("a/needed.o"));
        let run = |command: &str| {
            let mut scripts = Scripts::in_empty(&root.join("scripts")).unwrap();
            scripts.add_perhaps(&root.join("b/perhaps.o"), "exit 1").unwrap();
            scripts.add(&made, "", "CC made", &format!("echo new > '{made}'")).unwrap();
            scripts.add(&needed, &format!(" {made}"), "CC needed", command).unwrap();
            let makefile = scripts.makefile().unwrap();
            let output = Command::new("make").args(["-s", "-f", makefile.as_str()]).output();
            output.unwrap().status.success()
        };
        assert!(run(&format!("mv '{made}' '{needed}'; echo old > '{made}'")));
        assert_eq!(fs::read_to_string(&needed).unwrap(), "new\n");
        assert!(run(&format!("test \"$(cat '{made}')\" = new")));
        assert!(!run("exit 1"));
    }
}
