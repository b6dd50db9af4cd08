//! `cargo xtask strangers`: puts a function with statics in front of real files of a kernel, compiles both versions as
//! Kbuild did, in many ways, and compares them. The right answer is known: that function is added, and nothing else
//! differs.

mod flags;
mod random;
mod text;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{SavedCommand, linked_objects};
use serde_json::Value;

use crate::{environment, klp, process};
use random::Random;
use text::NAME;

/// A file of a build, and a way to compile it.
struct Pair<'a> {
    build: &'a Utf8Path,
    object: &'a Utf8Path,
    name: &'static str,
    flags: Vec<&'static str>,
    seed: u64,
}

/// What came out of a pair.
enum Outcome {
    Right,
    /// What should not be there.
    Wrong(Vec<String>),
    /// Why it cannot be compiled so.
    NotCompiled(String),
}

/// Takes `pairs` files of `builds`, which are output directories of finished builds.
pub(crate) fn run(
    builds: &[Utf8PathBuf],
    pairs: u64,
    seed: u64,
    keep: Option<&Utf8Path>,
) -> Result<()> {
    let klp = klp::build(false)?;
    let mut random = Random::new(seed);
    let mut objects = Vec::new();
    for build in builds {
        let objects_of = linked_objects(build)?.into_iter().map(|linked| linked.object);
        objects.push((build.as_path(), objects_of.collect::<Vec<_>>()));
    }
    let mut chosen = Vec::new();
    for number in 0..pairs {
        let turn = usize::try_from(number)?;
        let (build, own) = objects.get(turn % objects.len()).context("no build")?;
        let sets = flags::of(is_clang(build)?);
        let (name, flags) =
            sets.get(turn / objects.len() % sets.len()).context("no flags")?.clone();
        let object = random.choose(own).context("nothing is linked there")?;
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        chosen.push(Pair { build, object, name, flags, seed });
    }
    let outcomes = all(&klp, &chosen, keep);
    report(&chosen, outcomes?)
}

fn is_clang(build: &Utf8Path) -> Result<bool> {
    let config = kbuild_glue::Config::read(&build.join(".config"))?;
    Ok(config.is_enabled("CONFIG_CC_IS_CLANG"))
}

/// Takes all of them, as many at a time as there are processors.
fn all(klp: &Utf8Path, pairs: &[Pair<'_>], keep: Option<&Utf8Path>) -> Result<Vec<Outcome>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, Result<Outcome>>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..environment::jobs() {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(pair) = pairs.get(number) else { break };
                    let outcome = one(klp, pair, keep);
                    if let Ok(Outcome::Wrong(what)) = &outcome {
                        println!("WRONG {}: {}", show(pair), what.join("; "));
                    }
                    if let Ok(mut done) = done.lock() {
                        done.insert(number, outcome);
                    }
                }
            });
        }
    });
    let done = done.into_inner().ok().context("a thread has panicked")?;
    done.into_values().collect()
}

fn show(pair: &Pair<'_>) -> String {
    format!(
        "{} {} {} (seed {})",
        pair.build.file_name().unwrap_or_default(),
        pair.object,
        pair.name,
        pair.seed
    )
}

