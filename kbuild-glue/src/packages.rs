//! Which packages of Debian and Fedora have what a build needs.

use std::fmt;

/// A package, as both call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackageNames<'a> {
    pub(crate) debian: &'a str,
    pub(crate) fedora: &'a str,
}

/// Programs and headers that are often not there, and are known by their names in what make prints.
const MISSED: &[(&str, PackageNames<'static>)] = &[
    ("flex", both("flex")),
    ("bison", both("bison")),
    ("bc", both("bc")),
    ("openssl/opensslv.h", PackageNames { debian: "libssl-dev", fedora: "openssl-devel" }),
    ("gelf.h", LIBELF),
    ("libelf.h", LIBELF),
    ("pahole", PackageNames { debian: "pahole", fedora: "dwarves" }),
    ("cpio", both("cpio")),
    ("perl", both("perl")),
    ("python3", both("python3")),
    ("xz", PackageNames { debian: "xz-utils", fedora: "xz" }),
];

/// More of them that are not in a package of that name. A linker's name is in front of much that it says.
const NAMED_OTHERWISE: &[(&str, PackageNames<'static>)] = &[
    ("ld", both("binutils")),
    ("ld.lld", both("lld")),
    ("stdlib.h", PackageNames { debian: "libc6-dev", fedora: "glibc-devel" }),
];

const LIBELF: PackageNames<'static> =
    PackageNames { debian: "libelf-dev", fedora: "elfutils-libelf-devel" };

const fn both(name: &str) -> PackageNames<'_> {
    PackageNames { debian: name, fedora: name }
}

impl<'a> PackageNames<'a> {
    /// That of a program or a header. A program that is not known is in a package of its name.
    pub(crate) fn of(needed: &'a str) -> Self {
        let mut known = MISSED.iter().chain(NAMED_OTHERWISE);
        known.find(|(name, _)| *name == needed).map_or(both(needed), |(_, package)| *package)
    }
}

impl PackageNames<'static> {
    /// The one whose program or header one of `lines` misses, which make has printed.
    pub(crate) fn missed_in(lines: &[String]) -> Option<Self> {
        let is_missed = |line: &String| {
            ["not found", "No such file or directory"].iter().any(|words| line.contains(words))
        };
        let mut lines = lines.iter().filter(|line| is_missed(line));
        lines.find_map(|line| {
            MISSED.iter().find(|(name, _)| names(line, name)).map(|(_, package)| *package)
        })
    }
}

/// Whether `line` is about `name`: `sh: 1: flex: not found`, `env: 'python3': No such file or directory`.
fn names(line: &str, name: &str) -> bool {
    let forms = match name.split_once('/') {
        // Which of a library's headers is missed first is not known.
        Some((directory, _)) => [format!("{directory}/"), format!("{directory}/")],
        None => [format!("{name}: "), format!("'{name}': ")],
    };
    let stands_alone = |at: usize| {
        let before = line.get(..at).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
    };
    forms.iter().any(|form| line.match_indices(form).any(|(at, _)| stands_alone(at)))
}

impl fmt::Display for PackageNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { debian, fedora } = self;
        if debian == fedora { write!(f, "{debian}") } else { write!(f, "{debian} ({fedora})") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed() {
        let missed = |line: &str| PackageNames::missed_in(&[line.to_owned()]).map(|it| it.debian);
        for (line, package) in [
            ("/bin/sh: 1: flex: not found", Some("flex")),
            ("/usr/bin/env: 'python3': No such file or directory", Some("python3")),
            ("tar (child): xz: Cannot exec: No such file or directory", Some("xz-utils")),
            ("a.c:1:10: fatal error: gelf.h: No such file or directory", Some("libelf-dev")),
            ("fatal error: openssl/bio.h: No such file or directory", Some("libssl-dev")),
            ("/bin/sh: 1: reflex: not found", None),
            ("make: *** a.c: No such file or directory", None),
            ("flex: it works", None),
        ] {
            assert_eq!(missed(line), package, "{line}");
        }
    }

    #[test]
    fn as_people_install_them() {
        for (needed, text) in [
            ("ld", "binutils"),
            ("gcc-12", "gcc-12"),
            ("gelf.h", "libelf-dev (elfutils-libelf-devel)"),
        ] {
            assert_eq!(PackageNames::of(needed).to_string(), text);
        }
    }
}
