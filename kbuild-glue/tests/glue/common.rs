//! Trees and observations that several tests share.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// A directory that goes away with the guard.
pub(crate) fn directory() -> (tempfile::TempDir, Utf8PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    let path = guard.path().canonicalize().unwrap();
    (guard, Utf8PathBuf::from_path_buf(path).unwrap())
}

/// Writes files, given as path and content.
pub(crate) fn write(root: &Utf8Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Kind, mode, time and content of everything in a directory.
pub(crate) fn observe(root: &Utf8Path) -> BTreeMap<Utf8PathBuf, String> {
    fn visit(root: &Utf8Path, directory: &Utf8Path, seen: &mut BTreeMap<Utf8PathBuf, String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = Utf8PathBuf::from_path_buf(entry.unwrap().path()).unwrap();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_dir() {
                visit(root, &path, seen);
                String::new()
            } else {
                format!(
                    "{}.{} {}",
                    metadata.mtime(),
                    metadata.mtime_nsec(),
                    String::from_utf8_lossy(&fs::read(&path).unwrap())
                )
            };
            let relative = path.strip_prefix(root).unwrap().to_owned();
            seen.insert(relative, format!("{:o} {content}", metadata.mode()));
        }
    }
    let mut seen = BTreeMap::new();
    visit(root, root, &mut seen);
    seen
}

/// The contents of all files, without times and modes.
pub(crate) fn contents(root: &Utf8Path) -> BTreeMap<Utf8PathBuf, String> {
    let strip = |text: String| match text.split_once(' ') {
        Some((_, rest)) if rest.starts_with("->") || rest.is_empty() => rest.to_owned(),
        Some((_, rest)) => {
            rest.split_once(' ').map_or_else(String::new, |(_, text)| text.to_owned())
        }
        None => text,
    };
    observe(root).into_iter().map(|(path, text)| (path, strip(text))).collect()
}

/// Runs a command that must do.
pub(crate) fn run(directory: &Utf8Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env_remove("MAKEFLAGS")
        .env_remove("CARGO_MAKEFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}

/// Where the mini kernel of the repository is.
pub(crate) fn mini_kernel() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/mini-kernel")
        .canonicalize_utf8()
        .unwrap()
}

/// Where its patches are.
pub(crate) fn mini_patch(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/patches").join(name)
}

/// A copy of the mini kernel.
pub(crate) fn copy_mini_kernel(to: &Utf8Path) {
    run(to.parent().unwrap(), "cp", &["-rp", mini_kernel().as_str(), to.as_str()]);
}
