//! `cargo xtask fuzz`: runs the fuzz targets with libFuzzer, which `libfuzzer-sys` has with it.

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::{environment, process};

/// Names of the targets, the most promising last.
const TARGETS: [&str; 7] = ["text", "checksums", "patches", "oracle", "module", "diff", "objects"];

/// What libFuzzer learns from: which edges were run, and what was compared with what. Overflows and failed assertions of
/// debug builds are errors.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions=yes \
     -Coverflow-checks=yes --cfg=fuzzing";

/// Accesses outside of memory, in C libraries and `unsafe` code of others: ours has none.
const SANITIZER: &str = "-Zsanitizer=address";

/// The architecture has to be named, so that the flags are not for build scripts, too.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(minutes: u64, sanitizer: bool, only: Option<&str>) -> Result<()> {
    let targets: Vec<&str> =
        TARGETS.into_iter().filter(|name| only.is_none_or(|only| only == *name)).collect();
    let count = u64::try_from(targets.len())?;
    let Some(seconds) = minutes.saturating_mul(60).checked_div(count) else {
        bail!("no target has this name: {}", TARGETS.join(", "));
    };
    let directory = environment::root().join("target/fuzz");
    build(&directory, sanitizer)?;
    let mut failed = Vec::new();
    for name in targets {
        let program = directory.join(TRIPLE).join("release").join(name);
        if let Err(error) = fuzz(&directory, &program, name, seconds) {
            println!("{error:#}");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "broken: {}; the inputs are in {directory}/found, each is run again by giving it to the program alone",
        failed.join(", ")
    );
}

fn build(directory: &Utf8Path, sanitizer: bool) -> Result<()> {
    let mut cargo = process::command(&environment::cargo());
    cargo.args([
        "build",
        "--release",
        "--package",
        "klp-fuzz",
        "--bins",
        "--features",
        "libfuzzer",
    ]);
    cargo.args(["--target", TRIPLE, "--target-dir", directory.as_str()]);
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "false");
    if sanitizer {
        // A stable compiler has the sanitizer, and its option only for those who ask this way.
        cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", format!("{FLAGS} {SANITIZER}"));
    } else {
        cargo.env("RUSTFLAGS", FLAGS);
    }
    process::run(cargo.current_dir(environment::root()))
}

/// Runs one target. What it learns stays in the target directory; `seeds` is where it starts.
fn fuzz(directory: &Utf8Path, program: &Utf8Path, name: &str, seconds: u64) -> Result<()> {
    let made = |kind: &str| -> Result<Utf8PathBuf> {
        let path = directory.join(kind).join(name);
        fs_err::create_dir_all(&path).context("failed to make a directory for inputs")?;
        Ok(path)
    };
    let (corpus, found) = (made("corpus")?, made("found")?);
    println!("==> {name}, {seconds} seconds");
    let mut command = process::command(program.as_str());
    command.args([corpus.as_str(), environment::root().join("fuzz/seeds").join(name).as_str()]);
    command.arg(format!("-artifact_prefix={found}/")).arg(format!("-max_total_time={seconds}"));
    command.args(["-timeout=10", "-report_slow_units=2", "-rss_limit_mb=200", "-max_len=65536"]);
    // One thread, so that what is learnt of an input does not depend on the order of threads.
    command.args(["-print_final_stats=1", "-verbosity=0"]).env("RAYON_NUM_THREADS", "1");
    // What was freed is kept apart for a while, which counts as memory of ours.
    command.env("ASAN_OPTIONS", "quarantine_size_mb=16");
    process::run(&mut command)
}
