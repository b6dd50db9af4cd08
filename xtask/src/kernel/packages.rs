//! The packages of a Debian system that a kernel build and a boot in QEMU need.

use anyhow::{Result, bail};

use super::Compiler;
use crate::{environment, process};

const ALWAYS: [&str; 17] = [
    "bc",
    "binutils",
    "bison",
    "busybox-static",
    "cpio",
    "flex",
    "gcc",
    "kmod",
    "libc6-dev",
    "libelf-dev",
    "libssl-dev",
    "libxxhash-dev",
    "make",
    "patch",
    "qemu-system-x86",
    "time",
    "xz-utils",
];

/// Installs what is missing. Does nothing, not even ask the archive, if nothing is.
pub(crate) fn ensure(compiler: Compiler) -> Result<()> {
    if environment::find_program("dpkg-query").is_none() {
        println!("no dpkg-query here: taking it that all that a kernel build needs is installed");
        return Ok(());
    }
    let mut missing: Vec<&str> = ALWAYS.into_iter().filter(|name| !is_installed(name)).collect();
    if compiler == Compiler::Clang && super::build::llvm().is_none() {
        missing.extend(["clang", "lld", "llvm"]);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let install = format!("apt-get install --yes --no-install-recommends {packages}");
    if process::output(process::command("id").arg("-u"))?.trim() != "0" {
        bail!("packages are missing; install them with\n\n    sudo {install}\n");
    }
    println!("==> {install}");
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    process::run(
        process::command("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["--quiet", "install", "--yes", "--no-install-recommends"])
            .args(missing),
    )
}

fn is_installed(package: &str) -> bool {
    let mut query = process::command("dpkg-query");
    query.args(["--show", "--showformat", "${db:Status-Abbrev}", package]);
    process::output(&mut query).is_ok_and(|status| status.starts_with("ii"))
}
