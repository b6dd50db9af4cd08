//! `cargo xtask fixes`: what lies between two releases of a kernel, a file at a time, and a second comparison that shares
//! no code with the first.

mod listing;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use walkdir::WalkDir;

use crate::kernel::{self, Kernel, Setup};
use crate::{klp, process};

use listing::Listing;
use verdict::Verdict;

/// So many livepatches are loaded in one guest.
const AT_ONCE: usize = 8;

/// A livepatch, and the modules of the kernel that it is for.
struct Made {
    livepatch: Utf8PathBuf,
    of: BTreeSet<String>,
}

/// Applies to Linux `version` what makes each of its files that of the tree `other`, and compares what comes out. The
/// livepatches are loaded if `load` says so.
pub(crate) fn run(
    version: &str,
    setup: Setup,
    other: &Utf8Path,
    most: usize,
    filter: &str,
    load: bool,
) -> Result<()> {
    let kernel = kernel::configured(version, setup)?;
    let klp = klp::build(false)?;
    let llvm = kernel::llvm().filter(|_| setup.compiler.is_clang());
    let objdump = llvm.as_ref().and_then(|_| kernel::llvm_tool("llvm-objdump"));
    let reader = Reader {
        has_lto: setup.compiler.has_lto(),
        objdump: objdump.unwrap_or_else(|| "objdump".to_owned()),
    };
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
    let mut made = Vec::new();
    for file in differing(&kernel.source, other, &work.join("build"), filter)?.iter().take(most) {
        let patch = directory.join("fix.patch");
        fs_err::write(&patch, difference(&kernel.source, other, file)?)?;
        let name = file.with_extension("").as_str().replace(['/', '_'], "-");
        let module = directory.join(format!("livepatch-{name}.ko"));
        let output = build(&[patch.as_str(), "-o", module.as_str()]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let records: Vec<Value> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("no JSON")?;
        let status = output.status.code();
        let outcome = match status {
            Some(101) => "does not compile alone",
            Some(0 | 3 | 4) => {
                let verdict = reader.second(&work, file, &records)?;
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
            let of = records.iter().filter_map(|record| record["linked"].as_str());
            let of = of.filter(|linked| *linked != "vmlinux").map(str::to_owned).collect();
            made.push(Made { livepatch: module, of });
        }
    }
    println!();
    for (outcome, count) in &totals {
        println!("{count:>5} {outcome}");
    }
    if load {
        for some in made.chunks(AT_ONCE) {
            attempt(&klp, &kernel, some)?;
        }
        println!("{:>5} livepatches loaded and unloaded", made.len());
    }
    if wrong > 0 {
        bail!("{wrong} of {} files are wrong", totals.values().sum::<usize>());
    }
    Ok(())
}

/// Who reads the machine code of a build.
struct Reader {
    has_lto: bool,
    objdump: String,
}

impl Reader {
    fn listing(&self, object: &Utf8Path) -> Result<Listing> {
        Listing::of(object, &self.objdump)
    }

    /// What the disassembly says of the patch to `file`, beside the records. With LTO an object holds no machine code, and
    /// what it is linked into is read.
    fn second(&self, work: &Utf8Path, file: &Utf8Path, records: &[Value]) -> Result<Verdict> {
        let (build, patched) = (work.join("build"), work.join("patched"));
        if !self.has_lto {
            let object = file.with_extension("o");
            let before = self.listing(&build.join(&object))?;
            let made = patched.join(&object);
            let after = if made.exists() { self.listing(&made)? } else { before.clone() };
            let of_object = |record: &&Value| record["object"] == object.as_str();
            let own: Vec<&Value> = records.iter().filter(of_object).collect();
            return Ok(Verdict::of(&own, &before, &after));
        }
        let (mut before, mut after) = (Listing::default(), Listing::default());
        for object in machine_code(&build)? {
            let (one, two) = (build.join(&object), patched.join(&object));
            if two.exists() && fs_err::read(&one)? != fs_err::read(&two)? {
                before.add(self.listing(&one)?);
                after.add(self.listing(&two)?);
            }
        }
        Ok(Verdict::of(&records.iter().collect::<Vec<_>>(), &before, &after))
    }
}

/// What the objects of an LTO build are linked into.
fn machine_code(build: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let mut objects = vec![Utf8PathBuf::from("vmlinux.o")];
    for entry in WalkDir::new(build).sort_by_file_name() {
        let entry = entry?;
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        if path.extension() == Some("mod") {
            objects.push(path.strip_prefix(build)?.with_extension("o"));
        }
    }
    Ok(objects)
}

/// Loads livepatches one after the other, each in place of the one before.
fn attempt(klp: &Utf8Path, kernel: &Kernel, made: &[Made]) -> Result<()> {
    let mut trial = process::command(klp.as_str());
    trial.args(["klp", "try", "-C", kernel.source.as_str(), "-O", kernel.build.as_str()]);
    trial.args(["--timeout", "900", "--memory", "1024"]);
    for name in made.iter().flat_map(|made| &made.of).collect::<BTreeSet<_>>() {
        trial.args(["--module", Utf8Path::new(name).file_name().unwrap_or(name)]);
    }
    process::run(trial.args(made.iter().map(|made| &made.livepatch)))
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
