//! `cargo xtask bench --builds`: whole runs of `cargo klp build`, against a plain make and klp-build.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::kernel::{self, Compiler, Kernel};
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
    let plain = bench.plain_make()?;
    println!("plain make                          {plain:>8.1} s");
    let first = bench.klp("meminfo")?;
    println!(
        "first cargo klp build               {first:>8.1} s  {:.2} of a plain make",
        first / plain
    );
    // One run between them, so that no patch finds its own objects.
    bench.klp("ext4")?;
    let reference = if klp_build { Some(bench.reference()?) } else { None };
    for (what, patch) in PATCHES {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(bench.klp(patch)?);
        }
        times.sort_by(f64::total_cmp);
        let ours = times.get(ROUNDS / 2).copied().unwrap_or_default();
        println!(
            "second patch, {what:<10}            {ours:>8.1} s  ({patch}, median of {ROUNDS})"
        );
        if let Some(reference) = &reference {
            let theirs = bench.klp_build(reference, patch)?;
            println!(
                "klp-build, the same                 {theirs:>8.1} s  we take 1/{:.1}",
                theirs / ours
            );
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

    fn plain_make(&self) -> Result<f64> {
        let output = self.output("plain")?;
        self.time("olddefconfig", make(&self.kernel.source, Some(&output)).arg("olddefconfig"))?;
        let mut make = make(&self.kernel.source, Some(&output));
        let seconds = self.time("plain", make.args(["vmlinux", "modules"]))?;
        fs_err::remove_dir_all(output)?;
        Ok(seconds)
    }

    fn klp(&self, patch: &str) -> Result<f64> {
        let output = self.output("klp")?;
        let patch = self.patch(patch);
        self.time("klp", &mut klp::build_command(&self.klp, &self.kernel.source, &output, &patch))
    }

    /// klp-build works in its source tree only, and patches it: it gets one of its own.
    fn reference(&self) -> Result<Utf8PathBuf> {
        let tree = self.scratch.join("linux");
        println!("copying the sources for klp-build, and building them once");
        process::run(process::command("cp").args([
            "-a",
            self.kernel.source.as_str(),
            tree.as_str(),
        ]))?;
        if !tree.join("scripts/livepatch/klp-build").is_file() {
            bail!("Linux {} has no scripts/livepatch/klp-build", self.version);
        }
        fs_err::copy(self.kernel.build.join(".config"), tree.join(".config"))?;
        self.time("reference", make(&tree, None).arg("olddefconfig"))?;
        self.time("reference", make(&tree, None).args(["vmlinux", "modules"]))?;
        Ok(tree)
    }

    fn klp_build(&self, tree: &Utf8Path, patch: &str) -> Result<f64> {
        let mut command = process::command("bash");
        command.arg("scripts/livepatch/klp-build").arg("-j").arg(environment::jobs().to_string());
        command.arg("-o").arg(self.scratch.join("livepatch.ko")).arg(self.patch(patch));
        self.time("klp-build", command.current_dir(tree))
    }

    /// Runs a command with its output in a log, and says how many seconds it took.
    fn time(&self, log: &str, command: &mut Command) -> Result<f64> {
        let log = self.scratch.join(log).with_extension("log");
        let file = fs_err::File::create(&log)?.into_parts().0;
        let shown = process::show(command);
        let begin = Instant::now();
        let status = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("failed to run `{shown}`"))?;
        if !status.success() {
            bail!("`{shown}`: {status}; its output is in {log}");
        }
        Ok(begin.elapsed().as_secs_f64())
    }
}

fn make(source: &Utf8Path, output: Option<&Utf8Path>) -> Command {
    let mut make = process::command("make");
    make.arg("-C").arg(source).arg(format!("-j{}", environment::jobs()));
    make.args(output.map(|output| format!("O={output}")));
    make
}
