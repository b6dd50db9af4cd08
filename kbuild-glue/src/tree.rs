//! Where a kernel's sources and outputs are.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use fs_err as fs;
use thiserror::Error;

/// A kernel tree: sources, and the directory that make writes to.
///
/// Both paths are absolute and without symlinks. They are equal for an in-tree build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The directory with the top Makefile.
    pub source: Utf8PathBuf,
    /// The directory with `.config` and the objects.
    pub output: Utf8PathBuf,
}

/// Why a directory cannot be used as a kernel tree.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The directory is neither a source tree nor an output directory.
    #[error("no kernel source tree at `{path}`")]
    NotATree {
        /// What was given.
        path: Utf8PathBuf,
    },
    /// An output directory names a source tree that is not one (any more).
    #[error("`{output}` was built from `{source_tree}`, where no kernel source tree is")]
    SourceGone {
        /// The output directory.
        output: Utf8PathBuf,
        /// What its Makefile includes.
        source_tree: Utf8PathBuf,
    },
    /// A start inside an output directory was combined with another output directory.
    #[error("`{start}` is an output directory itself, so `{output}` cannot be its output")]
    TwoOutputs {
        /// What was given as the tree.
        start: Utf8PathBuf,
        /// What was given as the output.
        output: Utf8PathBuf,
    },
    /// A path is not UTF-8.
    #[error("the path of `{path}` is not UTF-8")]
    NotUtf8 {
        /// What was given.
        path: Utf8PathBuf,
    },
    /// The file system refused.
    #[error("cannot look at the kernel tree `{path}`")]
    Io {
        /// What was given.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl TreeError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotATree { .. } => Some(
                "run in a kernel tree or name one: the directory with the top Makefile, or the \
                 O= directory of a build"
                    .to_owned(),
            ),
            Self::SourceGone { output, .. } => Some(format!(
                "if the sources moved, run `make O={output} olddefconfig` in them once"
            )),
            Self::TwoOutputs { .. } => Some("name the source tree, or only the output".to_owned()),
            Self::NotUtf8 { .. } | Self::Io { .. } => None,
        }
    }
}

impl Tree {
    /// Finds the tree that `start` is: its source, or the `O=` directory of a build.
    ///
    /// `output` is the `O=` directory for a `start` that is a source tree; without it the build
    /// is taken to be in-tree. The output need not exist.
    pub fn find(start: &Utf8Path, output: Option<&Utf8Path>) -> Result<Self, TreeError> {
        let start = canonical(start)?;
        let makefile =
            read_makefile(&start)?.ok_or_else(|| TreeError::NotATree { path: start.clone() })?;
        if let Some(source) = included_source(&makefile) {
            let source_tree = start.join(source);
            let gone = || TreeError::SourceGone {
                output: start.clone(),
                source_tree: source_tree.clone(),
            };
            let source = canonical(&source_tree).map_err(|_| gone())?;
            if !read_makefile(&source)?.is_some_and(|text| is_top_makefile(&text)) {
                return Err(gone());
            }
            if let Some(output) = output
                && canonical(output).ok().as_ref() != Some(&start)
            {
                return Err(TreeError::TwoOutputs { start, output: output.to_owned() });
            }
            return Ok(Self { source, output: start });
        }
        if !is_top_makefile(&makefile) {
            return Err(TreeError::NotATree { path: start });
        }
        let output = match output {
            None => start.clone(),
            Some(output) => resolved(output)?,
        };
        Ok(Self { source: start, output })
    }

    /// The file with the configuration.
    #[must_use]
    pub fn config_path(&self) -> Utf8PathBuf {
        self.output.join(".config")
    }

    /// Whether outputs lie between the sources, or once did.
    #[must_use]
    pub fn is_built_in_tree(&self) -> bool {
        self.source.join(".config").exists() || self.source.join("include/config").exists()
    }

    /// The version that the top Makefile states, for example `6.1.158` or `7.2.0-rc3`.
    pub fn kernel_version(&self) -> Result<String, TreeError> {
        let makefile = read_makefile(&self.source)?
            .ok_or_else(|| TreeError::NotATree { path: self.source.clone() })?;
        Ok(version(&makefile))
    }

    /// The same of any directory with the top Makefile, such as that of a package of headers.
    pub(crate) fn version_in(directory: &Utf8Path) -> Option<String> {
        let makefile = read_makefile(directory).ok()??;
        is_top_makefile(&makefile).then(|| version(&makefile))
    }

    /// Whether the top Makefile has a rule for `target`, such as `vmlinux_o` (Linux 5.19+).
    pub fn has_target(&self, target: &str) -> Result<bool, TreeError> {
        let makefile = read_makefile(&self.source)?.unwrap_or_default();
        Ok(makefile.lines().any(|line| {
            !line.starts_with('\t')
                && line.split_once(':').is_some_and(|(targets, rest)| {
                    !rest.starts_with('=') && targets.split_whitespace().any(|name| name == target)
                })
        }))
    }
}

