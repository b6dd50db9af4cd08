//! Headers from which a build makes other sources: nothing is compiled for a shipped kernel but objects, so what is made of
//! such a header would stay as it was.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// The files with rules of Kbuild in a directory.
const RULES: [&str; 2] = ["Makefile", "Kbuild"];

/// One of `changed` from which a build makes sources, if there is one: a rule of a Makefile names it, or a program that builds
/// run includes it in quotes, or includes such a header that includes it. `files` are all in `mirror`.
pub(super) fn input<'c>(
    mirror: &Utf8Path,
    files: &[Utf8PathBuf],
    changed: &'c BTreeSet<Utf8PathBuf>,
) -> io::Result<Option<&'c Utf8Path>> {
    let headers: Vec<&Utf8PathBuf> = changed.iter().filter(|path| is_header(path)).collect();
    if headers.is_empty() {
        return Ok(None);
    }
    let has_rules = |file: &&Utf8PathBuf| file.file_name().is_some_and(|it| RULES.contains(&it));
    let mut quoted = BTreeSet::new();
    for rules in files.iter().filter(has_rules) {
        let Some(text) = read(&mirror.join(rules))? else { continue };
        if let Some(header) = headers.iter().find(|header| text.contains(&ending(header))) {
            return Ok(Some(header.as_path()));
        }
        for program in programs(&text) {
            let source = mirror.join(rules).with_file_name(format!("{program}.c"));
            let source = read(&source)?.unwrap_or_default();
            quoted.extend(included(&source, |end| end == '"').map(|path| last(path).to_owned()));
        }
    }
    if let Some(header) = headers.iter().find(|header| quoted.contains(last(header.as_str()))) {
        return Ok(Some(header.as_path()));
    }
    let between =
        files.iter().filter(|file| is_header(file) && quoted.contains(last(file.as_str())));
    for file in between {
        let text = read(&mirror.join(file))?.unwrap_or_default();
        let mut paths = included(&text, |_| true);
        let found =
            paths.find_map(|path| headers.iter().find(|header| header.ends_with(plain(path))));
        if let Some(header) = found {
            return Ok(Some(header.as_path()));
        }
    }
    Ok(None)
}

fn is_header(path: &Utf8Path) -> bool {
    path.extension() == Some("h")
}

/// The last directory and the name of a file, as rules write it.
fn ending(path: &Utf8Path) -> String {
    let directory = path.parent().and_then(Utf8Path::file_name).unwrap_or_default();
    format!("{directory}/{}", path.file_name().unwrap_or_default())
}

/// The paths in `#include` lines of `text` that end with a sign that is `wanted`.
fn included(text: &str, wanted: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    let names = lines.filter_map(|line| line.trim_start().strip_prefix("include"));
    names.filter_map(move |rest| {
        let rest = rest.trim_start();
        let end = match rest.chars().next()? {
            '<' => '>',
            other => other,
        };
        rest.get(1..)?.split(end).next().filter(|_| ['"', '>'].contains(&end) && wanted(end))
    })
}

/// `path` without what leads up from where it stands.
fn plain(path: &str) -> &str {
    path.rsplit("../").next().unwrap_or(path)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
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
