//! Building a kernel with the small configuration of this repository.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::{Compiler, Setup};
use crate::{environment, process};

/// The output directory of one kernel and compiler, and what goes into it.
struct Build {
    dir: Utf8PathBuf,
    base: &'static str,
    make: Vec<String>,
    compiler: String,
    config: Utf8PathBuf,
    stamp: String,
}

/// What is built: the folder's name in the cache, the configuration, and with which tools.
struct Recipe {
    name: String,
    /// The target of Kconfig that `config` is on top of.
    base: &'static str,
    config: String,
    compiler: String,
    variables: Vec<String>,
}

impl Build {
    fn new(cache: &Utf8Path, source: &Utf8Path, version: &str, setup: Setup) -> Result<Self> {
        let name = format!("{version}-{}", setup.name());
        let config = setup.config()?;
        let (compiler, llvm) = compiler_version(setup.compiler)?;
        let variables = llvm.map(|llvm| format!("LLVM={llvm}")).into_iter().collect();
        Self::of(cache, source, Recipe { name, base: "allnoconfig", config, compiler, variables })
    }

    fn of(cache: &Utf8Path, source: &Utf8Path, recipe: Recipe) -> Result<Self> {
        let Recipe { name, base, config: text, compiler, variables } = recipe;
        let dir = cache.join("builds").join(name);
        fs_err::create_dir_all(&dir)?;
        let config = Utf8PathBuf::from(format!("{dir}.config"));
        fs_err::write(&config, &text)?;
        let stamp = stamp(source, &compiler, &text)?;
        let mut make = vec!["-C".to_owned(), source.to_string(), format!("O={dir}")];
        make.extend(variables);
        Ok(Self { dir, base, make, compiler, config, stamp })
    }

    /// A file beside the output directory.
    fn beside(&self, extension: &str) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.{extension}", self.dir))
    }

    /// Does a step, unless its stamp says that it was done for the same inputs. The stamp is
    /// written last: a step without one was interrupted, and make goes on where it stopped.
    fn step(&self, name: &str, arguments: &[String]) -> Result<()> {
        let stamp = self.beside(&format!("{name}.stamp"));
        if fs_err::read_to_string(&stamp).is_ok_and(|old| old == self.stamp) {
            return Ok(());
        }
        if stamp.exists() {
            fs_err::remove_file(&stamp)?;
        }
        let log = self.beside(&format!("{name}.log"));
        println!("==> {name} of {} with {} (log: {log})", self.dir, self.compiler);
        let start = Instant::now();
        logged(process::command("make").args(&self.make).args(arguments), &log)?;
        println!("    done in {:.0} s", start.elapsed().as_secs_f64());
        let partial = self.beside(&format!("{name}.stamp.part"));
        fs_err::write(&partial, &self.stamp)?;
        fs_err::rename(&partial, &stamp)?;
        Ok(())
    }

    fn configure(&self) -> Result<()> {
        let presets = format!("KCONFIG_ALLCONFIG={}", self.config);
        self.step("configuration", &[presets, self.base.to_owned()])
    }
}

/// The kernel, configured in the cache.
pub(crate) fn configure(
    cache: &Utf8Path,
    source: &Utf8Path,
    version: &str,
    setup: Setup,
) -> Result<Utf8PathBuf> {
    let build = Build::new(cache, source, version, setup)?;
    build.configure()?;
    Ok(build.dir)
}

/// A kernel with Rust drivers, configured in the cache. `variables` are what make needs for that.
pub(super) fn configure_rust(
    cache: &Utf8Path,
    source: &Utf8Path,
    version: &str,
    variables: &[String],
) -> Result<Utf8PathBuf> {
    let (gcc, _) = compiler_version(Compiler::Gcc)?;
    let compiler = format!("{gcc}, {}", first_line("rustc")?);
    let build = Build::of(
        cache,
        source,
        Recipe {
            name: format!("{version}-rust"),
            base: "allnoconfig",
            config: config("rust.config")?,
            compiler,
            variables: variables.to_vec(),
        },
    )?;
    build.configure()?;
    let config = fs_err::read_to_string(build.dir.join(".config"))?;
    if !config.lines().any(|line| line == "CONFIG_RUST=y") {
        bail!("no Rust in this kernel: see `make rustavailable` in {}", build.dir);
    }
    Ok(build.dir)
}

/// The kernel, built in the cache.
pub(crate) fn ensure(
    cache: &Utf8Path,
    source: &Utf8Path,
    version: &str,
    setup: Setup,
) -> Result<Utf8PathBuf> {
    let build = Build::new(cache, source, version, setup)?;
    build.configure()?;
    build.step("build", &[format!("-j{}", environment::jobs())])?;
    Ok(build.dir)
}

/// `vmlinux.o` of a kernel with the default configuration and livepatches, built in the cache.
pub(super) fn ensure_large(
    cache: &Utf8Path,
    source: &Utf8Path,
    version: &str,
) -> Result<Utf8PathBuf> {
    let (compiler, _) = compiler_version(Compiler::Gcc)?;
    let defaults = fs_err::read_to_string(source.join("arch/x86/configs/x86_64_defconfig"))?;
    let build = Build::of(
        cache,
        source,
        Recipe {
            name: format!("{version}-defconfig-gcc"),
            base: "alldefconfig",
            config: defaults + &config("large.config")?,
            compiler,
            variables: Vec::new(),
        },
    )?;
    build.configure()?;
    build.step("build", &[format!("-j{}", environment::jobs()), "vmlinux_o".to_owned()])?;
    Ok(build.dir)
}

/// What a build is made from.
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
        Compiler::Clang | Compiler::ClangThinlto => {
            let llvm = llvm().context("neither clang with lld nor clang-N with lld-N is here")?;
            let suffix = if llvm == "1" { "" } else { &llvm };
            (format!("clang{suffix}"), Some(llvm))
        }
    };
    Ok((first_line(&program)?, llvm))
}

/// A configuration of ours.
pub(super) fn config(name: &str) -> Result<String> {
    Ok(fs_err::read_to_string(environment::root().join("xtask/kernel").join(name))?)
}

/// What a program calls itself.
fn first_line(program: &str) -> Result<String> {
    let text = process::output(process::command(program).arg("--version"))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The value of `LLVM=` for the newest LLVM that is here: a suffix such as `-19`, or else `1`: where there are
/// both, the names without a suffix are of a version that has one too, and not of the newest.
pub(crate) fn llvm() -> Option<String> {
    let complete = |suffix: &str| {
        ["clang", "ld.lld", "llvm-ar", "llvm-nm", "llvm-objcopy"]
            .iter()
            .all(|tool| environment::find_program(&format!("{tool}{suffix}")).is_some())
    };
    let mut suffixes = (13..=40).rev().map(|version| format!("-{version}"));
    suffixes.find(|suffix| complete(suffix)).or_else(|| complete("").then(|| "1".to_owned()))
}

/// The program of that name of the same LLVM.
pub(crate) fn llvm_tool(name: &str) -> Option<String> {
    llvm().map(|llvm| format!("{name}{}", llvm.trim_start_matches('1')))
}

/// Runs make with its output in a log; of a failure it shows the last lines.
pub(crate) fn logged(make: &mut std::process::Command, log: &Utf8Path) -> Result<()> {
    let file = fs_err::File::create(log)?.into_parts().0;
    make.stdout(file.try_clone()?).stderr(file);
    process::run(make).map_err(|error| {
        let text = fs_err::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        error.context(format!("{tail}\n\nthe kernel build failed; log: {log}"))
    })
}
