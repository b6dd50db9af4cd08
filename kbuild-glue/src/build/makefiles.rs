//! What the Makefiles say about a source file that Kbuild's records do not.
//!
//! A rule whose recipe is `$(call cmd,…)` leaves no record of what it reads, but names it:
//! `$(srctree)/arch/x86/lib/x86-opcode-map.txt` of `arch/x86/lib/Makefile`, for example.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rayon::prelude::*;

use super::{BuildError, patterns, scripts};
use crate::arch;
use crate::mirror::Stamps;

/// Those of `paths` that a Makefile of `sources`, which are in `root`, or a script that one of them runs, names as a file, and
/// those that a pattern rule reads.
pub(super) fn named<'a>(
    paths: &BTreeSet<&'a Utf8Path>,
    root: &Utf8Path,
    sources: &Stamps,
) -> Result<BTreeSet<&'a Utf8Path>, BuildError> {
    let names: Vec<(&'a Utf8Path, memchr::memmem::Finder<'a>)> = paths
        .iter()
        .filter_map(|path| Some((*path, memchr::memmem::Finder::new(path.file_name()?))))
        .collect();
    let makefiles: Vec<&Utf8Path> =
        sources.iter().map(|(path, _)| path).filter(|path| is_of_the_build(path)).collect();
    let named_in = |makefile: &&Utf8Path| {
        let path = root.join(makefile);
        let text = fs::read(&path).map_err(BuildError::io(&path))?;
        let is_named = |(path, finder): &&(&'a Utf8Path, memchr::memmem::Finder<'a>)| {
            finder.find_iter(&text).any(|at| is_name_of(path, &text, at, makefile))
        };
        let by_name = names.iter().filter(is_named).map(|(path, _)| *path);
        let lines = String::from_utf8_lossy(&text);
        let read = paths.iter().filter(|path| patterns::reads(makefile, &lines, path)).copied();
        Ok(by_name.chain(read).collect::<Vec<_>>())
    };
    let found = makefiles.par_iter().map(named_in).collect::<Result<Vec<_>, BuildError>>()?;
    let mut found: BTreeSet<&Utf8Path> = found.into_iter().flatten().collect();
    found.extend(scripts::naming(&names, &makefiles, root, sources)?);
    Ok(found)
}

/// The Makefile of the directory of `path`, or of one above, that looks for files by patterns or by programs.
pub(super) fn searches(path: &Utf8Path, root: &Utf8Path) -> Option<Utf8PathBuf> {
    let directories = path.ancestors().skip(1).filter(|directory| !directory.as_str().is_empty());
    let mut makefiles =
        directories.flat_map(|directory| ["Kbuild", "Makefile"].map(|name| directory.join(name)));
    // That of the architecture looks for options of the compiler.
    makefiles.find(|makefile| {
        if makefile == arch::MAKEFILE {
            return false;
        }
        let text = fs::read_to_string(root.join(makefile)).unwrap_or_default();
        SEARCHES.iter().any(|function| text.contains(function))
    })
}

/// Functions of make that find files, and what includes one whose name is put together.
const SEARCHES: [&str; 3] = ["$(wildcard ", "$(shell ", "include $("];

/// Whether make reads it for a kernel of this architecture.
fn is_of_the_build(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_makefile = name.starts_with("Makefile")
        || name.starts_with("Kbuild")
        || path.extension() == Some("mk");
    is_makefile
        && !arch::is_other(path)
        && !path.starts_with("Documentation")
        && !path.starts_with("tools")
}

/// Whether the word of a Makefile around `at`, where the name of `path` is found, means that file.
fn is_name_of(path: &Utf8Path, text: &[u8], at: usize, makefile: &Utf8Path) -> bool {
    let (before, after) = text.split_at(at);
    let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"'\",;:=\\|<>".contains(byte);
    let start = line.rsplit(is_end).next().unwrap_or_default();
    let name = path.file_name().unwrap_or_default().len();
    let rest = after.get(name..).unwrap_or_default();
    let is_whole = rest.first().is_none_or(|byte| is_end(byte) || *byte == b')');
    let Ok(start) = std::str::from_utf8(start) else { return false };
    if !is_whole || line.first() == Some(&b'#') {
        return false;
    }
    is_in(start, path, makefile)
}

/// Whether what stands before a name in `makefile`, variables and directories, can be the directory of `path`.
pub(super) fn is_in(start: &str, path: &Utf8Path, makefile: &Utf8Path) -> bool {
    let directories = start.rsplit([')', '}', '(']).next().unwrap_or_default();
    let directories = directories.trim_start_matches(['.', '/']);
    // A word alone can be anywhere: `$(addprefix …)` puts directories in front.
    let here = directories.is_empty() && matches!(start, "$(src)/" | "$(obj)/");
    let parent = path.parent().unwrap_or(Utf8Path::new(""));
    if here {
        return Some(parent) == makefile.parent();
    }
    let wanted = directories.trim_end_matches('/');
    wanted.is_empty() || format!("/{parent}").ends_with(&format!("/{wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_makefiles() {
        let is_named = |path: &str, makefile: &str, text: &str| {
            let path = Utf8Path::new(path);
            let name = path.file_name().unwrap();
            text.match_indices(name)
                .any(|(at, _)| is_name_of(path, text.as_bytes(), at, makefile.into()))
        };
        for (path, makefile, text) in [
            ("a/lib/map.txt", "a/lib/Makefile", "maps = $(srctree)/a/lib/map.txt\n"),
            (
                "include/linux/oid.h",
                "lib/Makefile",
                "$(obj)/x.c: $(srctree)/include/linux/oid.h \\\n",
            ),
            ("lib/table.h", "lib/Makefile", "x: $(src)/table.h"),
            ("lib/table.h", "lib/Makefile", "x: table.h\n"),
            ("a/b/c.h", "a/x/Makefile", "y: $(src)/../b/c.h\n"),
            ("a/b/c.h", "x/Makefile", "y: $(addprefix $(dir)/,c.h)"),
        ] {
            assert!(is_named(path, makefile, text), "{path} in {text}");
        }
        for (path, makefile, text) in [
            ("fs/table.h", "lib/Makefile", "x: $(src)/table.h\n"),
            ("fs/table.h", "lib/Makefile", "x: table.h.in\n"),
            ("lib/table.h", "lib/Makefile", "# see table.h\n"),
            ("lib/table.h", "lib/Makefile", "x: mytable.h\n"),
            ("lib/table.h", "lib/Makefile", "x: $(srctree)/fs/table.h\n"),
        ] {
            assert!(!is_named(path, makefile, text), "{path} in {text}");
        }
    }
}
