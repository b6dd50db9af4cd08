//! Kbuild's `.foo.o.cmd` files: the command that made a file, and what it was made from.
//!
//! The format is written by `scripts/basic/fixdep.c` and by the `if_changed` macros in
//! `scripts/Kbuild.include`. `cmd_` became `savedcmd_` in Linux 6.2.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use thiserror::Error;

/// One `.cmd` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCommand {
    /// What the command makes, relative to the output directory.
    pub target: Utf8PathBuf,
    /// The shell command, with make's escapes for `$` and `#` removed.
    pub command: String,
    /// The one source file of a compiled object.
    pub source: Option<Utf8PathBuf>,
    /// Everything else that the target was made from: headers, and `include/config/NAME` for
    /// each configuration option that the source asks for, in the order of the file.
    pub deps: Vec<Utf8PathBuf>,
}

/// Why a `.cmd` file cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CmdFileError {
    /// It has no `cmd_…` or `savedcmd_…` line.
    #[error("`{path}` is not a saved command of Kbuild")]
    NoCommand {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The file system refused.
    #[error("cannot read the saved command `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl CmdFileError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCommand { .. } => {
                Some("remove the file and its target, and let make build them again".to_owned())
            }
            Self::Io { .. } => None,
        }
    }
}

impl SavedCommand {
    /// Reads the `.cmd` file of a target: `fs/.foo.o.cmd` for `fs/foo.o`.
    pub fn of_target(output: &Utf8Path, target: &Utf8Path) -> Result<Self, CmdFileError> {
        Self::read(&cmd_path(&output.join(target)))
    }

    /// Reads a `.cmd` file.
    pub fn read(path: &Utf8Path) -> Result<Self, CmdFileError> {
        let bytes =
            fs::read(path).map_err(|source| CmdFileError::Io { path: path.to_owned(), source })?;
        Self::parse(&String::from_utf8_lossy(&bytes))
            .ok_or_else(|| CmdFileError::NoCommand { path: path.to_owned() })
    }

    /// Parses the text of a `.cmd` file; `None` when it holds no command.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = logical_lines(text);
        let (target, command) = lines.iter().find_map(|line| {
            let rest = line.strip_prefix("savedcmd_").or_else(|| line.strip_prefix("cmd_"))?;
            rest.split_once(" := ")
                .or_else(|| rest.split_once(" :="))
                .filter(|(target, _)| !target.is_empty() && !target.contains(char::is_whitespace))
        })?;
        let value = |prefix: &str| {
            lines.iter().find_map(|line| {
                let rest = line.strip_prefix(prefix)?.strip_prefix(target)?.trim_start();
                rest.strip_prefix(":=")
            })
        };
        let mut deps: Vec<Utf8PathBuf> = value("deps_").map(words).unwrap_or_default();
        // Dependencies that fixdep does not know stand in a rule of their own (objtool, 6.17+).
        let plain_rule = format!("{target}:");
        for line in &lines {
            if let Some(rest) = line.strip_prefix(plain_rule.as_str()) {
                deps.extend(words(rest).into_iter().filter(|word| !word.as_str().starts_with('$')));
            }
        }
        Some(Self {
            target: Utf8PathBuf::from(target),
            command: command.trim().replace("$(pound)", "#").replace("\\#", "#").replace("$$", "$"),
            source: value("source_").and_then(|text| words(text).into_iter().next()),
            deps,
        })
    }
}

/// The CRCs of what an object exports, which `CONFIG_MODVERSIONS` keeps with its command: lines
/// `#SYMVER NAME CRC` (scripts/Makefile.build, Linux 5.19 and later).
pub fn export_versions(
    output: &Utf8Path,
    object: &Utf8Path,
) -> Result<BTreeMap<String, u32>, CmdFileError> {
    let path = cmd_path(&output.join(object));
    let bytes = fs::read(&path).map_err(|source| CmdFileError::Io { path, source })?;
    Ok(versions(&String::from_utf8_lossy(&bytes)))
}

