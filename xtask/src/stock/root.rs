//! A Debian of another release in a directory: its compiler is the one that the kernels of that release were built
//! with.

use std::process::Command;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{environment, kernel, process};

/// What compiling objects of a kernel needs.
const PACKAGES: &str = "gcc,make,bc,bison,flex,libelf-dev,libssl-dev,openssl,kmod,cpio,xz-utils,zstd,perl,\
                        python3,dpkg-dev,ca-certificates";
/// Directories of this machine that programs look for.
const MOUNTED: &str =
    "mount --bind /proc \"$0/proc\" && mount --bind /dev \"$0/dev\" && exec chroot \"$0\" \"$@\"";
const PROGRAM: &str = "/klp/cargo-klp";

/// The directory.
pub(super) struct Root(Utf8PathBuf);

impl Root {
    /// Makes the root of the release `suite`, unless it is there, and puts `program` into it.
    pub(super) fn ensure(suite: &str, program: &Utf8Path) -> Result<Self> {
        let root = environment::kernel_cache()?.join("roots").join(suite);
        Self::of(suite, root, &[&format!("--include={PACKAGES}")], program)
    }

    /// Makes a root of the release `suite` that has nothing but apt and what that needs, and puts `program` into it.
    pub(super) fn fresh(suite: &str, program: &Utf8Path) -> Result<Self> {
        let root = environment::kernel_cache()?.join("roots").join(format!("{suite}-fresh"));
        if root.is_dir() {
            fs_err::remove_dir_all(&root)?;
        }
        Self::of(suite, root, &[], program)
    }

    fn of(suite: &str, root: Utf8PathBuf, options: &[&str], program: &Utf8Path) -> Result<Self> {
        if !root.is_dir() {
            let archive = kernel::archive()?;
            let part = Utf8PathBuf::from(format!("{root}.part"));
            fs_err::create_dir_all(&part)?;
            let mut make = process::command("debootstrap");
            make.arg("--variant=minbase").args(options).arg(suite);
            process::run(make.args([part.as_str(), &archive]))?;
            let security = format!("{}-security", archive.trim_end_matches('/'));
            let lines = format!(
                "deb {archive} {suite} main\ndeb {archive} {suite}-updates main\n\
                 deb {archive} {suite}-backports main\ndeb {security} {suite}-security main\n"
            );
            fs_err::write(part.join("etc/apt/sources.list"), lines)?;
            fs_err::create_dir_all(part.join("klp"))?;
            fs_err::rename(&part, &root)?;
        }
        let found = Self(root);
        // A program that runs cannot be written to.
        let inside = found.outside(PROGRAM);
        if inside.exists() {
            fs_err::remove_file(&inside)?;
        }
        fs_err::copy(program, &inside)?;
        let sandbox = ["--quiet", "-o", "APT::Sandbox::User=root", "update"];
        process::run(found.command("apt-get").args(sandbox))?;
        Ok(found)
    }

    /// Removes it.
    pub(super) fn remove(self) -> Result<()> {
        Ok(fs_err::remove_dir_all(self.0)?)
    }

    /// `program`, run in the root.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = process::command("unshare");
        command.args(["--mount", "sh", "-c", MOUNTED, self.0.as_str(), program]);
        command
    }

    /// `cargo-klp`, run in the directory `current` of the root.
    pub(super) fn klp(&self, current: &Utf8Path) -> Command {
        let mut command = self.command("env");
        command.args([format!("--chdir={current}"), PROGRAM.to_owned(), "klp".to_owned()]);
        command
    }

    /// A path of the root, as it is called outside.
    pub(super) fn outside(&self, path: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }
}
