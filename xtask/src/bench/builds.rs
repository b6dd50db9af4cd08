//! `cargo xtask bench --builds`: whole runs of `cargo klp build`, against a plain make and klp-build.

use std::process::Command;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::cost::Cost;
use crate::kernel::{self, Compiler, Kernel};
use crate::klp_build::{self, KlpBuild};
use crate::{environment, klp, process};

/// How often a second patch is measured.
const ROUNDS: usize = 3;

/// A patch of one file, and one of a header that some dozens of objects include.
const PATCHES: [(&str, &str); 2] = [("one file", "meminfo"), ("a header", "header-inline")];

struct Bench {
    version: String,
    kernel: Kernel,
    klp: Utf8PathBuf,
    scratch: Utf8PathBuf,
}

pub(crate) fn run(version: &str, klp_build: bool) -> Result<()> {
    if klp_build {
        KlpBuild::ensure_programs()?;
    }
    let scratch = environment::kernel_cache()?.join("bench").join(version);
    if scratch.exists() {
        fs_err::remove_dir_all(&scratch)?;
    }
    fs_err::create_dir_all(&scratch)?;
    let bench = Bench {
        version: version.to_owned(),
        kernel: kernel::configured(version, Compiler::Gcc)?,
        klp: klp::build(true)?,
        scratch,
    };
    let (plain, again) = bench.plain_make()?;
    plain.print("plain make", "");
    let first = bench.klp("meminfo")?;
    let Cost { clock, processors } = first.of(plain);
    let remark = format!("{clock:.2} ({processors:.2}) of a plain make");
    first.print("first cargo klp build", &remark);
    again.print("make again, nothing changed", "");
    let nothing = bench.time("klp", &mut bench.klp_command()?)?;
    let Cost { clock, processors } = nothing.of(again);
    nothing
        .print("cargo klp build again, no patch", &format!("{clock:.2} ({processors:.2}) of that"));
    // One run between them, so that no patch finds its own objects.
    bench.klp("ext4")?;
    let tree = bench.scratch.join("linux");
    let reference = if klp_build { Some(KlpBuild::ensure(&bench.kernel, tree)?) } else { None };
    for (what, patch) in PATCHES {
        let mut costs = Vec::new();
        for _ in 0..ROUNDS {
            costs.push(bench.klp(patch)?);
        }
        costs.sort_by(|a, b| a.processors.total_cmp(&b.processors));
        let ours = *costs.get(ROUNDS / 2).context("no round")?;
        let remark = format!("{patch}, median of {ROUNDS}; {}", bench.compiled()?);
        ours.print(&format!("second patch, {what}"), &remark);
        if let Some(reference) = &reference {
            for (what, from) in
                [("klp-build", None), ("klp-build, original kept", Some(klp_build::AFTER_ORIGINAL))]
            {
                let theirs = bench.klp_build(reference, patch, from)?;
                let Cost { clock, processors } = theirs.of(ours);
                theirs.print(what, &format!("we take 1/{clock:.1} (1/{processors:.1})"));
            }
        }
    }
    fs_err::remove_dir_all(&bench.scratch)?;
    Ok(())
}

impl Bench {
    fn patch(&self, name: &str) -> Utf8PathBuf {
        environment::root()
            .join("tests/patches")
            .join(&self.version)
            .join(name)
            .with_extension("patch")
    }

    /// An output directory that is only configured.
    fn output(&self, name: &str) -> Result<Utf8PathBuf> {
        let output = self.scratch.join(name);
        if !output.exists() {
            fs_err::create_dir(&output)?;
            fs_err::copy(self.kernel.build.join(".config"), output.join(".config"))?;
        }
        Ok(output)
    }

    /// What a build costs, and the same again when there is nothing to do.
    fn plain_make(&self) -> Result<(Cost, Cost)> {
        let output = self.output("plain")?;
        self.time("olddefconfig", make(&self.kernel.source, Some(&output)).arg("olddefconfig"))?;
        let mut make = make(&self.kernel.source, Some(&output));
        make.args(["vmlinux", "modules"]);
        let costs = (self.time("plain", &mut make)?, self.time("plain", &mut make)?);
        fs_err::remove_dir_all(output)?;
        Ok(costs)
    }

    fn klp(&self, patch: &str) -> Result<Cost> {
        self.time("klp", self.klp_command()?.arg(self.patch(patch)))
    }

    fn klp_command(&self) -> Result<Command> {
        Ok(klp::build_command(&self.klp, &self.kernel.source, &self.output("klp")?))
    }

    fn klp_build(&self, reference: &KlpBuild, patch: &str, from: Option<&str>) -> Result<Cost> {
        let module = self.scratch.join("livepatch.ko");
        self.time("klp-build", &mut reference.command(Some(&self.patch(patch)), &module, from))
    }

    /// How much the last `cargo klp build` compiled, in its words.
    fn compiled(&self) -> Result<String> {
        let log = fs_err::read_to_string(self.scratch.join("klp.log"))?;
        let line = log.lines().find(|line| line.contains("patched kernel ("));
        let line = line.with_context(|| format!("no patched kernel: {log}"))?;
        Ok(line.trim_start().trim_start_matches("Building patched kernel ").to_owned())
    }

    /// Runs a command with its output in a log, and says what it took.
    fn time(&self, log: &str, command: &mut Command) -> Result<Cost> {
        Cost::of_run(command, &self.scratch.join(log).with_extension("log"))
    }
}

fn make(source: &Utf8Path, output: Option<&Utf8Path>) -> Command {
    let mut make = process::command("make");
    make.arg("-C").arg(source).arg(format!("-j{}", environment::jobs()));
    make.args(output.map(|output| format!("O={output}")));
    make
}
