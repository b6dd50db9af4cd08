//! Modules where they are installed, `/lib/modules/RELEASE`.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::entries::entries;
use crate::objects::{ObjectsError, modules};

/// What the file of a module is called behind its name.
pub const SUFFIXES: &[&str] = &[".ko", ".ko.xz", ".ko.zst", ".ko.gz"];
/// Where the modules of a kernel's own tree are.
const KERNEL: &str = "kernel";

/// Whether `directory` has installed modules, and not a build of them.
pub fn is_installation(directory: &Utf8Path) -> Result<bool, ObjectsError> {
    if !directory.join(KERNEL).is_dir() {
        return Ok(false);
    }
    let listed = modules(directory)?;
    let is_built = |name: &String| directory.join(format!("{name}.mod")).exists();
    Ok(listed.first().is_some_and(|name| !is_built(name)))
}

/// The modules below `directory` with the file of each, by paths that are the same in every release, however packed:
/// `fs/ext4/ext4` for one of the kernel's own tree, else with the directory, such as `updates`, in front.
pub fn installed_modules(
    directory: &Utf8Path,
) -> Result<BTreeMap<Utf8PathBuf, Utf8PathBuf>, ObjectsError> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(inside) = open.pop() {
        let failed = |source| ObjectsError::Io { path: inside.clone(), source };
        for entry in entries(&inside).map_err(failed)? {
            let (path, kind) = entry.map_err(failed)?;
            if kind.is_dir() {
                open.push(path);
                continue;
            }
            // Links lead to the sources, and to modules that another release has as well.
            let Some(name) = name(directory, &path).filter(|_| path.is_file()) else { continue };
            if let Some(other) = found.insert(name, path.clone()) {
                return Err(ObjectsError::Twice { path, other });
            }
        }
    }
    Ok(found)
}

fn name(directory: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let inside = path.strip_prefix(directory).ok()?;
    let inside = inside.strip_prefix(KERNEL).unwrap_or(inside);
    SUFFIXES.iter().find_map(|suffix| inside.as_str().strip_suffix(suffix)).map(Utf8PathBuf::from)
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;

    #[test]
    fn modules_have_the_same_name_in_every_release() {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap();
        let write = |path: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        assert!(!is_installation(root).unwrap());
        for path in ["kernel/fs/ext4/ext4.ko.xz", "kernel/net/a-b.ko", "updates/dkms/x.ko.zst"] {
            write(path);
        }
        write("kernel/fs/ext4/notes.txt");
        fs::write(root.join("modules.order"), "kernel/fs/ext4/ext4.ko\n").unwrap();
        fs::os::unix::fs::symlink("/", root.join("build")).unwrap();
        assert!(is_installation(root).unwrap());
        let names: Vec<Utf8PathBuf> = installed_modules(root).unwrap().into_keys().collect();
        assert_eq!(names, ["fs/ext4/ext4", "net/a-b", "updates/dkms/x"]);
        write("kernel/net/a-b.ko.gz");
        assert!(matches!(installed_modules(root), Err(ObjectsError::Twice { .. })));
        // A build has the list as well.
        write("fs/ext4/ext4.mod");
        assert!(!is_installation(root).unwrap());
    }
}
