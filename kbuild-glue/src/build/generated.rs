//! Headers that a patch makes Kbuild generate anew: `autoconf.h` where it adds a configuration option, tables of
//! system calls and the like. The original's come back with its objects, and touched objects are compiled once
//! more after that.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{BuildError, kept};

/// Copies the headers of `build` that are others than in `original` to `keep`, under the same paths.
pub(super) fn keep(
    build: &Utf8Path,
    original: &Utf8Path,
    keep: &Utf8Path,
) -> Result<(), BuildError> {
    let mut directories = vec![build.to_owned()];
    while let Some(directory) = directories.pop() {
        let failed = BuildError::io(&directory);
        for entry in directory.read_dir_utf8().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                directories.push(entry.path().to_owned());
            } else if kind.is_file() && entry.path().extension() == Some("h") {
                let path = entry.path().strip_prefix(build).unwrap_or(entry.path());
                if is_other(entry.path(), &original.join(path)) {
                    copy(entry.path(), &keep.join(path))?;
                }
            }
        }
    }
    Ok(())
}

/// Copies the directory of the crates that all others are compiled with to `keep`, without their objects, if one of them
/// is another than in `original`: what is compiled once more has to see the metadata and macros of the patched build.
pub(super) fn keep_crates(
    build: &Utf8Path,
    original: &Utf8Path,
    keep: &Utf8Path,
) -> Result<(), BuildError> {
    const CRATES: &str = "rust";
    let mut files = Vec::new();
    let mut directories: Vec<Utf8PathBuf> =
        Some(build.join(CRATES)).into_iter().filter(|path| path.is_dir()).collect();
    while let Some(directory) = directories.pop() {
        let failed = BuildError::io(&directory);
        for entry in directory.read_dir_utf8().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                directories.push(entry.path().to_owned());
            } else if kind.is_file()
                && matches!(entry.path().extension(), Some("rmeta" | "so" | "rs" | "bc"))
            {
                files.push(entry.path().strip_prefix(build).unwrap_or(entry.path()).to_owned());
            }
        }
    }
    if files.iter().any(|path| is_other(&build.join(path), &original.join(path))) {
        for path in files {
            copy(&build.join(&path), &keep.join(&path))?;
        }
    }
    Ok(())
}

fn is_other(now: &Utf8Path, before: &Utf8Path) -> bool {
    kept::stamp(now) != kept::stamp(before) && fs::read(now).ok() != fs::read(before).ok()
}

fn copy(from: &Utf8Path, to: &Utf8PathBuf) -> Result<(), BuildError> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)
        .and_then(|()| fs::copy(from, to))
        .map(drop)
        .map_err(BuildError::io(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Utf8Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_those_that_are_others() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let write = |path: &str, text: &str| write(&root.join(path), text);
        write("original/include/generated/autoconf.h", "#define A\n");
        write("build/include/generated/autoconf.h", "#define A\n#define B\n");
        write("original/include/generated/bounds.h", "#define C\n");
        write("build/include/generated/bounds.h", "#define C\n");
        write("build/fs/new.h", "#define D\n");
        write("build/fs/new.o", "");
        keep(&root.join("build"), &root.join("original"), &root.join("patched")).unwrap();
        let has = |path: &str| root.join("patched").join(path).exists();
        assert!(has("include/generated/autoconf.h") && has("fs/new.h"));
        assert!(!has("include/generated/bounds.h") && !has("fs/new.o"));
    }

    #[test]
    fn crates_come_together_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let write = |path: &str, text: &str| write(&root.join(path), text);
        for name in
            ["libcore.rmeta", "libkernel.rmeta", "libmacros.so", "bindings/b.rs", "kernel.o"]
        {
            write(&format!("original/rust/{name}"), "a");
            write(&format!("build/rust/{name}"), "a");
        }
        let keep = |to: &str| {
            keep_crates(&root.join("build"), &root.join("original"), &root.join(to)).unwrap();
            root.join(to)
        };
        assert!(!keep("equal").join("rust").exists());
        write("build/rust/libkernel.rmeta", "other");
        let kept = keep("other").join("rust");
        assert!(kept.join("libcore.rmeta").exists() && kept.join("bindings/b.rs").exists());
        assert!(kept.join("libmacros.so").exists() && !kept.join("kernel.o").exists());
    }
}
