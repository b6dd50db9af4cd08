//! What bitcode objects of an LTO build define, as the nm of the LLVM that made them says.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

use crate::cmd_file::SavedCommand;

/// How LLVM bitcode starts, in its plain and its wrapped form (`llvm/BinaryFormat/Magic.h`).
const MAGIC: [&[u8]; 2] = [b"BC\xc0\xde", b"\xde\xc0\x17\x0b"];

/// A symbol that a bitcode object defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitcodeSymbol {
    /// The number of the object.
    pub object: usize,
    /// The name.
    pub name: String,
    /// The letter of nm: lower case for local symbols, `W` and `V` for weak ones.
    pub letter: char,
}

/// Why the symbols are not known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BitcodeError {
    /// The command that linked the kernel names no LLVM linker.
    #[error("no command in `{output}` tells which LLVM made `{object}`")]
    NoLinker {
        /// The output directory.
        output: Utf8PathBuf,
        /// A bitcode object.
        object: Utf8PathBuf,
    },
    /// nm cannot be run.
    #[error("cannot run `{program}`")]
    Run {
        /// The program.
        program: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// nm cannot read the objects.
    #[error("`{program}` failed: {message}")]
    Failed {
        /// The program.
        program: Utf8PathBuf,
        /// What it said.
        message: String,
    },
}

impl BitcodeError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Run { program, source } if source.kind() == std::io::ErrorKind::NotFound => {
                Some(format!("install {program}: it belongs to the LLVM that built the kernel"))
            }
            _ => None,
        }
    }
}

/// Whether `start`, the first bytes of an object, begin bitcode.
#[must_use]
pub fn is_bitcode(start: &[u8]) -> bool {
    MAGIC.iter().any(|magic| start.starts_with(magic))
}

/// What bitcode `objects` define. Each comes with a number for the answer. `root` is the output directory
/// of the build that made them.
pub fn bitcode_symbols(
    root: &Utf8Path,
    objects: &[(usize, Utf8PathBuf)],
) -> Result<Vec<BitcodeSymbol>, BitcodeError> {
    let Some((_, first)) = objects.first() else { return Ok(Vec::new()) };
    let program = nm(root)
        .ok_or_else(|| BitcodeError::NoLinker { output: root.to_owned(), object: first.clone() })?;
    let failed = |source| BitcodeError::Run { program: program.clone(), source };
    // More paths than a command line holds.
    let mut list = tempfile::NamedTempFile::new().map_err(failed)?;
    for (_, object) in objects {
        writeln!(list, "{object}").map_err(failed)?;
    }
    list.flush().map_err(failed)?;
    let result = Command::new(&program)
        .args(["--defined-only", "--no-sort", "--print-file-name", "--format=bsd"])
        .arg(format!("@{}", list.path().display()))
        .stdin(Stdio::null())
        .output()
        .map_err(failed)?;
    if !result.status.success() {
        let message = String::from_utf8_lossy(&result.stderr);
        let message = message.lines().next().unwrap_or_default().to_owned();
        return Err(BitcodeError::Failed { program, message });
    }
    let names: HashMap<String, usize> =
        objects.iter().map(|(index, object)| (object.to_string(), *index)).collect();
    let text = String::from_utf8_lossy(&result.stdout);
    Ok(text.lines().filter_map(|line| symbol(line, &names)).collect())
}

/// `PATH: ---------------- T NAME`
fn symbol(line: &str, names: &HashMap<String, usize>) -> Option<BitcodeSymbol> {
    let (path, rest) = line.split_once(": ")?;
    let mut words = rest.split_whitespace();
    let (letter, name) = (words.nth(1)?, words.next()?);
    Some(BitcodeSymbol {
        object: *names.get(path)?,
        name: name.to_owned(),
        letter: letter.chars().next()?,
    })
}

/// The nm beside the linker of `vmlinux.o`: `llvm-nm-19` for `ld.lld-19`.
fn nm(root: &Utf8Path) -> Option<Utf8PathBuf> {
    let saved = SavedCommand::of_target(root, Utf8Path::new("vmlinux.o")).ok()?;
    saved.command.split_whitespace().find_map(|word| {
        let linker = Utf8Path::new(word);
        let version = linker.file_name()?.strip_prefix("ld.lld")?;
        Some(linker.with_file_name(format!("llvm-nm{version}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_nm() {
        let names = [("/a b/c.o".to_owned(), 3)].into();
        let found = symbol("/a b/c.o: ---------------- t foo", &names).unwrap();
        assert_eq!(found, BitcodeSymbol { object: 3, name: "foo".into(), letter: 't' });
        assert_eq!(symbol("/x.o: ---------------- t foo", &names), None);
        assert_eq!(symbol("", &names), None);
        assert!(is_bitcode(b"BC\xc0\xde1234") && !is_bitcode(b"\x7fELF"));
    }
}
