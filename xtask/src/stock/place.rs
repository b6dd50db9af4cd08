//! Where a kernel's packages and what is made for it are, in this system or in a root of another Debian.

use std::process::Command;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::root::Root;
use crate::{environment, process};

/// The place of one kernel.
pub(crate) struct Place {
    pub(crate) release: String,
    program: Utf8PathBuf,
    /// The directory of the kernel, as it is called where objects are compiled.
    directory: Utf8PathBuf,
    root: Option<Root>,
}

impl Place {
    /// That of `release`, or of the newest kernel of the Debian release `suite`, in a root with that; without one, of
    /// this system.
    /// `program` is a built `cargo-klp`.
    pub(crate) fn of(
        release: Option<&str>,
        suite: Option<&str>,
        program: Utf8PathBuf,
    ) -> Result<Self> {
        let root = suite.map(|suite| Root::ensure(suite, &program)).transpose()?;
        let release = match (release, &root) {
            (Some(release), _) => release.to_owned(),
            (None, Some(root)) => newest(&mut root.command("apt-cache"))
                .context("apt knows no kernel in that root")?,
            (None, None) => newest_here()?,
        };
        let directory = match &root {
            Some(_) => Utf8Path::new("/klp").join(&release),
            None => environment::kernel_cache()?.join("stock").join(&release),
        };
        let place = Self { release, program, directory, root };
        fs_err::create_dir_all(place.outside(""))?;
        Ok(place)
    }

    /// Downloads and unpacks the kernel's packages, unless they are there.
    pub(crate) fn ensure_packages(&self) -> Result<()> {
        if self.outside("packages").is_dir() {
            return Ok(());
        }
        let mut get = self.klp(&["stock", "get", &self.release]);
        process::run(get.args(["--sysroot", self.inside("packages").as_str()]))
    }

    /// `cargo klp`, run where the kernel's compiler is.
    pub(crate) fn klp(&self, commands: &[&str]) -> Command {
        let mut klp = match &self.root {
            Some(root) => root.klp(&self.directory),
            None => self.klp_here(&[]),
        };
        klp.args(commands);
        klp
    }

    /// `cargo klp` of this system.
    pub(crate) fn klp_here(&self, commands: &[&str]) -> Command {
        let mut klp = process::command(self.program.as_str());
        klp.arg("klp").args(commands).current_dir(self.outside(""));
        klp
    }

    /// Names the kernel; `path` tells what a directory of it is called there.
    pub(crate) fn named(&self, klp: &mut Command, path: impl Fn(&str) -> Utf8PathBuf) {
        klp.arg(format!("--stock={}", self.release));
        klp.args(["--sysroot", path("packages").as_str(), "--target-dir", path("work").as_str()]);
    }

    pub(crate) fn inside(&self, name: &str) -> Utf8PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn outside(&self, name: &str) -> Utf8PathBuf {
        let path = self.inside(name);
        self.root.as_ref().map_or_else(|| path.clone(), |root| root.outside(&path))
    }

    /// The patch of a case: the one of the kernel's series, or else that of 6.1, which applies with other line numbers.
    pub(crate) fn patch(&self, name: &str) -> Utf8PathBuf {
        let series: Vec<&str> = self.release.split(['.', '-', '+']).take(2).collect();
        let patch = |series: &str| {
            environment::root().join(format!("tests/patches/stock-{series}/{name}.patch"))
        };
        let own = patch(&series.join("."));
        if own.is_file() { own } else { patch("6.1") }
    }
}

/// The release of the kernel that this Debian would install.
fn newest_here() -> Result<String> {
    let known = || newest(&mut process::command("apt-cache"));
    if let Some(release) = known() {
        return Ok(release);
    }
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    known().context("apt knows no kernel that linux-image-amd64 depends on")
}

pub(super) fn newest(apt: &mut Command) -> Option<String> {
    let text = process::output(apt.args(["depends", "linux-image-amd64"])).ok()?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
    name.map(str::to_owned)
}
