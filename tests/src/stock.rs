//! A kernel that somebody else built, as far as a run looks at it before it makes anything.

use anyhow::Result;
use camino::Utf8PathBuf;
use tempfile::TempDir;

use crate::kernel::temporary;

/// As `uname -r` says it.
pub const RELEASE: &str = "7.2.0-1-amd64";

/// What its packages have.
pub struct Packages {
    /// What `--sysroot` names.
    pub root: Utf8PathBuf,
    _guard: TempDir,
}

impl Packages {
    /// New ones in a directory of their own.
    pub fn new() -> Result<Self> {
        let (guard, root) = temporary()?;
        let headers = format!("usr/src/linux-headers-{RELEASE}/.config");
        for path in [
            &format!("boot/vmlinuz-{RELEASE}"),
            &format!("lib/modules/{RELEASE}/modules.order"),
            &headers,
            "usr/src/linux-source-7.2.tar.xz",
        ] {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap_or(&root))?;
            fs_err::write(path, "")?;
        }
        fs_err::write(root.join(headers), "CONFIG_X86_64=y\n")?;
        Ok(Self { root, _guard: guard })
    }
}