/// The absolute path, without symlinks and `..`, of a directory that need not exist, its parents included. Make and
/// compilers name directories like that, and records of theirs are looked up by it.
pub fn resolved(output: &Utf8Path) -> Result<Utf8PathBuf, TreeError> {
    if output.exists() {
        return canonical(output);
    }
    let absolute = camino::absolute_utf8(output)
        .map_err(|source| TreeError::Io { path: output.to_owned(), source })?;
    let Some(existing) = absolute.ancestors().find(|path| path.exists()) else {
        return Ok(absolute);
    };
    let rest = absolute.strip_prefix(existing).unwrap_or(Utf8Path::new(""));
    // Only what exists can hold symlinks.
    let mut path = canonical(existing)?;
    for part in rest.components() {
        match part {
            Utf8Component::ParentDir => drop(path.pop()),
            other => path.push(other),
        }
    }
    Ok(path)
}

fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf, TreeError> {
    let canonical = match fs::canonicalize(path) {
        Ok(canonical) => canonical,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(TreeError::NotATree { path: path.to_owned() });
        }
        Err(source) => {
            return Err(TreeError::Io { path: path.to_owned(), source });
        }
    };
    Utf8PathBuf::from_path_buf(canonical).map_err(|_| TreeError::NotUtf8 { path: path.to_owned() })
}

/// The top Makefile as text; `None` when there is none.
fn read_makefile(directory: &Utf8Path) -> Result<Option<String>, TreeError> {
    match fs::read(directory.join("Makefile")) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => match error.kind() {
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::NotADirectory
            | std::io::ErrorKind::IsADirectory => Ok(None),
            _ => Err(TreeError::Io { path: directory.to_owned(), source: error }),
        },
    }
}

fn version(makefile: &str) -> String {
    let value = |name| makefile_value(makefile, name).unwrap_or_default();
    let mut version = value("VERSION").to_owned();
    for part in ["PATCHLEVEL", "SUBLEVEL"] {
        if !value(part).is_empty() {
            version.push('.');
            version.push_str(value(part));
        }
    }
    version.push_str(value("EXTRAVERSION"));
    version
}

/// A kernel's top Makefile states its version first. No other Makefile of the tree does.
fn is_top_makefile(text: &str) -> bool {
    makefile_value(text, "VERSION").is_some_and(|value| !value.is_empty())
        && makefile_value(text, "PATCHLEVEL").is_some_and(|value| !value.is_empty())
}

/// The value of a plain `NAME = value` line.
fn makefile_value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?.trim_start();
        let value = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('='))?;
        Some(value.split('#').next().unwrap_or_default().trim())
    })
}

/// The source tree that the generated Makefile of an output directory includes.
fn included_source(makefile: &str) -> Option<&str> {
    makefile
        .lines()
        .take(20)
        .find_map(|line| line.strip_prefix("include ")?.trim().strip_suffix("/Makefile"))
        .filter(|source| source.starts_with('/') || source.starts_with('.'))
        .filter(|_| !is_top_makefile(makefile))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 158\nEXTRAVERSION = -rc1\n\
                       \nPHONY += vmlinux_o\nvmlinux_o: vmlinux.a\n\t@echo other: x\nx := modules:\n";

    fn directory() -> (tempfile::TempDir, Utf8PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        (temporary, path)
    }

    #[test]
    fn in_tree_and_output() {
        let (_guard, root) = directory();
        let (source, output) = (root.join("src"), root.join("out"));
        fs::create_dir_all(&source).unwrap();
        fs::create_dir_all(&output).unwrap();
        fs::write(source.join("Makefile"), TOP).unwrap();
        fs::write(
            output.join("Makefile"),
            format!(
                "# Automatically generated\nexport KBUILD_OUTPUT = /x\ninclude {source}/Makefile\n"
            ),
        )
        .unwrap();

        let tree = Tree::find(&source, None).unwrap();
        assert_eq!(tree.output, source);
        assert_eq!(tree.kernel_version().unwrap(), "6.1.158-rc1");
        assert!(tree.has_target("vmlinux_o").unwrap());
        assert!(!tree.has_target("modules").unwrap());
        assert!(!tree.has_target("x").unwrap());

        let split = Tree { source: source.clone(), output: output.clone() };
        assert_eq!(Tree::find(&output, None).unwrap(), split);
        assert_eq!(Tree::find(&source, Some(&output)).unwrap(), split);
        let later = Tree::find(&source, Some(&root.join("not/yet"))).unwrap();
        assert_eq!(later.output, root.join("not/yet"));
        assert!(matches!(
            Tree::find(&output, Some(&root.join("other"))),
            Err(TreeError::TwoOutputs { .. })
        ));

        fs::remove_file(source.join("Makefile")).unwrap();
        assert!(matches!(Tree::find(&output, None), Err(TreeError::SourceGone { .. })));
    }

    #[test]
    fn not_a_tree() {
        let (_guard, root) = directory();
        let error = Tree::find(&root, None).unwrap_err();
        assert!(matches!(error, TreeError::NotATree { .. }));
        assert!(error.hint().is_some());
        assert!(matches!(Tree::find(&root.join("nowhere"), None), Err(TreeError::NotATree { .. })));
        fs::write(root.join("Makefile"), "all:\n\tcc x.c\n").unwrap();
        assert!(matches!(Tree::find(&root, None), Err(TreeError::NotATree { .. })));
    }
}
