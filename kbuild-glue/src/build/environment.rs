//! Variables of the environment that scripts and Makefiles of the sources may read. Make does not know of them, so what was
//! made with another value would stay as it is.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use fs_err as fs;
use rayon::prelude::*;

use super::BuildError;
use crate::arch;
use crate::atomic;
use crate::make::FOREIGN;
use crate::mirror::Stamps;

/// In the directory of the original: a word of a script each, and behind it the digest of the variable of that name.
const LIST: &str = "environment.list";

/// The words of scripts, and what the variables of that name were when they ran.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Environment(BTreeMap<String, Option<String>>);

impl Environment {
    /// Looks for each of `variables` in the scripts of `sources`, which are in `root`.
    pub(super) fn of(
        root: &Utf8Path,
        sources: &Stamps,
        variables: &[(String, String)],
    ) -> Result<Self, BuildError> {
        let scripts: Vec<&Utf8Path> =
            sources.iter().map(|(path, _)| path).filter(|path| is_script(path)).collect();
        let read = |script: &&Utf8Path| -> Result<ScriptWords, BuildError> {
            let path = root.join(script);
            // A link that leads nowhere is no script.
            if !path.is_file() {
                return Ok(ScriptWords::default());
            }
            let text = fs::read(&path).map_err(BuildError::io(&path))?;
            Ok(ScriptWords::of(&text, is_makefile(script)))
        };
        let all = scripts.par_iter().map(read);
        let all = all.try_reduce(ScriptWords::default, |one, other| Ok(one.and(other)))?;
        let words = all.read.difference(&all.set).filter(|word| !FOREIGN.contains(&word.as_str()));
        let words = words.map(|word| (word.clone(), None));
        let mut words: BTreeMap<String, Option<String>> = words.collect();
        for (name, value) in variables {
            if let Some(was) = words.get_mut(name) {
                *was = Some(digest(value));
            }
        }
        Ok(Self(words))
    }

    /// Reads what was [written](Self::write); none where that is not there any more, or something else.
    pub(super) fn read(kept: &Utf8Path) -> Result<Option<Self>, BuildError> {
        let path = kept.join(LIST);
        let bytes = atomic::read_sealed(&path).map_err(BuildError::io(&path))?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let parse = |line: &str| match line.split_once('\t') {
            Some((word, digest)) => (word.to_owned(), Some(digest.to_owned())),
            None => (line.to_owned(), None),
        };
        Ok(text.map(|text| Self(text.lines().map(parse).collect())))
    }

    /// Writes it down beside what else is kept of the original.
    pub(super) fn write(&self, kept: &Utf8Path) -> Result<(), BuildError> {
        let path = kept.join(LIST);
        let mut text = String::new();
        for (word, digest) in &self.0 {
            text.push_str(word);
            if let Some(digest) = digest {
                text.extend(["\t", digest]);
            }
            text.push('\n');
        }
        atomic::write_sealed(&path, text.as_bytes()).map_err(BuildError::io(&path))
    }

    /// The first variable that a script may read and that has another value in `variables`, or none in one of the two.
    pub(super) fn difference(&self, variables: &[(String, String)]) -> Option<&str> {
        let now: BTreeMap<&str, &str> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let is_other = |(name, was): &(&String, &Option<String>)| {
            now.get(name.as_str()).map(|value| digest(value)) != **was
        };
        self.0.iter().find(is_other).map(|(name, _)| name.as_str())
    }
}

/// Words of scripts.
#[derive(Debug, Default)]
struct ScriptWords {
    read: BTreeSet<String>,
    /// Variables to which a Makefile gives a value, whatever the environment says.
    set: BTreeSet<String>,
}

impl ScriptWords {
    fn of(text: &[u8], is_makefile: bool) -> Self {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let words = text.split(|byte| !is_part(byte)).filter(|word| {
            word.first().is_some_and(|first| !first.is_ascii_digit()) && word.len() > 1
        });
        let owned = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let read = words.map(owned).collect();
        let lines = text.split(|byte| *byte == b'\n').filter(|_| is_makefile);
        Self { read, set: lines.filter_map(assigned).map(owned).collect() }
    }

    fn and(mut self, other: Self) -> Self {
        self.read.extend(other.read);
        self.set.extend(other.set);
        self
    }
}

/// The variable that a line of a Makefile sets: `NAME = value`, `NAME := value`, also behind `export`. An indented line
/// is a recipe, or stands under a condition.
fn assigned(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let end = line.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))?;
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_ascii_start();
    (!name.is_empty() && (rest.starts_with(b"=") || rest.starts_with(b":="))).then_some(name)
}

fn is_makefile(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    ["Makefile", "Kbuild"].iter().any(|start| name.starts_with(start))
        || path.extension() == Some("mk")
}

/// Whether the build runs or reads it, or makes a program of it that it runs.
fn is_script(path: &Utf8Path) -> bool {
    const TOOLS: [&str; 5] =
        ["tools/bpf/resolve_btfids", "tools/build", "tools/lib", "tools/objtool", "tools/scripts"];
    if arch::is_other(path) || path.starts_with("Documentation") {
        return false;
    }
    if path.starts_with("tools") {
        return TOOLS.iter().any(|tool| path.starts_with(tool));
    }
    is_makefile(path)
        || path.starts_with("scripts")
        || path.components().any(|component| component.as_str() == "tools")
        || matches!(path.extension(), Some("awk" | "pl" | "py" | "sh" | "tcl"))
}

fn digest(value: &str) -> String {
    blake3::hash(value.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makefiles_set() {
        let assigned = |line: &str| assigned(line.as_bytes()).map(<[u8]>::to_vec);
        assert_eq!(assigned("CC = gcc").unwrap(), b"CC");
        assert_eq!(assigned("export KBUILD_MODULES :=").unwrap(), b"KBUILD_MODULES");
        for line in ["CC ?= gcc", "CC += -g", "\tX=1 run", "all: CC", "ifeq (CC,=)", "= x"] {
            assert_eq!(assigned(line), None, "{line}");
        }
    }

    #[test]
    fn a_script_that_reads_a_variable() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs::create_dir(root.join("scripts")).unwrap();
        fs::write(root.join("scripts/gen.sh"), "echo \"${LEVEL:-0}\" $CC").unwrap();
        fs::write(root.join("Makefile"), "CC := gcc\n").unwrap();
        let words = ["scripts/gen.sh", "Makefile"].map(|script| {
            ScriptWords::of(&fs::read(root.join(script)).unwrap(), script == "Makefile")
        });
        let [one, other] = words;
        let all = one.and(other);
        let read = all.read.difference(&all.set).map(|word| (word.clone(), None)).collect();
        let mut environment = Environment(read);
        let variable = |value: &str| [("LEVEL".to_owned(), value.to_owned())];
        assert_eq!(environment.difference(&[("CC".to_owned(), "x".to_owned())]), None);
        assert_eq!(environment.difference(&variable("1")), Some("LEVEL"));
        environment.0.insert("LEVEL".to_owned(), Some(digest("1")));
        environment.write(root).unwrap();
        let environment = Environment::read(root).unwrap().unwrap();
        assert_eq!(environment.difference(&variable("1")), None);
        assert_eq!(environment.difference(&variable("2")), Some("LEVEL"));
        assert_eq!(environment.difference(&[]), Some("LEVEL"));
    }
}
