//! Building a kernel with the small configuration of this repository.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::Compiler;
use crate::{environment, process};

/// The kernel, built in the cache. A stamp beside the build says from what: a build without
/// one was interrupted, and make goes on where it stopped.
pub(crate) fn ensure(
    cache: &Utf8Path,
    source: &Utf8Path,
    version: &str,
    compiler: Compiler,
) -> Result<Utf8PathBuf> {
    let build = cache.join("builds").join(format!("{version}-{}", compiler.name()));
    let stamp_file = build.with_file_name(format!("{version}-{}.stamp", compiler.name()));
    let config = environment::root().join("xtask/kernel/small.config");
    let (compiler_version, llvm) = compiler_version(compiler)?;
    let stamp = stamp(source, &compiler_version, &fs_err::read_to_string(&config)?)?;
    if fs_err::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        return Ok(build);
    }
    if stamp_file.exists() {
        fs_err::remove_file(&stamp_file)?;
    }
    fs_err::create_dir_all(&build)?;

    let start = Instant::now();
    let log = build.with_file_name(format!("{version}-{}.log", compiler.name()));
    let make = || {
        let mut make = process::command("make");
        make.args(["-C", source.as_str()]).arg(format!("O={build}"));
        make.args(llvm.as_ref().map(|llvm| format!("LLVM={llvm}")));
        make
    };
    println!("==> configuring Linux {version} in {build}");
    logged(make().arg(format!("KCONFIG_ALLCONFIG={config}")).arg("allnoconfig"), &log)?;
    println!("==> building Linux {version} with {compiler_version} (minutes; log: {log})");
    logged(make().arg(format!("-j{}", environment::jobs())), &log)?;
    println!("==> built in {:.0} s", start.elapsed().as_secs_f64());

    let partial = stamp_file.with_extension("stamp.part");
    fs_err::write(&partial, stamp)?;
    fs_err::rename(&partial, &stamp_file)?;
    Ok(build)
}

/// What a finished build was made from.
fn stamp(source: &Utf8Path, compiler: &str, config: &str) -> Result<String> {
    let makefile = fs_err::read_to_string(source.join("Makefile"))?;
    let mut stamp = String::new();
    let versions = ["VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION"];
    for line in makefile.lines().filter(|line| {
        line.split_once('=').is_some_and(|(name, _)| versions.contains(&name.trim()))
    }) {
        writeln!(stamp, "{line}")?;
    }
    writeln!(stamp, "{compiler}\n{config}")?;
    Ok(stamp)
}

/// What the compiler calls itself, and the value of `LLVM=` if it is clang.
fn compiler_version(compiler: Compiler) -> Result<(String, Option<String>)> {
    let (program, llvm) = match compiler {
        Compiler::Gcc => ("gcc".to_owned(), None),
        Compiler::Clang => {
            let llvm = llvm().context("neither clang with lld nor clang-N with lld-N is here")?;
            let suffix = if llvm == "1" { "" } else { &llvm };
            (format!("clang{suffix}"), Some(llvm))
        }
    };
    let text = process::output(process::command(&program).arg("--version"))?;
    Ok((text.lines().next().unwrap_or_default().to_owned(), llvm))
}

/// The value of `LLVM=` for the LLVM that is here: `1`, or a suffix such as `-19`.
pub(crate) fn llvm() -> Option<String> {
    let complete = |suffix: &str| {
        ["clang", "ld.lld", "llvm-ar", "llvm-nm", "llvm-objcopy"]
            .iter()
            .all(|tool| environment::find_program(&format!("{tool}{suffix}")).is_some())
    };
    if complete("") {
        return Some("1".to_owned());
    }
    (13..=40).rev().map(|version| format!("-{version}")).find(|suffix| complete(suffix))
}

/// Runs make with its output in a log; of a failure it shows the last lines.
fn logged(make: &mut std::process::Command, log: &Utf8Path) -> Result<()> {
    let file = fs_err::File::create(log)?.into_parts().0;
    make.stdout(file.try_clone()?).stderr(file);
    process::run(make).map_err(|error| {
        let text = fs_err::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        error.context(format!("{tail}\n\nthe kernel build failed; log: {log}"))
    })
}
