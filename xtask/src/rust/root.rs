//! A Debian root with the compilers that a kernel needs whose Rust can be livepatched: rustc 1.98 is in none of its
//! releases yet.

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::kernel::archive;
use crate::{environment, process};

const PACKAGES: &str = "make gcc libc6-dev flex bison bc libelf-dev libdw-dev libssl-dev python3 perl rsync cpio kmod xz-utils \
                        zstd patch gawk bindgen clang-22 lld-22 llvm-22 busybox-static qemu-system-x86";
const FROM_EXPERIMENTAL: &str = "rustc rust-src";

/// The machine's programs see it as `/`.
pub(super) struct Root {
    directory: Utf8PathBuf,
}

impl Root {
    /// Makes it in the cache, unless that is done. Only root can.
    pub(super) fn ensure(cache: &Utf8Path) -> Result<Self> {
        let root = Self { directory: cache.join("roots/rust") };
        let done = root.directory.join("etc/cargo-klp.packages");
        let wanted = format!("{PACKAGES} {FROM_EXPERIMENTAL}\n");
        if fs_err::read_to_string(&done).is_ok_and(|found| found == wanted) {
            return Ok(root);
        }
        let archive = archive()?;
        if !root.directory.join("usr/bin/apt-get").exists() {
            if environment::find_program("debootstrap").is_none() {
                bail!("debootstrap is not here: apt-get install debootstrap");
            }
            fs_err::create_dir_all(cache.join("roots"))?;
            let arguments = ["--variant=minbase", "unstable", root.directory.as_str(), &archive];
            process::run(process::command("debootstrap").args(arguments))?;
        }
        let suite = |name: &str| format!("deb {archive} {name} main\n");
        let sources = suite("unstable") + &suite("experimental");
        fs_err::write(root.directory.join("etc/apt/sources.list"), sources)?;
        // A copy of the archive can be older than its lists say that they are good for. They are signed all the same.
        fs_err::write(
            root.directory.join("etc/apt/apt.conf.d/90archive"),
            "Acquire::Check-Valid-Until \"false\";\nAPT::Sandbox::User \"root\";\n",
        )?;
        let install = "DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install";
        root.run(&format!(
            "apt-get update && {install} {PACKAGES} && {install} -t experimental {FROM_EXPERIMENTAL}"
        ))?;
        fs_err::write(done, wanted)?;
        Ok(root)
    }

    /// The path of the machine for a path in it.
    pub(super) fn path(&self, inside: &str) -> Utf8PathBuf {
        self.directory.join(inside.trim_start_matches('/'))
    }

    /// Runs a line of shell in it, which must succeed.
    pub(super) fn run(&self, line: &str) -> Result<()> {
        process::run(&mut self.command(line))
    }

    /// The same for what it prints, whether it succeeds or not.
    pub(super) fn output(&self, line: &str) -> Result<String> {
        let output = self.command(line).output().context("failed to run unshare")?;
        let text = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// What is mounted for it goes with the command.
    fn command(&self, line: &str) -> std::process::Command {
        const ENTER: &str = "mount -t proc proc \"$1/proc\" && mount --rbind /dev \"$1/dev\" && exec chroot \"$1\" \
             /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -ec \"$2\"";
        let mut command = process::command("unshare");
        command.args(["--mount", "sh", "-ec", ENTER, "sh", self.directory.as_str(), line]);
        command
    }
}
