//! `cargo xtask bench`: our checksums and differences against the kernel's own tools, in turns.

pub(crate) mod builds;
mod contender;
mod cost;
mod growth;
pub(crate) mod stock;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::kernel::{self, Compiler};
use crate::{compare, environment, klp, process};
use contender::{Contender, race};

/// The patch between the two objects of the comparison.
const PATCH: &str = "meminfo";

/// The options of checksums that are made anew, and of those that are kept in a directory.
const NEW: &str = "--no-cache";
const CACHE: &str = "--cache-dir";

/// `command` with more `options`.
fn with<'a>(command: &[&'a str], options: &[&'a str]) -> Vec<&'a str> {
    [command, options].concat()
}

/// Forgets what is kept in `directory`.
fn forget(directory: &Utf8Path) -> [&str; 5] {
    ["find", directory.as_str(), "-type", "f", "-delete"]
}

/// Reads the vmlinux.o of a finished `build`, or of our own of that version, which is patched as well.
pub(crate) fn run(
    version: &str,
    build: Option<&Utf8Path>,
    rounds: u32,
    with_growth: bool,
) -> Result<()> {
    let directory = match build {
        Some(build) => build.to_owned(),
        None => kernel::built(version, Compiler::Gcc)?.build,
    };
    let klp = klp::build(true)?;
    let floor = floor()?;
    let vmlinux = directory.join("vmlinux.o");
    println!("{vmlinux}: {} bytes", fs_err::metadata(&vmlinux)?.len());

    let kept = tempfile::tempdir()?;
    let kept = Utf8Path::from_path(kept.path()).context("a temporary directory without a name")?;
    let to_kept = [CACHE, kept.as_str()];
    let forget = forget(kept);
    let ours = [klp.as_str(), "klp", "checksum", vmlinux.as_str()];
    let known = with(&ours, &to_kept);
    let mut contenders = vec![
        Contender::ours("cargo klp checksum, new", &with(&ours, &to_kept)).after(&[&forget]),
        Contender::ours("cargo klp checksum, known", &with(&ours, &to_kept)).after(&[&known]),
        Contender::new("decode and hash, no more", &[&[floor.as_str(), vmlinux.as_str()]]),
    ];
    let objtool = directory.join("tools/objtool/objtool");
    let knows_klp = knows_klp(&objtool);
    if knows_klp {
        let theirs = [objtool.as_str(), "klp", "checksum", "--dry-run", vmlinux.as_str()];
        contenders.push(Contender::new("objtool klp checksum", &[&theirs]));
    } else {
        println!("this kernel's objtool has no `klp checksum`: nothing to compare with");
    }
    table(&mut contenders, rounds)?;
    if knows_klp && build.is_none() {
        let pair = compare::Pair::of(version, PATCH)?;
        table(&mut differences(&pair, &klp, kept)?, rounds)?;
    }
    if build.is_none() {
        table(&mut all_objects(version, &directory, &klp)?, rounds)?;
    }
    if with_growth {
        growth::run(&klp, &vmlinux, rounds)?;
    }
    if environment::find_program("time").is_none() {
        println!("peak memory is measured with /usr/bin/time, which is not installed");
    }
    Ok(())
}

/// The checksums of all objects that were linked, and how long make looks for something to do. What is in a
/// kernel tree is read in both.
fn all_objects(version: &str, build: &Utf8Path, klp: &Utf8Path) -> Result<Vec<Contender>> {
    let objects: Vec<String> = kbuild_glue::linked_objects(build)?
        .into_iter()
        .map(|object| build.join(object.object).into_string())
        .collect();
    let mut ours = vec![klp.as_str(), "klp", "checksum", NEW];
    ours.extend(objects.iter().map(String::as_str));
    let source = kernel::source(version, Compiler::Gcc)?;
    let (jobs, output) = (format!("-j{}", environment::jobs()), format!("O={build}"));
    let make = ["make", "-C", source.as_str(), &jobs, &output, "vmlinux", "modules"];
    Ok(vec![
        Contender::ours(&format!("cargo klp checksum, {} objects", objects.len()), &ours),
        Contender::new("make, nothing changed", &[&make]),
    ])
}

/// Both ways to compare two whole kernels. The reference's has its checksums of both made without
/// writing them, and then reads copies that have them.
fn differences(pair: &compare::Pair, klp: &Utf8Path, kept: &Utf8Path) -> Result<Vec<Contender>> {
    let (original, patched, objtool) =
        (pair.original.as_str(), pair.patched.as_str(), pair.objtool.as_str());
    let checksum = |object| [objtool, "klp", "checksum", "--dry-run", object];
    let (theirs, out) = (pair.theirs.as_str(), pair.output()?);
    let known = [pair.their_patched.as_str(), out.as_str()];
    let diff = [&["env", "-C", theirs, objtool, "klp", "diff", "vmlinux.o"], &known[..]].concat();
    let ours = [klp.as_str(), "klp", "diff", original, patched];
    let to_kept = [CACHE, kept.as_str()];
    let forget = forget(kept);
    let know = |object| with(&[klp.as_str(), "klp", "checksum", object], &to_kept);
    Ok(vec![
        Contender::ours("cargo klp diff, both new", &with(&ours, &to_kept)).after(&[&forget]),
        Contender::ours("cargo klp diff, original known", &with(&ours, &to_kept))
            .after(&[&forget, &know(original)]),
        Contender::ours("cargo klp diff, both known", &with(&ours, &to_kept))
            .after(&[&know(original), &know(patched)]),
        Contender::new(
            "objtool checksum, checksum, diff",
            &[&checksum(original), &checksum(patched), &diff],
        ),
    ])
}

/// Times `contenders` and prints what they took, ours in comparison with each of the others.
fn table(contenders: &mut [Contender], rounds: u32) -> Result<()> {
    race(contenders, rounds)?;
    let (ours, theirs): (Vec<&Contender>, Vec<&Contender>) =
        contenders.iter().partition(|contender| contender.is_ours);
    println!(
        "\n{:<34} {:>10} {:>10} {:>10} {:>12}",
        "", "median", "fastest", "slowest", "peak memory"
    );
    for contender in &*contenders {
        let (fastest, slowest) = contender.range();
        println!(
            "{:<34} {:>8.1}ms {:>8.1}ms {:>8.1}ms {:>12}",
            contender.name,
            milliseconds(contender.median()),
            milliseconds(fastest),
            milliseconds(slowest),
            contender.peak_memory()?.map_or("-".to_owned(), |kib| format!("{} MB", kib / 1024)),
        );
    }
    for other in theirs {
        for own in &ours {
            let ratio = own.median().as_secs_f64() / other.median().as_secs_f64();
            let ratio = match ratio {
                ratio if ratio < 1.0 => format!("1/{:.1}", ratio.recip()),
                ratio => format!("{ratio:.1} x"),
            };
            println!("{}: {ratio} of {}", own.name, other.name);
        }
    }
    println!("{rounds} rounds in turns");
    Ok(())
}

/// Builds the program that does the least, and returns its path.
fn floor() -> Result<Utf8PathBuf> {
    let mut cargo = Command::new(environment::cargo());
    cargo.current_dir(environment::root()).stderr(std::process::Stdio::inherit());
    cargo.args(["build", "--release", "--package", "klp-core", "--example", "floor"]);
    cargo.arg("--message-format=json-render-diagnostics");
    let messages = process::output(&mut cargo)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "floor")
        .find_map(|message| message["executable"].as_str().map(Utf8PathBuf::from))
        .context("cargo built the example, but named no executable")
}

/// Whether this objtool exists and has the subcommand: it does since Linux 6.19.
fn knows_klp(objtool: &Utf8Path) -> bool {
    let Ok(output) = process::command(objtool.as_str()).args(["klp", "checksum", "-h"]).output()
    else {
        return false;
    };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).contains("--dry-run")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
