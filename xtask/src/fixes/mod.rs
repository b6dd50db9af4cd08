//! `cargo xtask fixes`: what lies between two releases of a kernel, a file at a time, and a second comparison that shares
//! no code with the first.

mod listing;
mod verdict;

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use walkdir::WalkDir;

use crate::kernel::{self, Setup};
use crate::{klp, process};

use listing::Listing;
use verdict::Verdict;

/// Applies to Linux `version` what makes each of its files that of the tree `other`, and compares what comes out.
pub(crate) fn run(
    version: &str,
    setup: Setup,
    other: &Utf8Path,
    most: usize,
    filter: &str,
) -> Result<()> {
    let kernel = kernel::configured(version, setup)?;
    let klp = klp::build(false)?;
    let llvm = kernel::llvm().filter(|_| setup.compiler.is_clang());
    let variables: Vec<String> = llvm.map(|llvm| format!("LLVM={llvm}")).into_iter().collect();
    let build = |arguments: &[&str]| {
        let mut command = klp::build_command(&klp, &kernel.source, &kernel.build);
        command.args(&variables).args(arguments).args(["--message-format", "json", "--quiet"]);
        command
    };
    process::run(build(&[]).stdout(Stdio::null()))?;
    let work = kernel.build.join(".klp");
    let guard = tempfile::tempdir()?;
    let directory = Utf8Path::from_path(guard.path()).context("a path that is not UTF-8")?;
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = 0;
    for file in differing(&kernel.source, other, &work.join("build"), filter)?.iter().take(most) {
        let patch = directory.join("fix.patch");
        fs_err::write(&patch, difference(&kernel.source, other, file)?)?;
        let module = directory.join("livepatch-fix.ko");
        let output = build(&[patch.as_str(), "-o", module.as_str()]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let records: Vec<Value> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("no JSON")?;
        let object = file.with_extension("o");
        let status = output.status.code();
        let outcome = match status {
            Some(101) => "does not compile alone",
            Some(0 | 3 | 4) => {
                let read = |path: Utf8PathBuf| Listing::of(&path);
                let made = work.join("patched").join(&object);
                let before = read(work.join("build").join(&object))?;
                let after = if made.exists() { read(made)? } else { before.clone() };
                let verdict = Verdict::of(&records, &before, &after, &object);
                verdict.print(file);
                wrong += usize::from(verdict.is_wrong());
                verdict.outcome(status == Some(0), module.exists())
            }
            _ => {
                println!(
                    "{file}: exit status {status:?}\n{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                wrong += 1;
                "failed"
            }
        };
        let why = records.iter().filter(|record| record["reason"] == "refused");
        let why: Vec<String> = why.map(|it| format!("{}: {}", it["name"], it["why"])).collect();
        println!(
            "{outcome:<28} {file}{}{}",
            if why.is_empty() { "" } else { "  " },
            why.join("; ")
        );
        *totals.entry(outcome).or_default() += 1;
        if module.exists() {
            fs_err::remove_file(&module)?;
        }
    }
    println!();
    for (outcome, count) in &totals {
        println!("{count:>5} {outcome}");
    }
    if wrong > 0 {
        bail!("{wrong} of {} files are wrong", totals.values().sum::<usize>());
    }
    Ok(())
}

/// The C files that are not the same in both trees and are built in this kernel.
fn differing(
    source: &Utf8Path,
    other: &Utf8Path,
    build: &Utf8Path,
    filter: &str,
) -> Result<Vec<Utf8PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(build).sort_by_file_name() {
        let entry = entry?;
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        if path.extension() != Some("o") || !path.as_str().contains(filter) {
            continue;
        }
        let file = path.strip_prefix(build)?.with_extension("c");
        let (one, two) = (source.join(&file), other.join(&file));
        if one.is_file() && two.is_file() && fs_err::read(&one)? != fs_err::read(&two)? {
            files.push(file);
        }
    }
    Ok(files)
}

/// What makes `file` of `source` that of `other`, as a patch.
fn difference(source: &Utf8Path, other: &Utf8Path, file: &Utf8Path) -> Result<Vec<u8>> {
    let mut diff = process::command("diff");
    diff.args(["-u", "--label", &format!("a/{file}"), "--label", &format!("b/{file}")]);
    let output = diff.args([source.join(file), other.join(file)]).output()?;
    if output.status.code() != Some(1) {
        bail!("diff found no difference in {file}");
    }
    Ok(output.stdout)
}
