//! What scripts of the build name as a file: they read it, and no record says so.

use std::collections::BTreeSet;

use camino::Utf8Path;
use fs_err as fs;
use memchr::memmem::Finder;
use rayon::prelude::*;

use super::BuildError;
use super::makefiles::is_in;
use crate::arch;
use crate::mirror::Stamps;

struct Script<'a> {
    path: &'a Utf8Path,
    text: Vec<u8>,
}

/// Those of `files` that a script names which one of `makefiles` runs, or a script that does. Scripts for people (`faddr2line`)
/// name files, too, as examples.
pub(super) fn naming<'a>(
    files: &[(&'a Utf8Path, Finder<'a>)],
    makefiles: &[&Utf8Path],
    root: &Utf8Path,
    sources: &Stamps,
) -> Result<BTreeSet<&'a Utf8Path>, BuildError> {
    let read = |path: &Utf8Path| {
        let file = root.join(path);
        fs::read(&file).map_err(BuildError::io(&file))
    };
    let paths: Vec<&Utf8Path> =
        sources.iter().map(|(path, _)| path).filter(|path| is_script(path)).collect();
    // A link can lead nowhere.
    let there = paths.into_par_iter().filter(|path| root.join(path).is_file());
    let scripts = there.map(|path| Ok(Script { path, text: read(path)? }));
    let scripts = scripts.collect::<Result<Vec<_>, BuildError>>()?;
    let names = |script: &Script<'_>| -> BTreeSet<&'a Utf8Path> {
        let is_named = |(path, finder): &&(&'a Utf8Path, Finder<'a>)| {
            finder.find_iter(&script.text).any(|at| is_name_of(path, &script.text, at))
        };
        files.iter().filter(is_named).map(|(path, _)| *path).collect()
    };
    let naming: Vec<(&Script<'_>, BTreeSet<&Utf8Path>)> = scripts
        .par_iter()
        .map(|script| (script, names(script)))
        .filter(|(_, names)| !names.is_empty())
        .collect();
    if naming.is_empty() {
        return Ok(BTreeSet::new());
    }
    let texts = makefiles.par_iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let run = run_by(texts, &scripts);
    let found = naming.into_iter().filter(|(script, _)| run.contains(script.path));
    Ok(found.flat_map(|(_, names)| names).collect())
}

/// The scripts that one of `texts` names, or one of these scripts.
fn run_by<'a>(mut texts: Vec<Vec<u8>>, scripts: &'a [Script<'_>]) -> BTreeSet<&'a Utf8Path> {
    let mut run: BTreeSet<&Utf8Path> = BTreeSet::new();
    while !texts.is_empty() {
        let is_new = |script: &&Script<'_>| {
            let finder = Finder::new(script.path.file_name().unwrap_or_default());
            let is_named =
                |text: &Vec<u8>| finder.find_iter(text).any(|at| is_name_of(script.path, text, at));
            !run.contains(script.path) && texts.par_iter().any(is_named)
        };
        let new: Vec<&Script<'_>> = scripts.iter().filter(is_new).collect();
        texts = new.iter().map(|script| script.text.clone()).collect();
        run.extend(new.into_iter().map(|script| script.path));
    }
    run
}

/// Whether the word around `at`, where the name of `path` is found, means that file. A comment runs nothing.
fn is_name_of(path: &Utf8Path, text: &[u8], at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./$".contains(byte);
    let start = line.rsplit(|byte| !is_part(byte)).next().unwrap_or_default();
    let length = path.file_name().unwrap_or_default().len();
    let is_whole = after.get(length).is_none_or(|byte| !is_part(byte) || *byte == b'.');
    let Ok(start) = std::str::from_utf8(start) else { return false };
    let is_name = start.is_empty() || start.ends_with('/');
    // A variable can be any directory.
    let variable = start.rfind('$').and_then(|at| start.get(at..)?.find('/').map(|end| at + end));
    let start = variable.and_then(|end| start.get(end..)).unwrap_or(start);
    is_whole
        && is_name
        && line.trim_ascii_start().first() != Some(&b'#')
        && is_in(start, path, Utf8Path::new(""))
}

fn is_script(path: &Utf8Path) -> bool {
    let is_tool = path.starts_with("scripts") && path.extension().is_none();
    let is_plain = matches!(path.extension(), Some("awk" | "pl" | "py" | "sh" | "tcl"));
    (is_plain || is_tool)
        && !arch::is_other(path)
        && !path.starts_with("Documentation")
        && !path.starts_with("tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_scripts() {
        let is_named = |path: &str, text: &str| {
            let path = Utf8Path::new(path);
            text.match_indices(path.file_name().unwrap())
                .any(|(at, _)| is_name_of(path, text.as_bytes(), at))
        };
        for text in [
            "awk '{print}' $1/lib/list.h",
            "cat < lib/list.h",
            "cd \"$dir\"; cat list.h;",
            "open(\"../lib/list.h\")",
        ] {
            assert!(is_named("lib/list.h", text), "{text}");
        }
        for text in
            ["# see lib/list.h", "cat fs/list.h", "cat mylist.h", "cat list.html", "my-list.h"]
        {
            assert!(!is_named("lib/list.h", text), "{text}");
        }
    }

    #[test]
    fn scripts_that_run_others() {
        let script =
            |path: &'static str, text: &str| Script { path: path.into(), text: text.into() };
        let scripts = [
            script("scripts/all.sh", "sh scripts/one.sh"),
            script("scripts/one.sh", ""),
            script("scripts/people", "sh scripts/one.sh"),
        ];
        let run = run_by(vec![b"\tsh $(srctree)/scripts/all.sh\n".to_vec()], &scripts);
        assert_eq!(
            run.iter().map(|path| path.as_str()).collect::<Vec<_>>(),
            ["scripts/all.sh", "scripts/one.sh"]
        );
    }
}
