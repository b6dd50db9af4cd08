//! Paths of source files, each once.

use foldhash::HashMap;
use gimli::{Dwarf, Unit};

use super::DebugError;
use super::budget::Budget;
use super::sections::{DwarfReader, text};

/// A source file.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) path: String,
    /// The MD5 of what was compiled, where the compiler tells it.
    pub(super) md5: Option<[u8; 16]>,
}

/// Source files, each once.
#[derive(Default)]
pub(super) struct SourceFiles {
    names: Vec<SourceFile>,
    numbers: HashMap<String, u32>,
}

/// The files of one unit by the numbers that it has for them.
#[derive(Default)]
pub(super) struct UnitFiles(HashMap<u64, u32>);

impl SourceFiles {
    /// The files by number.
    pub(super) fn into_files(self) -> Vec<SourceFile> {
        self.names
    }

    /// The number of the file that `unit` calls `index`; none where it names no such file.
    pub(super) fn number(
        &mut self,
        (dwarf, unit): (&Dwarf<DwarfReader<'_>>, &Unit<DwarfReader<'_>>),
        known: &mut UnitFiles,
        index: u64,
        budget: &mut Budget,
    ) -> Result<Option<u32>, DebugError> {
        if let Some(number) = known.0.get(&index) {
            return Ok(Some(*number));
        }
        let Some(path) = path((dwarf, unit), index, budget)? else { return Ok(None) };
        let number = if let Some(number) = self.numbers.get(&path) {
            *number
        } else {
            let number = u32::try_from(self.names.len()).map_err(|_| DebugError::TooMuch)?;
            let md5 = unit.line_program.as_ref().and_then(|program| {
                let header = program.header();
                let file = header.file(index).filter(|_| header.file_has_md5());
                file.map(|file| *file.md5())
            });
            self.names.push(SourceFile { path: path.clone(), md5 });
            self.numbers.insert(path, number);
            number
        };
        known.0.insert(index, number);
        Ok(Some(number))
    }
}

/// The path of the file that `unit` calls `index`.
fn path(
    (dwarf, unit): (&Dwarf<DwarfReader<'_>>, &Unit<DwarfReader<'_>>),
    index: u64,
    budget: &mut Budget,
) -> Result<Option<String>, DebugError> {
    let Some(program) = &unit.line_program else { return Ok(None) };
    let header = program.header();
    let Some(file) = header.file(index) else { return Ok(None) };
    let mut parts = Vec::new();
    if let Some(directory) = unit.comp_dir {
        parts.push(text(directory, budget)?);
    }
    if let Some(directory) = file.directory(header) {
        parts.push(text(dwarf.attr_string(unit, directory)?, budget)?);
    }
    parts.push(text(dwarf.attr_string(unit, file.path_name())?, budget)?);
    Ok(Some(joined(&parts)))
}

/// The path that `parts` make, each relative to those before it, without `.` and `..` where those can go.
fn joined(parts: &[String]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut is_absolute = false;
    for part in parts {
        if part.starts_with('/') {
            names.clear();
            is_absolute = true;
        }
        for name in part.split('/').filter(|name| !name.is_empty() && *name != ".") {
            if name == ".." && names.last().is_some_and(|last| *last != "..") {
                names.pop();
            } else {
                names.push(name);
            }
        }
    }
    let path = names.join("/");
    if is_absolute { format!("/{path}") } else { path }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_put_together() {
        let joined =
            |parts: &[&str]| joined(&parts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(joined(&["/k/build", "../src/fs", "a.c"]), "/k/src/fs/a.c");
        assert_eq!(
            joined(&["/k/build", "/k/src/include", "./linux/x.h"]),
            "/k/src/include/linux/x.h"
        );
        assert_eq!(joined(&["a", "../../b", "c.h"]), "../b/c.h");
    }
}
