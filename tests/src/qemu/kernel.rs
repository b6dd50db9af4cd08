//! The built kernels that cases run on.

use camino::{Utf8Path, Utf8PathBuf};

use crate::tools;

/// A built kernel.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// What the tests call it.
    pub name: String,
    /// Its output directory.
    pub output: Utf8PathBuf,
    /// Where `cargo klp build` works, if not there.
    pub target: Option<Utf8PathBuf>,
    /// Make variables, such as `LLVM=-19`.
    pub variables: Vec<String>,
    /// Where the logs of its guests go: they outlive the tests that they explain.
    pub logs: Utf8PathBuf,
}

impl Kernel {
    /// Those of `CARGO_KLP_QEMU`: `OUTPUT[,target-dir=DIR][,VAR=VALUE…][;…]`. None if it is not set.
    /// Logs go to directories of their names in `logs`.
    #[must_use]
    pub fn named(logs: &Utf8Path) -> Vec<Self> {
        let list = tools::variable("CARGO_KLP_QEMU").unwrap_or_default();
        list.split(';')
            .filter(|entry| !entry.is_empty())
            .map(|entry| Self::parse(entry, logs))
            .collect()
    }

    fn parse(entry: &str, logs: &Utf8Path) -> Self {
        let mut words = entry.split(',');
        let output = Utf8Path::new(words.next().unwrap_or_default()).to_owned();
        let name = output.file_name().unwrap_or("kernel").to_owned();
        let mut kernel =
            Self { logs: logs.join(&name), name, output, target: None, variables: Vec::new() };
        for word in words {
            match word.strip_prefix("target-dir=") {
                Some(directory) => kernel.target = Some(directory.into()),
                None => kernel.variables.push(word.to_owned()),
            }
        }
        kernel
    }

    /// Where `cargo klp build` works.
    #[must_use]
    pub fn workspace(&self) -> Utf8PathBuf {
        self.target.clone().unwrap_or_else(|| self.output.join(".klp"))
    }

    /// Why no case can run on it; none if it can.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let config = self.output.join(".config");
        (!config.is_file()).then(|| format!("{config} is not there"))
    }
}
