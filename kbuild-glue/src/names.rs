//! What the name of a file says: whether a kernel can be made from it.

use camino::{Utf8Component, Utf8Path};

use crate::arch;

/// How many names a message has.
const FEW: usize = 3;

/// Where only other programs than the build of a kernel look for something.
const ELSEWHERE: &[&str] = &["Documentation", "LICENSES", "tools/perf", "tools/testing"];

/// Whether no kernel is made from the file at `path`, relative to the sources, whatever it holds: documentation, tests
/// that run in user space, device trees of other architectures, and what is for other programs (`.github`). Kbuild
/// reads Kconfig files and Makefiles anywhere.
pub(crate) fn nothing_is_made_from(path: &Utf8Path) -> bool {
    let is_elsewhere = ELSEWHERE.iter().any(|top| path.starts_with(top));
    let is_foreign_tree = path.strip_prefix("arch").is_ok_and(|rest| {
        let mut parts = rest.components().skip(1).map(|part| part.as_str());
        !rest.starts_with(arch::DIRECTORY) && parts.by_ref().take(2).eq(["boot", "dts"])
    });
    let first = path.components().next();
    let is_hidden = matches!(first, Some(Utf8Component::Normal(name)) if name.starts_with('.'));
    (is_elsewhere || is_foreign_tree || is_hidden) && !tells_kbuild(path)
}

/// Whether people expect a file of that name to be a part of a kernel.
pub(crate) fn is_source(path: &Utf8Path) -> bool {
    const EXTENSIONS: &[&str] =
        &["S", "asn1", "c", "dts", "dtsi", "dtso", "h", "l", "rs", "tbl", "y"];
    let is_code = path.extension().is_some_and(|extension| EXTENSIONS.contains(&extension));
    (is_code || tells_kbuild(path)) && !nothing_is_made_from(path)
}

fn tells_kbuild(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    ["Kbuild", "Kconfig", "Makefile"].iter().any(|start| name.starts_with(start))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn joined(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}

/// `a`, `a and b`, `a, b, c and 4 more`.
pub(crate) fn few(names: &[String]) -> String {
    let (shown, more) = names.split_at(names.len().min(FEW));
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    match more.len() {
        0 => joined(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for path in [
            "tools/testing/x.bin",
            "Documentation/a/b.png",
            ".github/logo.svg",
            "arch/arm64/boot/dts/a/b.dtsi",
        ] {
            assert!(nothing_is_made_from(Utf8Path::new(path)), "{path}");
        }
        for path in [
            "Documentation/Kconfig",
            "tools/x",
            "Documentationx",
            "fs/.x",
            "arch/arm64/kernel/x",
            "arch/x86/boot/dts/x",
            "tools/testing/Makefile",
        ] {
            assert!(!nothing_is_made_from(Utf8Path::new(path)), "{path}");
        }
        for (path, expected) in [("fs/new.c", true), ("Kbuild", true), ("notes.txt", false)] {
            assert_eq!(is_source(Utf8Path::new(path)), expected, "{path}");
        }
        assert!(!is_source(Utf8Path::new("tools/testing/new.c")));
    }

    #[test]
    fn a_few_names() {
        let few =
            |names: &[&str]| few(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(few(&["a"]), "a");
        assert_eq!(few(&["a", "b", "c"]), "a, b and c");
        assert_eq!(few(&["a", "b", "c", "d"]), "a, b, c and 1 more");
    }
}
