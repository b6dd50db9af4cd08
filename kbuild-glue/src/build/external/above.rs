//! What a module names outside of its directory by a way through `..`: the copy has nothing there.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::build::BuildError;
use crate::build::records::Records;
use crate::lexical::resolved;

/// What compilers say of a header that is not there.
const NOT_FOUND: &str = "No such file or directory";

/// What there is to say about a make that failed with these last lines.
pub(super) fn not_found(tail: &[String], source: &Utf8Path) -> Option<String> {
    tail.iter().any(|line| line.contains(NOT_FOUND)).then(|| {
        format!(
            "only {source} is copied and built: what is beside it is not found by a path with `..`. Name it by its absolute \
             path, or name a directory with both by -M, with a Kbuild file that has `obj-m += {}/`",
            source.file_name().unwrap_or_default()
        )
    })
}

/// What there is to say about a build of the copy in `build` of `source` that searches directories for headers which the
/// copy does not have: another header of the same name can have been taken.
pub(super) fn not_searched(
    build: &Utf8Path,
    source: &Utf8Path,
) -> Result<Option<String>, BuildError> {
    let mut directories = BTreeSet::new();
    Records::find(build)?.for_each(|_, record| {
        directories.extend(searched(&String::from_utf8_lossy(record), build, source));
    })?;
    Ok(directories.first().map(|directory| {
        format!(
            "headers are searched for in {directory} by a path with `..`, but only {source} is copied and built: name that \
             directory by its absolute path, or others of the same name are taken"
        )
    }))
}

/// The directories beside `source` that a command names by a way out of its copy.
fn searched(record: &str, build: &Utf8Path, source: &Utf8Path) -> Vec<Utf8PathBuf> {
    let options = record.split_whitespace().filter_map(|word| word.strip_prefix("-I"));
    let ways = options.filter(|path| path.split('/').any(|part| part == ".."));
    let relative = ways.filter_map(|path| {
        let path = build.join(path);
        let way = path.strip_prefix(build).ok()?;
        let there = resolved(&source.join(way));
        let is_outside = !resolved(&path).starts_with(build) && !there.starts_with(source);
        (is_outside && there.is_dir()).then_some(there)
    });
    relative.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_beside_the_module_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (source, build) = (root.join("mod"), root.join("mod/.klp/build"));
        for path in [root.join("include"), source.join("own"), build.clone()] {
            fs_err::create_dir_all(path).unwrap();
        }
        let found = |option: &str| searched(&format!("gcc {option} -c a.c"), &build, &source);
        let beside = [root.join("include")];
        assert_eq!(found(&format!("-I{build}/../include")), beside);
        assert_eq!(found("-I../include"), beside);
        for option in
            [&format!("-I{root}/include"), "-I../gone", "-Iown/../own", "-I./own", "-I/usr/.."]
        {
            assert!(found(option).is_empty(), "{option}");
        }
    }
}
