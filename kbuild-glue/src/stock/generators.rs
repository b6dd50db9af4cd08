//! Headers from which a build makes other sources: nothing is compiled for a shipped kernel but objects, so what is made of
//! such a header would stay as it was.

use std::io::{self, ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// The files with rules of Kbuild in a directory.
const RULES: [&str; 2] = ["Makefile", "Kbuild"];

/// Whether a rule of a Makefile names `header`, or a program that builds run includes it. `files` are all in `mirror`.
pub(super) fn is_input(
    mirror: &Utf8Path,
    files: &[Utf8PathBuf],
    header: &Utf8Path,
) -> io::Result<bool> {
    let Some(name) = header.file_name() else { return Ok(false) };
    let directory = header.parent().and_then(Utf8Path::file_name).unwrap_or_default();
    let named = format!("{directory}/{name}");
    let included = [format!("\"{name}\""), format!("/{name}\"")];
    let has_rules = |file: &&Utf8PathBuf| file.file_name().is_some_and(|it| RULES.contains(&it));
    for rules in files.iter().filter(has_rules) {
        let Some(text) = read(&mirror.join(rules))? else { continue };
        if text.contains(&named) {
            return Ok(true);
        }
        for program in programs(&text) {
            let source = mirror.join(rules).with_file_name(format!("{program}.c"));
            let Some(source) = read(&source)? else { continue };
            if included.iter().any(|included| source.contains(included)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The programs that a Makefile says are built for the machine that builds.
fn programs(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| line.trim_start().starts_with("hostprogs"));
    let lists = lines.filter_map(|line| line.split_once('='));
    lists.flat_map(|(_, names)| names.split_whitespace()).collect()
}

fn read(path: &Utf8Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if [ErrorKind::NotFound, ErrorKind::IsADirectory].contains(&error.kind()) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