fn versions(text: &str) -> BTreeMap<String, u32> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("#SYMVER "));
    let versions = lines.filter_map(|line| {
        let (name, crc) = line.trim().split_once(' ')?;
        let crc = u32::from_str_radix(crc.trim().strip_prefix("0x")?, 16).ok()?;
        Some((name.to_owned(), crc))
    });
    versions.collect()
}

/// Where Kbuild keeps the command of a file.
#[must_use]
pub fn cmd_path(target: &Utf8Path) -> Utf8PathBuf {
    target.with_file_name(format!(".{}.cmd", target.file_name().unwrap_or_default()))
}

/// Joins lines that end in a backslash.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        if let Some(part) = line.strip_suffix('\\') {
            open.push_str(part);
            open.push(' ');
        } else {
            open.push_str(line);
            lines.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        lines.push(open);
    }
    lines
}

/// Splits at white space and looks into `$(wildcard …)`.
fn words(text: &str) -> Vec<Utf8PathBuf> {
    text.replace("$(wildcard", " ")
        .split_whitespace()
        .map(|word| {
            // A closing parenthesis belongs to the wildcard, unless the name itself opens one.
            if word.contains('(') { word } else { word.trim_end_matches(')') }
        })
        .filter(|word| !word.is_empty())
        .map(Utf8PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "cmd_fs/mbcache.o := gcc -Wp,-MMD,fs/.mbcache.o.d -DX='$(pound)' -DY=$$z -c -o fs/mbcache.o /src/fs/mbcache.c  ; ./tools/objtool/objtool fs/mbcache.o\n\n\
source_fs/mbcache.o := /src/fs/mbcache.c\n\n\
deps_fs/mbcache.o := \\\n    $(wildcard include/config/SMP) \\\n  /src/include/linux/kconfig.h \\\n    $(wildcard include/config/CPU_BIG_ENDIAN) \\\n\n\
fs/mbcache.o: $(deps_fs/mbcache.o)\n\n$(deps_fs/mbcache.o):\n\n\
fs/mbcache.o: $(wildcard ./tools/objtool/objtool)\n";

    #[test]
    fn old_and_new_names() {
        for text in [OLD.to_owned(), OLD.replacen("cmd_", "savedcmd_", 1)] {
            let saved = SavedCommand::parse(&text).unwrap();
            assert_eq!(saved.target, "fs/mbcache.o");
            assert!(saved.command.starts_with("gcc -Wp"), "{}", saved.command);
            assert!(saved.command.contains("-DX='#' -DY=$z"), "{}", saved.command);
            assert_eq!(saved.source.unwrap(), "/src/fs/mbcache.c");
            assert_eq!(
                saved.deps,
                [
                    "include/config/SMP",
                    "/src/include/linux/kconfig.h",
                    "include/config/CPU_BIG_ENDIAN",
                    "./tools/objtool/objtool"
                ]
            );
        }
    }

    #[test]
    fn link_command() {
        let text = "savedcmd_vmlinux.a := cat built-in-fixup.a > vmlinux.a\n";
        let saved = SavedCommand::parse(text).unwrap();
        assert_eq!((saved.target.as_str(), saved.source), ("vmlinux.a", None));
        assert_eq!(saved.command, "cat built-in-fixup.a > vmlinux.a");
        assert!(saved.deps.is_empty());
    }

    #[test]
    fn crcs_of_exports() {
        let text = format!("{OLD}#SYMVER mb_cache_create 0x12345678\n#SYMVER other rubbish\n");
        let versions = versions(&text);
        assert_eq!(versions.len(), 1);
        assert_eq!(versions.get("mb_cache_create"), Some(&0x1234_5678));
    }

    #[test]
    fn rubbish() {
        for text in
            ["", "\\", "cmd_", "cmd_ := x", "savedcmd_a b := c", ":=\n\\\n\\", "\u{0}\u{fffd}"]
        {
            assert_eq!(SavedCommand::parse(text), None, "{text:?}");
        }
        // A file cut in the middle still names its command.
        let cut = SavedCommand::parse(&OLD[..260]).unwrap();
        assert_eq!(cut.target, "fs/mbcache.o");
        assert_eq!(cmd_path(Utf8Path::new("fs/foo.o")), "fs/.foo.o.cmd");
    }
}
