//! `cargo xtask stock --fixes`: what the update of a distribution changed, file by file, as livepatches for the older
//! kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{Place, check, records};
use crate::process;

/// Of twenty files so many are of the kernel, of modules, and headers.
const WANTED: [(Kind, usize); 3] = [(Kind::Kernel, 9), (Kind::Module, 8), (Kind::Header, 3)];
/// What a person can see at one look; more is seldom a fix without other files.
const SMALL: usize = 2000;
/// So many livepatches are tried in one guest.
const AT_ONCE: usize = 5;
/// The build of a part that needs another file's part fails: the file next to it is taken then.
const BUILD_FAILED: i32 = 101;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Kernel,
    Module,
    Header,
}

/// What became of the part of one file.
struct Fix {
    file: String,
    status: i32,
    records: Vec<Value>,
    module: Utf8PathBuf,
    /// Modules of the kernel that it is for.
    of: Option<String>,
}

/// Makes livepatches for the kernel of `place` from the files that differ between the sources `from` and `to`.
/// `number` in all, but at least one of each kind.
pub(super) fn run(place: &Place, from: &Utf8Path, to: &Utf8Path, number: usize) -> Result<()> {
    let owners = owners(place)?;
    let files = different(from, to)?;
    let mut parts = Vec::new();
    for (kind, of_twenty) in WANTED {
        let wanted = (of_twenty * number / 20).max(1);
        let candidates: Vec<&String> =
            files.iter().filter(|file| kind_of(file, &owners) == Some(kind)).collect();
        println!("==> {kind:?}: {} files differ", candidates.len());
        for number in 0..wanted {
            let start = (2 * number + 1) * candidates.len() / (2 * wanted);
            let end = (2 * number + 3) * candidates.len() / (2 * wanted);
            for file in candidates.iter().take(end).skip(start) {
                let owner = owners.get(*file).cloned().unwrap_or_default();
                let patch = patch(from, to, file)?;
                if patch.len() > SMALL || patch.windows(8).any(|text| text == b"#include") {
                    continue;
                }
                let fix = build(place, &patch, file, owner)?;
                println!("{}", row(&fix));
                if fix.status != BUILD_FAILED {
                    parts.push(fix);
                    break;
                }
            }
        }
    }
    let loaded: Vec<&Fix> = parts.iter().filter(|fix| fix.status == 0).collect();
    for some in loaded.chunks(AT_ONCE) {
        attempt(place, some)?;
    }
    println!("PASS stock/fixes: {} files, {} livepatches", parts.len(), loaded.len());
    Ok(())
}

/// What the object of each source file is linked into; nothing is the kernel itself.
fn owners(place: &Place) -> Result<BTreeMap<String, Option<String>>> {
    let text = fs_err::read(place.outside("work").join("stock.commands"))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let units = text.lines().filter_map(|line| {
        let mut fields = line.split('\t').skip(1);
        let (source, modules) = (fields.next()?, fields.next()?);
        let module = modules.split(' ').next().filter(|name| !name.is_empty());
        Some((source.to_owned(), module.map(str::to_owned)))
    });
    Ok(units.collect())
}

fn kind_of(file: &str, owners: &BTreeMap<String, Option<String>>) -> Option<Kind> {
    match owners.get(file) {
        Some(None) => Some(Kind::Kernel),
        Some(Some(_)) => Some(Kind::Module),
        // A header that all the kernel includes would have all of it compiled.
        None => {
            let is_header = Utf8Path::new(file).extension() == Some("h");
            (is_header && !file.starts_with("include/")).then_some(Kind::Header)
        }
    }
}

/// The files that are in both sources and differ.
fn different(from: &Utf8Path, to: &Utf8Path) -> Result<Vec<String>> {
    let output = process::command("diff").args(["-rq", from.as_str(), to.as_str()]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let start = format!("Files {from}/");
    let names = text.lines().filter_map(|line| line.strip_prefix(&start)?.split(" and ").next());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    ensure!(!names.is_empty(), "{from} and {to} do not differ");
    names.sort();
    Ok(names)
}

fn patch(from: &Utf8Path, to: &Utf8Path, file: &str) -> Result<Vec<u8>> {
    let mut diff = process::command("diff");
    let labels = [format!("--label=a/{file}"), format!("--label=b/{file}")];
    diff.arg("-u").args(labels).args([from.join(file), to.join(file)]);
    Ok(diff.output()?.stdout)
}

fn build(place: &Place, text: &[u8], file: &str, of: Option<String>) -> Result<Fix> {
    let name: String =
        file.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    let (patch, module) = (format!("fixes/{name}.patch"), format!("fixes/{name}.ko"));
    fs_err::create_dir_all(place.outside("fixes"))?;
    fs_err::write(place.outside(&patch), text)?;
    let mut build = place.klp(&["build"]);
    place.named(&mut build, |path| place.inside(path));
    build.args(["--message-format", "json", "-o", place.inside(&module).as_str()]);
    let output = build.arg(place.inside(&patch).as_str()).output()?;
    let status = output.status.code().context("the build was killed")?;
    let records = records(&String::from_utf8_lossy(&output.stdout)).collect();
    if status == 0 {
        check(place, &module)?;
    }
    Ok(Fix { file: file.to_owned(), status, records, module: place.outside(&module), of })
}

/// A row of a table: file, proof, changed functions, and what came out.
fn row(fix: &Fix) -> String {
    let of = |reason: &'static str| fix.records.iter().filter(move |it| it["reason"] == reason);
    let sum = |field: &str| of("proof").filter_map(|it| it[field].as_u64()).sum::<u64>();
    let names: Vec<&str> = of("function").filter_map(|it| it["name"].as_str()).collect();
    let codes: BTreeSet<&str> = of("refused").filter_map(|it| it["code"].as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let verdict = match fix.status {
        0 => "a module".to_owned(),
        3 => "nothing changed".to_owned(),
        BUILD_FAILED => "it does not compile without other files".to_owned(),
        status => format!("status {status}: {}", codes.join(", ")),
    };
    let (equal, all) = (sum("equal"), sum("functions"));
    format!("| `{}` | {equal} of {all} | {} | {verdict} |", fix.file, names.join(", "))
}

/// Loads livepatches one after the other, each in place of the one before.
fn attempt(place: &Place, fixes: &[&Fix]) -> Result<()> {
    let mut trial: Command = place.klp_here(&["try"]);
    place.named(&mut trial, |path| place.outside(path));
    trial.args(["--timeout", "900", "--memory", "1024"]);
    for name in fixes.iter().filter_map(|fix| fix.of.as_deref()) {
        trial.args(["--module", Utf8Path::new(name).file_name().unwrap_or(name)]);
    }
    process::run(trial.args(fixes.iter().map(|fix| &fix.module)))
}
