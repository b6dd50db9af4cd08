//! `cargo xtask bench --builds`: whole runs of `cargo klp build`, against a plain make and klp-build.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

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

/// What a run took, in seconds: by the clock, and of all processors for it and what it started. The latter
/// says the same on a machine that others use as well.
#[derive(Clone, Copy)]
struct Cost {
    clock: f64,
    processors: f64,
}

impl Cost {
    /// Both parts as a fraction of `other`'s.
    fn of(self, other: Self) -> Self {
        let (clock, processors) =
            (self.clock / other.clock, self.processors / other.processors.max(0.01));
        Self { clock, processors }
    }

    fn print(self, what: &str, remark: &str) {
        println!("{what:<34} {:>8.1} s {:>8.1} s CPU  {remark}", self.clock, self.processors);
    }
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
        let log = self.scratch.join(log).with_extension("log");
        let file = fs_err::File::create(&log)?.into_parts().0;
        let shown = process::show(command);
        let (begin, before) = (Instant::now(), children_processors()?);
        let status = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("failed to run `{shown}`"))?;
        if !status.success() {
            bail!("`{shown}`: {status}; its output is in {log}");
        }
        let processors = children_processors()? - before;
        Ok(Cost { clock: begin.elapsed().as_secs_f64(), processors })
    }
}

fn make(source: &Utf8Path, output: Option<&Utf8Path>) -> Command {
    let mut make = process::command("make");
    make.arg("-C").arg(source).arg(format!("-j{}", environment::jobs()));
    make.args(output.map(|output| format!("O={output}")));
    make
}

/// Seconds of all processors that our ended children took, and theirs (proc(5), `/proc/pid/stat`).
fn children_processors() -> Result<f64> {
    /// `USER_HZ` is the same on all of x86.
    const TICKS: f64 = 100.0;
    let text = fs_err::read_to_string("/proc/self/stat")?;
    // The name in parentheses can hold anything. `cutime` and `cstime` are fields 16 and 17, it is the second.
    let (_, rest) = text.rsplit_once(')').context("/proc/self/stat has no name")?;
    let fields = rest.split_whitespace().skip(13).take(2);
    let ticks: Result<Vec<f64>, _> = fields.map(str::parse).collect();
    Ok(ticks?.iter().sum::<f64>() / TICKS)
}
