//! Copies of the mini kernel, each in a directory of its own.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use crate::klp::{self, plain};
use crate::snapshot::Snapshot;
use crate::tools::finish;

/// A configured mini kernel.
#[derive(Debug)]
pub struct Kernel {
    /// Everything of this kernel is in here.
    pub directory: Utf8PathBuf,
    /// Its sources.
    pub source: Utf8PathBuf,
    /// Its output directory, the same as `source` for an in-tree build.
    pub output: Utf8PathBuf,
    _guard: TempDir,
}

impl Kernel {
    /// One that is configured in its source tree.
    pub fn in_tree() -> Result<Self> {
        Self::new("linux", "linux")
    }

    /// One with an output directory (`O=`).
    pub fn with_output() -> Result<Self> {
        Self::new("linux", "out")
    }

    /// One in a directory whose name ends words in Kbuild's records.
    pub fn with_odd_path() -> Result<Self> {
        Self::new("a=b/linux", "a=b/out")
    }

    fn new(source: &str, output: &str) -> Result<Self> {
        let (guard, directory) = temporary()?;
        let kernel = Self {
            source: directory.join(source),
            output: directory.join(output),
            directory,
            _guard: guard,
        };
        fs_err::create_dir_all(kernel.source.parent().unwrap_or(&kernel.directory))?;
        copy_mini_kernel(&kernel.source)?;
        kernel.make(&["defconfig"])?;
        Ok(kernel)
    }

    /// Whether it is built in its source tree.
    #[must_use]
    pub fn is_in_tree(&self) -> bool {
        self.source == self.output
    }

    /// Runs make as its user does.
    pub fn make(&self, arguments: &[&str]) -> Result<()> {
        let mut make = plain("make");
        make.args(["-s", "-j2", "-C", self.source.as_str()]).args(arguments);
        if !self.is_in_tree() {
            make.arg(format!("O={}", self.output));
        }
        finish(&mut make).map(drop)
    }

    /// `cargo-klp klp build -C … ARGUMENTS`.
    pub fn build<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Command> {
        let mut command = klp::klp(self.build_arguments())?;
        command.args(arguments);
        Ok(command)
    }

    /// `build -C … -O … -j 2 --message-format json`.
    #[must_use]
    pub fn build_arguments(&self) -> Vec<String> {
        let mut arguments = vec!["build".to_owned(), "-C".to_owned(), self.source.to_string()];
        if !self.is_in_tree() {
            arguments.extend(["-O".to_owned(), self.output.to_string()]);
        }
        arguments.extend(["-j2", "--message-format", "json"].map(str::to_owned));
        arguments
    }

    /// The set that a run writes.
    #[must_use]
    pub fn changed_functions(&self) -> Utf8PathBuf {
        self.output.join("changed-functions.json")
    }

    /// The directory of our own builds.
    #[must_use]
    pub fn work(&self) -> Utf8PathBuf {
        self.output.join(".klp")
    }

    /// The source tree without what the program may write there.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let ours: &[&str] =
            if self.is_in_tree() { &[".klp", "changed-functions.json"] } else { &[] };
        Snapshot::take(&self.source, ours)
    }

    /// Writes a patch that replaces `old` with `new` in one line of `file`, and returns its path.
    pub fn write_patch(&self, name: &str, file: &str, old: &str, new: &str) -> Result<Utf8PathBuf> {
        let text = fs_err::read_to_string(self.source.join(file))?;
        let found: Vec<(usize, &str)> =
            text.lines().enumerate().filter(|(_, line)| line.contains(old)).collect();
        ensure!(found.len() == 1, "`{old}` is in {} lines of {file}", found.len());
        let (index, before) = *found.first().context("no line")?;
        let (number, after) = (index.saturating_add(1), before.replace(old, new));
        let added = after.lines().count();
        let after = after.replace('\n', "\n+");
        let text = format!(
            "--- a/{file}\n+++ b/{file}\n@@ -{number},1 +{number},{added} @@\n-{before}\n+{after}\n"
        );
        let path = self.directory.join(name);
        fs_err::write(&path, text)?;
        Ok(path)
    }
}

/// Copies the sources of the mini kernel, times included.
pub fn copy_mini_kernel(to: &Utf8Path) -> Result<()> {
    let from = klp::root().join("examples/mini-kernel");
    finish(plain("cp").args(["-a", from.as_str(), to.as_str()])).map(drop)
}

/// A directory that goes away with the guard.
pub fn temporary() -> Result<(TempDir, Utf8PathBuf)> {
    let guard = tempfile::Builder::new().prefix("klp-test-").tempdir()?;
    let path = Utf8PathBuf::try_from(guard.path().canonicalize()?)?;
    Ok((guard, path))
}

/// A patch of `examples/patches`, by its name without suffix.
#[must_use]
pub fn example_patch(name: &str) -> Utf8PathBuf {
    klp::root().join("examples/patches").join(format!("{name}.patch"))
}

/// All patches of `examples/patches`.
pub fn example_patches() -> Result<Vec<Utf8PathBuf>> {
    let mut patches = Vec::new();
    for entry in fs_err::read_dir(klp::root().join("examples/patches"))? {
        let path = Utf8PathBuf::try_from(entry?.path())?;
        if path.extension() == Some("patch") {
            patches.push(path);
        }
    }
    patches.sort();
    ensure!(!patches.is_empty(), "no patches");
    Ok(patches)
}
