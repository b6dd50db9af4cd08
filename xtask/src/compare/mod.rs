//! `cargo xtask compare`: our diff, the kernel's, and what was expected, on the same objects.

mod build;
mod replay;
mod theirs;

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;

use anyhow::{Context as _, Result, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::expected::{self, CHANGED, Change, Expected, REFUSED, Report};
use crate::{klp, process};
pub(crate) use build::Build;
use theirs::Theirs;

/// Takes each patch, or those that are named, to a kernel and prints who found what. While one is compared,
/// the next is built.
pub(crate) fn run(version: &str, thin_lto: bool, names: &[String]) -> Result<()> {
    let klp = klp::build(false)?;
    let mut patches = expected::patches(version)?;
    let is_named = |patch: &Utf8PathBuf| names.iter().any(|name| patch.file_stem() == Some(name));
    patches.retain(|patch| names.is_empty() || is_named(patch));
    let mut build = Build::ensure(version, thin_lto)?;
    let scratch = tempfile::Builder::new().prefix("cargo-klp-compare-").tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("the temporary directory")?;
    let sides = Sides {
        klp: &klp,
        objtool: &build.objtool(),
        original: &build.original.clone(),
        theirs: &build.theirs.clone(),
        scratch,
    };
    let (mut ours_wrong, mut theirs_wrong) = (0, 0);
    let count = patches.len();
    let (send, finished) = sync_channel(1);
    std::thread::scope(|scope| -> Result<()> {
        let builder = scope.spawn(move || -> Result<()> {
            for patch in patches {
                let directory = scratch.join(patch.file_stem().unwrap_or_default());
                let objects = build.patched(&patch, &directory)?;
                if send.send((patch, directory, objects)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        for (patch, directory, objects) in finished {
            let expected = Expected::read(&patch, thin_lto)?;
            let ours = sides.ours(&directory, &objects)?;
            let theirs = sides.theirs(&directory, &objects)?;
            let (our_list, their_list) = judge(&expected, &ours, &theirs);
            ours_wrong += usize::from(!our_list.is_empty());
            theirs_wrong += usize::from(!their_list.is_empty());
            let name = patch.file_stem().unwrap_or_default();
            println!("==> {name}: {} expected", show(&expected));
            println!("    ours:   {}", verdict(&our_list));
            println!("    theirs: {}", verdict(&their_list));
            if directory.exists() {
                fs_err::remove_dir_all(&directory)?;
            }
        }
        builder.join().map_err(|_| anyhow!("the builder panicked"))?
    })?;
    println!("\n{count} patches; not as expected: ours {ours_wrong}, theirs {theirs_wrong}");
    if ours_wrong > 0 {
        bail!("{ours_wrong} of our results are not as expected");
    }
    Ok(())
}

/// Two whole kernels in one object each, before and after a patch.
pub(crate) struct Pair {
    pub(crate) original: Utf8PathBuf,
    pub(crate) patched: Utf8PathBuf,
    pub(crate) objtool: Utf8PathBuf,
    /// Where the reference finds the original with its checksums, as `vmlinux.o`.
    pub(crate) theirs: Utf8PathBuf,
    /// The patched one with its checksums.
    pub(crate) their_patched: Utf8PathBuf,
    scratch: tempfile::TempDir,
}

impl Pair {
    /// Builds a kernel, and again with the patch of that name.
    pub(crate) fn of(version: &str, patch: &str) -> Result<Self> {
        let all = expected::patches(version)?;
        let patch = all.iter().find(|known| known.file_stem() == Some(patch));
        let patch = patch.context("no such patch")?;
        let mut build = Build::ensure(version, false)?;
        let scratch = tempfile::Builder::new().prefix("cargo-klp-pair-").tempdir()?;
        let directory = Utf8Path::from_path(scratch.path()).context("the temporary directory")?;
        let (ours, theirs) = (directory.join("ours"), directory.join("theirs"));
        build.patched(patch, &ours)?;
        fs_err::create_dir(&theirs)?;
        let vmlinux = Utf8Path::new("vmlinux.o");
        fs_err::copy(ours.join(vmlinux), theirs.join(vmlinux))?;
        let objtool = build.objtool();
        let before = &build.theirs;
        Theirs::default().compare(&objtool, &build.original, before, &theirs, vmlinux)?;
        Ok(Self {
            original: build.original.join(vmlinux),
            patched: ours.join(vmlinux),
            objtool,
            theirs: before.clone(),
            their_patched: theirs.join(vmlinux),
            scratch,
        })
    }

    /// A file for what the reference writes.
    pub(crate) fn output(&self) -> Result<Utf8PathBuf> {
        let directory = Utf8Path::from_path(self.scratch.path());
        Ok(directory.context("the temporary directory")?.join("diff.o"))
    }
}

/// The programs, and what they read again and again.
struct Sides<'a> {
    klp: &'a Utf8Path,
    objtool: &'a Utf8Path,
    original: &'a Utf8Path,
    theirs: &'a Utf8Path,
    scratch: &'a Utf8Path,
}

impl Sides<'_> {
    fn ours(&self, patched: &Utf8Path, objects: &[Utf8PathBuf]) -> Result<Report> {
        let mut report = Report::default();
        for object in objects {
            let before = self.scratch.join("ours").join(object).with_extension("checksums");
            if !before.exists() {
                fs_err::create_dir_all(before.parent().unwrap_or(&before))?;
                let original = self.original.join(object);
                let arguments = ["klp", "checksum", original.as_str(), "-o", before.as_str()];
                process::output(process::command(self.klp.as_str()).args(arguments))?;
            }
            let after = patched.join(object);
            let arguments = ["klp", "diff", "--message-format", "json"];
            let mut command = process::command(self.klp.as_str());
            let output = command.args(arguments).args([&before, &after]).output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            if ![CHANGED, REFUSED].map(Some).contains(&output.status.code()) {
                bail!("{object}: {}: {}", output.status, stderr.trim_end());
            }
            report
                .read(&String::from_utf8_lossy(&output.stdout))
                .with_context(|| format!("{object}: {}", stderr.trim_end()))?;
        }
        Ok(report)
    }

    fn theirs(&self, patched: &Utf8Path, objects: &[Utf8PathBuf]) -> Result<Theirs> {
        let mut theirs = Theirs::default();
        for object in objects {
            theirs.compare(self.objtool, self.original, self.theirs, patched, object)?;
        }
        theirs.functions.sort();
        Ok(theirs)
    }
}

/// How ours and theirs are not as expected.
fn judge(expected: &Expected, ours: &Report, theirs: &Theirs) -> (Vec<String>, Vec<String>) {
    // What was linked has no names of objects, or others.
    let names = |functions: &[expected::Function], removed: bool| {
        let mut count: BTreeMap<String, i32> = BTreeMap::new();
        for function in functions.iter().filter(|f| removed || f.change != Change::Removed) {
            let prefix = if removed { function.change.prefix() } else { "" };
            *count.entry(format!("{prefix}{}", plain(&function.name))).or_default() += 1;
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
        *found.entry(plain(function)).or_default() += 1;
    }
    let mut their_list = differences(&names(&expected.functions, false), &found);
    their_list.extend(theirs.errors.iter().map(|error| format!("says: {error}")));
    (our_list, their_list)
}

/// A name without what a compiler appends, and that of an initcall's stub without its counters.
fn plain(name: &str) -> String {
    let name = name.split('.').next().unwrap_or_default();
    let is_stub = name.starts_with("__initstub__");
    name.chars().filter(|letter| !is_stub || !letter.is_ascii_digit()).collect()
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

fn show(expected: &Expected) -> String {
    let all = expected.functions.iter().chain(&expected.data);
    let names: Vec<String> = all.map(|f| format!("{}{}", f.change.prefix(), f.name)).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
