//! Paths as text: compilers and Kbuild name files by ways through other directories.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// A name beside a directory: `mirror.journal` for `mirror`.
pub(crate) fn beside(directory: &Utf8Path, suffix: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{directory}.{suffix}"))
}

/// `path` without `.` and `..`: `kernel/sched/../smpboot.h` is `kernel/smpboot.h`.
pub(crate) fn resolved(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::ParentDir => drop(plain.pop()),
            Utf8Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The path inside the mirror that a word of a record names, as the compiler saw it that runs in the
/// output directory.
pub(crate) fn in_mirror(word: &[u8], build: &Utf8Path, mirror: &Utf8Path) -> Option<Utf8PathBuf> {
    let path = resolved(&build.join(std::str::from_utf8(word).ok()?));
    path.strip_prefix(mirror).ok().map(Utf8Path::to_owned)
}
