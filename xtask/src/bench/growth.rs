//! `cargo xtask bench --growth`: time and memory for more and more of the same.

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::NEW;
use super::contender::{Contender, race};
use super::milliseconds;
use crate::process;

/// How many copies of the object are linked into one.
const COPIES: [u32; 5] = [1, 2, 4, 8, 16];

/// The scale of the plot.
const MILLISECONDS_A_MARK: usize = 100;

/// Names that mean something to a checksum, and so are the same in each copy.
const KEPT: [&str; 1] = ["__fentry__"];

pub(super) fn run(klp: &Utf8Path, object: &Utf8Path, rounds: u32) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("cargo-klp-growth-").tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("the temporary directory")?;
    let mut copies = Vec::new();
    let mut measured = Vec::new();
    println!("\n{:>6} {:>10} {:>10} {:>13}", "copies", "size", "median", "memory/size");
    for count in COPIES {
        while copies.len() < count as usize {
            copies.push(copy(object, scratch, copies.len())?);
        }
        let linked = scratch.join(format!("linked-{count}.o"));
        let mut ld = process::command("ld");
        process::run(ld.args(["-r", "-o", linked.as_str()]).args(&copies))?;
        let size = kib(fs_err::metadata(&linked)?.len() / 1024)?;
        let mut ours = [Contender::ours(
            "cargo klp",
            &[klp.as_str(), "klp", "checksum", NEW, linked.as_str()],
        )];
        race(&mut ours, rounds)?;
        let [ours] = &ours;
        let memory = ours.peak_memory()?.map(kib).transpose()?;
        println!(
            "{count:>6} {:>7.1} MB {:>8.1}ms {:>13}  {}",
            size / 1024.0,
            milliseconds(ours.median()),
            memory.map_or("-".to_owned(), |memory| format!("{:.2}", memory / size)),
            "#".repeat(usize::try_from(ours.median().as_millis())? / MILLISECONDS_A_MARK + 1),
        );
        measured.push((size, ours.median().as_secs_f64()));
        fs_err::remove_file(linked)?;
    }
    println!("time grows with size to the power of {:.2}", exponent(&measured));
    Ok(())
}

fn kib(count: u64) -> Result<f64> {
    Ok(f64::from(u32::try_from(count)?))
}

/// A copy of `object` with names of its own.
fn copy(object: &Utf8Path, scratch: &Utf8Path, number: usize) -> Result<Utf8PathBuf> {
    let copy = scratch.join(format!("copy-{number}.o"));
    let mut objcopy = process::command("objcopy");
    objcopy.arg(format!("--prefix-symbols=c{number}_"));
    for name in KEPT {
        objcopy.arg(format!("--redefine-sym=c{number}_{name}={name}"));
    }
    process::run(objcopy.args([object, &copy]))?;
    Ok(copy)
}

/// The slope of the line through the logarithms, by least squares.
fn exponent(measured: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> =
        measured.iter().map(|(size, time)| (size.ln(), time.ln())).collect();
    let (count, x, y) =
        logs.iter().fold((0.0, 0.0, 0.0), |(count, x, y), log| (count + 1.0, x + log.0, y + log.1));
    let (x, y) = (x / count, y / count);
    let (above, below) = logs.iter().fold((0.0, 0.0), |(above, below), log| {
        (above + (log.0 - x) * (log.1 - y), below + (log.0 - x) * (log.0 - x))
    });
    above / below
}
