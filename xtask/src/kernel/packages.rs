//! The packages of a Debian system that a kernel build and a boot in QEMU need.

use anyhow::{Result, bail};

use super::Setup;
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

/// What tests call beside that, and the package that has it.
const FOR_TESTS: [(&str, &str); 18] = [
    ("bzip2", "bzip2"),
    ("ccache", "ccache"),
    ("chromium", "chromium"),
    ("npm", "npm"),
    ("clang-19", "clang-19"),
    ("distcc", "distcc"),
    ("dpkg-deb", "dpkg"),
    ("fish", "fish"),
    ("gcc", "gcc"),
    ("git", "git"),
    ("gzip", "gzip"),
    ("ld.lld-19", "lld-19"),
    ("llvm-objcopy-19", "llvm-19"),
    ("lz4", "lz4"),
    ("lzma", "xz-utils"),
    ("script", "bsdutils"),
    ("zsh", "zsh"),
    ("zstd", "zstd"),
];

/// Installs what tests call and is not here. Where nobody may do that, the tests say what they lack.
pub(crate) fn ensure_for_tests() -> Result<()> {
    let is_missing = |program: &str| environment::find_program(program).is_none();
    let missing: Vec<&str> = FOR_TESTS
        .into_iter()
        .filter_map(|(program, package)| is_missing(program).then_some(package))
        .collect();
    if missing.is_empty() || environment::find_program("dpkg-query").is_none() || !is_root()? {
        return Ok(());
    }
    install(&missing)
}

/// Installs what is missing. Does nothing, not even ask the archive, if nothing is.
pub(crate) fn ensure(setup: Setup) -> Result<()> {
    if environment::find_program("dpkg-query").is_none() {
        println!("no dpkg-query here: taking it that all that a kernel build needs is installed");
        return Ok(());
    }
    let mut missing: Vec<&str> =
        ALWAYS.into_iter().chain(setup.package()).filter(|name| !is_installed(name)).collect();
    // Newer kernels want 15 at least; one without a version in its name is Debian's own, and can be older.
    let version = super::build::llvm().and_then(|llvm| llvm.trim_start_matches('-').parse().ok());
    if setup.compiler.is_clang() && version.is_none_or(|version: u32| version < 15) {
        missing.extend(["clang-19", "lld-19", "llvm-19"]);
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root()? {
        bail!("packages are missing; install them with\n\n    sudo {}\n", command_line(&missing));
    }
    install(&missing)
}

fn command_line(packages: &[&str]) -> String {
    format!("apt-get install --yes --no-install-recommends {}", packages.join(" "))
}

fn is_root() -> Result<bool> {
    Ok(process::output(process::command("id").arg("-u"))?.trim() == "0")
}

fn install(packages: &[&str]) -> Result<()> {
    println!("==> {}", command_line(packages));
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    process::run(
        process::command("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["--quiet", "install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
}

fn is_installed(package: &str) -> bool {
    let mut query = process::command("dpkg-query");
    query.args(["--show", "--showformat", "${db:Status-Abbrev}", package]);
    process::output(&mut query).is_ok_and(|status| status.starts_with("ii"))
}
