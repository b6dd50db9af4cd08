//! A Debian package that loads a livepatch at boot.
//!
//! It has the module, a unit of systemd, and two scripts, which know the build ID of the kernel that it is for
//! (`/sys/kernel/notes` has that of the one that runs). Which kernel runs is asked on the machine each time: a package may be installed before its
//! kernel, and stay when there is another one.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use thiserror::Error;

use crate::arch;

/// A package that is to be made.
#[derive(Debug, Clone)]
pub struct DebianPackage<'a> {
    /// The name of the package.
    pub name: &'a str,
    /// What the kernel calls the module.
    pub module_name: &'a str,
    /// The version of the package.
    pub version: &'a str,
    /// The release of the kernel.
    pub release: &'a str,
    /// The build ID of that kernel.
    pub build_id: &'a [u8],
    /// The module.
    pub module: &'a [u8],
}

/// Why there is no package.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The program that packs is not there.
    #[error("cannot run `dpkg-deb`")]
    NoProgram(#[source] std::io::Error),
    /// It failed.
    #[error("`dpkg-deb` made no package: {said}")]
    Failed {
        /// What it said.
        said: String,
    },
    /// The file system refused.
    #[error("cannot write `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PackageError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoProgram(_) => Some("it is in the package dpkg".to_owned()),
            Self::Failed { .. } | Self::Io { .. } => None,
        }
    }
}

/// How the description of such a package starts.
const OURS: &[u8] = b"livepatch for the kernel ";

const CONTROL: &str = include_str!("control");
const LOAD: &str = include_str!("load");
const POSTINST: &str = include_str!("postinst");
const PRERM: &str = include_str!("prerm");
const UNIT: &str = include_str!("unit");
const UNLOAD: &str = include_str!("unload");

/// Whether the file can be run.
const PROGRAM: u32 = 0o755;
const DATA: u32 = 0o644;

impl DebianPackage<'_> {
    /// A name that a package can have: Debian has no capital letters and no `_` there.
    #[must_use]
    pub fn usable_name(name: &str) -> String {
        name.to_ascii_lowercase().replace('_', "-")
    }

    /// Whether the file is a package that was made here.
    #[must_use]
    pub fn is_ours(path: &Utf8Path) -> bool {
        let mut ask = Command::new("dpkg-deb");
        let output = ask.args(["--field", path.as_str(), "Description"]).output();
        output.is_ok_and(|output| output.stdout.starts_with(OURS))
    }

    /// Makes the package in the directory `work`, which is made anew, and writes it to `path`.
    pub fn write(&self, work: &Utf8Path, path: &Utf8Path) -> Result<(), PackageError> {
        let failed = |source| PackageError::Io { path: work.to_owned(), source };
        crate::atomic::remove_dir(work).map_err(failed)?;
        let own = format!("usr/lib/klp/{}", self.name);
        let files: [(String, Vec<u8>, u32); 7] = [
            ("DEBIAN/control".to_owned(), self.filled(CONTROL), DATA),
            ("DEBIAN/postinst".to_owned(), self.filled(POSTINST), PROGRAM),
            ("DEBIAN/prerm".to_owned(), self.filled(PRERM), PROGRAM),
            (format!("{own}/load"), self.filled(LOAD), PROGRAM),
            (format!("{own}/unload"), self.filled(UNLOAD), PROGRAM),
            (format!("{own}/{}.ko", self.name), self.module.to_vec(), DATA),
            (format!("usr/lib/systemd/system/{}.service", self.name), self.filled(UNIT), DATA),
        ];
        for (name, bytes, mode) in files {
            let file = work.join(name);
            let failed = |source| PackageError::Io { path: file.clone(), source };
            fs::create_dir_all(file.parent().unwrap_or(work)).map_err(failed)?;
            fs::write(&file, bytes).map_err(failed)?;
            fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
        }
        // What is there stays until the new package is whole.
        let made = path.with_file_name(format!(".{}.new", path.file_name().unwrap_or_default()));
        let mut pack = Command::new("dpkg-deb");
        pack.args(["--root-owner-group", "--build", work.as_str(), made.as_str()]);
        let output = pack.output().map_err(PackageError::NoProgram)?;
        crate::atomic::remove_dir(work).map_err(failed)?;
        if output.status.success() {
            let failed = |source| PackageError::Io { path: path.to_owned(), source };
            return fs::rename(&made, path).map_err(failed);
        }
        // What dpkg-deb has left of it is of no use, and need not be there.
        let _ = fs::remove_file(&made);
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(PackageError::Failed { said })
    }

    fn filled(&self, text: &str) -> Vec<u8> {
        let digits =
            |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
        let build_id: String = self.build_id.iter().flat_map(digits).flatten().collect();
        let values = [
            ("@BUILD_ID@", build_id.as_str()),
            ("@NAME@", self.name),
            ("@MODULE@", self.module_name),
            ("@RELEASE@", self.release),
            ("@VERSION@", self.version),
            ("@ARCHITECTURE@", arch::DEBIAN),
        ];
        let fill = |text: String, (key, value): &(&str, &str)| text.replace(key, value);
        values.iter().fold(text.to_owned(), fill).into_bytes()
    }
}
