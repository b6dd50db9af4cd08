//! `cargo xtask compare`: our diff, the kernel's, and what was expected, on the same objects.

mod build;
mod theirs;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::expected::{self, Change, Expected, Report};
use crate::{klp, process};
use build::Build;
use theirs::Theirs;

/// Takes each patch, or those that are named, to a kernel and prints who found what.
pub(crate) fn run(version: &str, thin_lto: bool, names: &[String]) -> Result<()> {
    let klp = klp::build(false)?;
    let mut build = Build::ensure(version, thin_lto)?;
    let (mut ours_wrong, mut theirs_wrong, mut count) = (0, 0, 0);
    for patch in expected::patches(version)? {
        let name = patch.file_stem().unwrap_or_default().to_owned();
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let scratch = tempfile::Builder::new().prefix("cargo-klp-compare-").tempdir()?;
        let scratch = Utf8Path::from_path(scratch.path()).context("the temporary directory")?;
        let patched = scratch.join("objects");
        let objects = build.patched(&patch, &patched)?;
        let expected = Expected::read(&patch)?;
        let ours = ours(&klp, &build.original, &patched, &objects)?;
        let theirs =
            theirs::compare(&build.objtool(), &build.original, &patched, &objects, scratch)?;
        let (our_list, their_list) = judge(&expected, &ours, &theirs);
        count += 1;
        ours_wrong += usize::from(!our_list.is_empty());
        theirs_wrong += usize::from(!their_list.is_empty());
        println!("==> {name}: {} expected", show(&expected.functions));
        println!("    ours:   {}", verdict(&our_list));
        println!("    theirs: {}", verdict(&their_list));
    }
    println!("\n{count} patches; not as expected: ours {ours_wrong}, theirs {theirs_wrong}");
    if ours_wrong > 0 {
        bail!("{ours_wrong} of our results are not as expected");
    }
    Ok(())
}

fn ours(
    klp: &Utf8Path,
    original: &Utf8Path,
    patched: &Utf8Path,
    objects: &[Utf8PathBuf],
) -> Result<Report> {
    let mut report = Report::default();
    for object in objects {
        let (before, after) = (original.join(object), patched.join(object));
        let mut command = process::command(klp.as_str());
        command.args(["klp", "diff", "--message-format", "json", before.as_str(), after.as_str()]);
        let output = command.output()?;
        report.read(&String::from_utf8_lossy(&output.stdout)).with_context(|| {
            format!("{object}: {}", String::from_utf8_lossy(&output.stderr).trim_end())
        })?;
    }
    Ok(report)
}

/// How ours and theirs are not as expected.
fn judge(expected: &Expected, ours: &Report, theirs: &Theirs) -> (Vec<String>, Vec<String>) {
    // What was linked has no names of objects, or others.
    let names = |functions: &[expected::Function], removed: bool| {
        let mut count: BTreeMap<String, i32> = BTreeMap::new();
        for function in functions.iter().filter(|f| removed || f.change != Change::Removed) {
            let name = function.name.split('.').next().unwrap_or_default();
            *count
                .entry(format!("{}{name}", if removed { function.change.prefix() } else { "" }))
                .or_default() += 1;
        }
        count
    };
    let mut our_list =
        differences(&names(&expected.functions, true), &names(&ours.functions, true));
    our_list.extend(differences(&names(&expected.data, true), &names(&ours.data, true)));
    if ours.refused.len() != expected.refused {
        our_list.push(format!("{} refused, not {}", ours.refused.len(), expected.refused));
    }
    let mut found: BTreeMap<String, i32> = BTreeMap::new();
    for function in &theirs.functions {
        *found.entry(function.split('.').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let mut their_list = differences(&names(&expected.functions, false), &found);
    their_list.extend(theirs.errors.iter().map(|error| format!("says: {error}")));
    (our_list, their_list)
}

fn differences(expected: &BTreeMap<String, i32>, found: &BTreeMap<String, i32>) -> Vec<String> {
    let missing = expected.iter().filter(|(name, count)| found.get(*name).unwrap_or(&0) < *count);
    let extra = found.iter().filter(|(name, count)| expected.get(*name).unwrap_or(&0) < *count);
    missing
        .map(|(name, _)| format!("misses {name}"))
        .chain(extra.map(|(name, _)| format!("has {name} too many")))
        .collect()
}

fn verdict(differences: &[String]) -> String {
    if differences.is_empty() { "as expected".to_owned() } else { differences.join("; ") }
}

fn show(functions: &[expected::Function]) -> String {
    let names: Vec<String> =
        functions.iter().map(|f| format!("{}{}", f.change.prefix(), f.name)).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
