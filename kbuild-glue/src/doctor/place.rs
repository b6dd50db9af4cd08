//! Where builds are kept.

use std::os::unix::fs::MetadataExt;

use camino::Utf8Path;
use fs_err as fs;
use rustix::fs::{Access, access, statvfs};

use crate::tree::Tree;

use super::Check;

/// A mirror and two builds of a kernel with drivers, without debug information.
const ROOM: u64 = 4 << 30;

pub(super) fn checks(tree: &Tree, root: &Utf8Path) -> Vec<Check> {
    let mut checks = Vec::new();
    let existing = root.ancestors().find(|path| path.exists()).unwrap_or(Utf8Path::new("/"));
    if root.as_str().contains([' ', ':', '\t', '\n']) {
        let fix = "name another directory with --target-dir";
        let found = format!("Kbuild cannot build in {root}: spaces and colons are not possible");
        checks.push(Check::bad("directory", found, fix));
    } else if access(existing.as_std_path(), Access::WRITE_OK).is_err() {
        let fix = "name a directory that you can write to with --target-dir";
        checks.push(Check::bad("directory", format!("{existing} cannot be written to"), fix));
    } else {
        checks.push(Check::good("directory", root.as_str()));
    }
    if let Ok(space) = statvfs(existing.as_std_path()) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let found = format!("{} MiB free", free >> 20);
        checks.push(if free < ROOM {
            let fix = format!("make room ({} MiB), or use --target-dir", ROOM >> 20);
            Check::doubtful("room", found, fix)
        } else {
            Check::good("room", found)
        });
    }
    let device = |path: &Utf8Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    if device(&tree.source) != device(existing) {
        let found = "sources and builds are on different file systems: sources are copied";
        let fix = "a --target-dir on the file system of the sources saves the room for them";
        checks.push(Check::doubtful("mirror", found, fix));
    }
    checks
}