/// Compiles both versions and compares them.
fn one(klp: &Utf8Path, pair: &Pair<'_>, keep: Option<&Utf8Path>) -> Result<Outcome> {
    let saved = match SavedCommand::of_target(pair.build, pair.object) {
        Ok(saved) => saved,
        Err(error) => return Ok(Outcome::NotCompiled(error.to_string())),
    };
    let source = saved.source.as_ref().filter(|source| source.extension() == Some("c"));
    let Some(source) = source else {
        return Ok(Outcome::NotCompiled("it is not made from C".to_owned()));
    };
    let source = pair.build.join(source);
    let text = String::from_utf8_lossy(&fs_err::read(&source)?).into_owned();
    let directory = tempfile::tempdir()?;
    let directory = Utf8Path::from_path(directory.path()).context("a path that is not UTF-8")?;
    let place = directory.join(source.file_name().unwrap_or("a.c"));
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    let compile = |text: &str, output: &Utf8Path| -> Result<Option<String>> {
        fs_err::write(&place, text)?;
        compile(pair, &saved, &source, &place, output)
    };
    if let Some(why) = compile(&text, &before)? {
        return Ok(Outcome::NotCompiled(why));
    }
    let stranger = text::with_stranger(&text, &mut Random::new(pair.seed));
    if let Some(why) = compile(&stranger, &after)? {
        return Ok(Outcome::NotCompiled(why));
    }
    let wrong = compare(klp, &before, &after)?;
    if wrong.is_empty() {
        return Ok(Outcome::Right);
    }
    if let Some(keep) = keep {
        let keep = keep.join(format!("{}-{}", pair.name, pair.seed));
        fs_err::create_dir_all(&keep)?;
        for path in [&before, &after, &place] {
            fs_err::copy(path, keep.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(Outcome::Wrong(wrong))
}

/// Compiles `place`, a copy of `source`, to `output`. Returns why that is not possible.
fn compile(
    pair: &Pair<'_>,
    saved: &SavedCommand,
    source: &Utf8Path,
    place: &Utf8Path,
    output: &Utf8Path,
) -> Result<Option<String>> {
    // What follows works on the finished object: objtool, or a link.
    let command = saved.command.split(" ; ").next().unwrap_or_default();
    let Some((before, _)) = command.split_once(&format!(" -c -o {} ", saved.target)) else {
        return Ok(Some("its command is not one of a compiler".to_owned()));
    };
    // Objects of an LTO kernel are no machine code; modules get the names that they have.
    let is_left_out = |word: &&str| {
        ["-Wp,-MMD,", "-flto", "-fsplit-lto-unit", "-fvisibility=hidden", "-Werror"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    let words: Vec<&str> = before.split(' ').filter(|word| !is_left_out(word)).collect();
    let directory = source.parent().unwrap_or(source);
    let script = format!(
        "{} {} -w -iquote '{directory}' -c -o '{output}' '{place}'",
        words.join(" "),
        pair.flags.join(" ")
    );
    let mut shell = process::command("sh");
    let done = shell.args(["-c", &script]).current_dir(pair.build).output()?;
    if done.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let error = said.lines().find(|line| line.contains("error")).unwrap_or_default();
    Ok(Some(error.to_owned()))
}

/// What a comparison says beside what is right.
fn compare(klp: &Utf8Path, before: &Utf8Path, after: &Utf8Path) -> Result<Vec<String>> {
    let mut command = Command::new(klp);
    command.args(["klp", "diff", "--message-format", "json", before.as_str(), after.as_str()]);
    let output = command.output().with_context(|| format!("failed to run {klp}"))?;
    let (mut wrong, mut is_added) = (Vec::new(), false);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let record: Value = serde_json::from_str(line)?;
        let field = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let (reason, name, change) = (field("reason"), field("name"), field("change"));
        match reason.as_str() {
            "function" if change == "added" && name.starts_with(NAME) => is_added = true,
            "data" if change == "added" => {}
            // There is one more variable for KASAN.
            "function" if change != "removed" && registers_variables(&name) => {}
            "function" | "data" => {
                let causes: Vec<String> = record["causes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|cause| cause["kind"].as_str().unwrap_or_default().to_owned())
                    .collect();
                wrong.push(format!("{reason} {name} {change} ({})", causes.join(", ")));
            }
            "refused" | "error" => {
                wrong.push(format!("{reason} {name}: {}{}", field("why"), field("message")));
            }
            _ => {}
        }
    }
    if !is_added {
        wrong.push(format!("{NAME} is not added"));
    }
    Ok(wrong)
}

/// Whether this is what tells KASAN of all variables of an object, as gcc or clang call it.
fn registers_variables(name: &str) -> bool {
    ["_sub_I_", "_sub_D_", "asan.module_"].iter().any(|start| name.starts_with(start))
}

fn report(pairs: &[Pair<'_>], outcomes: Vec<Outcome>) -> Result<()> {
    let (mut right, mut wrong, mut others) = (0_u64, 0_u64, 0_u64);
    let mut sets: BTreeMap<(bool, &str), (u64, u64)> = BTreeMap::new();
    for (pair, outcome) in pairs.iter().zip(outcomes) {
        let set = sets.entry((is_clang(pair.build)?, pair.name)).or_default();
        match outcome {
            Outcome::Right => {
                right += 1;
                set.0 += 1;
                set.1 += 1;
            }
            Outcome::Wrong(_) => {
                wrong += 1;
                set.1 += 1;
            }
            Outcome::NotCompiled(why) => {
                others += 1;
                println!("left out {}: {why}", show(pair));
            }
        }
    }
    for ((is_clang, name), (right, all)) in sets {
        println!("{} {name}: {right} of {all} right", if is_clang { "clang" } else { "gcc" });
    }
    println!("{right} of {} pairs right, {others} left out", right + wrong);
    if wrong > 0 {
        bail!("{wrong} pairs are wrong");
    }
    Ok(())
}
