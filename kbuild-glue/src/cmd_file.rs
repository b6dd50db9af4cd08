//! Kbuild's `.foo.o.cmd` files: the command that made a file, and what it was made from.
//!
//! The format is written by `scripts/basic/fixdep.c` and by the `if_changed` macros in
//! `scripts/Kbuild.include`. `cmd_` became `savedcmd_` in Linux 6.2.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};

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
        source: io::Error,
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

    /// Reads a `.cmd` file, no further than to what is looked for: a list of headers follows, which is most of it.
    pub fn read(path: &Utf8Path) -> Result<Self, CmdFileError> {
        let failed = |source| CmdFileError::Io { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(failed)?;
        let saved = Self::parse(BufReader::new(file)).map_err(failed)?;
        saved.ok_or_else(|| CmdFileError::NoCommand { path: path.to_owned() })
    }

    /// Parses a `.cmd` file; `None` when it holds no command.
    pub fn parse(input: impl BufRead) -> io::Result<Option<Self>> {
        let mut lines = logical_lines(input);
        let Some(Self { target, command, .. }) = lines
            .by_ref()
            .find_map(|line| line.map(|line| Self::of_line(&line)).transpose())
            .transpose()?
        else {
            return Ok(None);
        };
        let mut source = None;
        let prefix = format!("source_{target} :=");
        for line in lines {
            if let Some(path) = line?.strip_prefix(prefix.as_str()) {
                source = Some(path.trim()).filter(|path| !path.is_empty()).map(Utf8PathBuf::from);
                break;
            }
        }
        Ok(Some(Self { target, command, source }))
    }

    /// What the line of the command says.
    fn of_line(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("savedcmd_").or_else(|| line.strip_prefix("cmd_"))?;
        let (target, command) = rest.split_once(" := ").or_else(|| rest.split_once(" :="))?;
        if target.is_empty() || target.contains(char::is_whitespace) {
            return None;
        }
        let command =
            command.trim().replace("$(pound)", "#").replace("\\#", "#").replace("$$", "$");
        Some(Self { target: target.into(), command, source: None })
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
fn logical_lines(mut input: impl BufRead) -> impl Iterator<Item = io::Result<String>> {
    std::iter::from_fn(move || {
        let mut bytes = Vec::new();
        loop {
            match input.read_until(b'\n', &mut bytes) {
                Ok(0) if bytes.is_empty() => return None,
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            let is_whole = bytes.pop_if(|last| *last == b'\n').is_some();
            if !is_whole || bytes.last() != Some(&b'\\') {
                break;
            }
            bytes.pop();
            bytes.push(b' ');
        }
        Some(Ok(String::from_utf8_lossy(&bytes).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<SavedCommand> {
        SavedCommand::parse(text.as_bytes()).unwrap()
    }

    const OLD: &str = "cmd_fs/mbcache.o := gcc -Wp,-MMD,fs/.mbcache.o.d -DX='$(pound)' -DY=$$z -c -o fs/mbcache.o /src/fs/mbcache.c  ; ./tools/objtool/objtool fs/mbcache.o\n\n\
source_fs/mbcache.o := /src/fs/mbcache.c\n\n\
deps_fs/mbcache.o := \\\n    $(wildcard include/config/SMP) \\\n  /src/include/linux/kconfig.h \\\n    $(wildcard include/config/CPU_BIG_ENDIAN) \\\n\n\
fs/mbcache.o: $(deps_fs/mbcache.o)\n\n$(deps_fs/mbcache.o):\n\n\
fs/mbcache.o: $(wildcard ./tools/objtool/objtool)\n";

    #[test]
    fn old_and_new_names() {
        for text in [OLD.to_owned(), OLD.replacen("cmd_", "savedcmd_", 1)] {
            let saved = parse(&text).unwrap();
            assert_eq!(saved.target, "fs/mbcache.o");
            assert!(saved.command.starts_with("gcc -Wp"), "{}", saved.command);
            assert!(saved.command.contains("-DX='#' -DY=$z"), "{}", saved.command);
            assert_eq!(saved.source.unwrap(), "/src/fs/mbcache.c");
        }
    }

    #[test]
    fn link_command() {
        let text = "savedcmd_vmlinux.a := cat built-in-fixup.a > vmlinux.a\n";
        let saved = parse(text).unwrap();
        assert_eq!((saved.target.as_str(), saved.source), ("vmlinux.a", None));
        assert_eq!(saved.command, "cat built-in-fixup.a > vmlinux.a");
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
            assert_eq!(parse(text), None, "{text:?}");
        }
        // A file cut in the middle still names its command.
        let cut = parse(&OLD[..260]).unwrap();
        assert_eq!(cut.target, "fs/mbcache.o");
        assert_eq!(cmd_path(Utf8Path::new("fs/foo.o")), "fs/.foo.o.cmd");
    }
}
