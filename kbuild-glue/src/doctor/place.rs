//! Where builds are kept.

use camino::Utf8Path;
use rustix::fs::{Access, access, statvfs};

use super::DoctorCheck;

/// A mirror and two builds of a kernel with drivers, without debug information.
const ROOM: u64 = 4 << 30;

pub(super) fn checks(root: &Utf8Path) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let existing = root.ancestors().find(|path| path.exists()).unwrap_or(Utf8Path::new("/"));
    if root.as_str().contains([' ', ':', '\t', '\n']) {
        let fix = "name another directory with --target-dir";
        let found = format!("Kbuild cannot build in {root}: spaces and colons are not possible");
        checks.push(DoctorCheck::bad("directory", found, fix));
    } else if access(existing.as_std_path(), Access::WRITE_OK).is_err() {
        let fix = "name a directory that you can write to with --target-dir";
        checks.push(DoctorCheck::bad("directory", format!("{existing} cannot be written to"), fix));
    } else if let Err(error) = crate::build::usable(root) {
        checks.push(DoctorCheck::bad(
            "directory",
            error.to_string(),
            error.hint().unwrap_or_default(),
        ));
    } else {
        checks.push(DoctorCheck::good("directory", root.as_str()));
    }
    if let Ok(space) = statvfs(existing.as_std_path()) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let found = format!("{} MiB free", free >> 20);
        checks.push(if free < ROOM {
            let fix = format!("make room ({} MiB), or use --target-dir", ROOM >> 20);
            DoctorCheck::doubtful("room", found, fix)
        } else {
            DoctorCheck::good("room", found)
        });
    }
    checks
}
