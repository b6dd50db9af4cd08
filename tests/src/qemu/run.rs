//! Builds livepatches and tries them, as a user does.

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};

use super::guest::{self, Outputs};
use super::{Case, Kernel};
use crate::kernel::temporary;
use crate::klp::{self, Outcome};

/// The cases that share one livepatch and one guest, which are made when the first of them is run.
pub struct Bench {
    kernel: Kernel,
    cases: Vec<Case>,
    outputs: Mutex<Option<Result<Outputs, String>>>,
}

impl Bench {
    /// For these cases.
    #[must_use]
    pub fn new(kernel: Kernel, cases: Vec<Case>) -> Self {
        Self { kernel, cases, outputs: Mutex::new(None) }
    }

    /// Runs all of them together, once.
    pub fn together(&self) -> Result<()> {
        self.run(|_| Ok(()))
    }

    /// Checks one case: in the guest of all, or, where that did not work, in one of its own.
    pub fn check(&self, case: &Case) -> Result<()> {
        match self.run(|outputs| compare(case, outputs)) {
            Ok(()) => Ok(()),
            Err(_) => alone(&self.kernel, case),
        }
    }

    fn run(&self, check: impl FnOnce(&Outputs) -> Result<()>) -> Result<()> {
        let mut outputs = self.outputs.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<&Case> = self.cases.iter().collect();
        let outputs = outputs
            .get_or_insert_with(|| tried(&self.kernel, &all).map_err(|error| format!("{error:#}")));
        match outputs {
            Ok(outputs) => check(outputs),
            Err(error) => bail!("{error}"),
        }
    }
}

/// Runs one case in a guest of its own.
pub fn alone(kernel: &Kernel, case: &Case) -> Result<()> {
    compare(case, &tried(kernel, &[case])?)
}

pub(super) fn compare(case: &Case, outputs: &Outputs) -> Result<()> {
    for stage in ["before", "after", "unloaded"] {
        let found = outputs.get(&(case.name.clone(), stage.to_owned()));
        let found = found.map(Vec::as_slice).unwrap_or_default();
        ensure!(
            found == case.expected(stage),
            "{stage}: expected {:#?}, found {found:#?}",
            case.expected(stage)
        );
    }
    Ok(())
}

/// Builds the livepatches of `cases` and tries them in one guest.
fn tried(kernel: &Kernel, cases: &[&Case]) -> Result<Outputs> {
    let (_guard, directory) = temporary()?;
    let patches = distinct(cases.iter().flat_map(|case| &case.patches));
    let further = cases.iter().flat_map(|case| &case.then).map(|then| distinct(then.iter()));
    let mut livepatches = Vec::new();
    for (number, patches) in [patches].into_iter().chain(further).enumerate() {
        let module = directory.join(format!("livepatch-{}.ko", number + 1));
        let stays = cases.iter().any(|case| case.stacked.is_some());
        let options: &[&str] = if stays { &["--no-replace"] } else { &[] };
        livepatches.push(build(kernel, &patches, &module, options)?);
    }
    guest::run(kernel, cases, &livepatches)
}

/// Two cases can be about one patch.
fn distinct<'a>(patches: impl Iterator<Item = &'a Utf8PathBuf>) -> Vec<&'a Utf8PathBuf> {
    let mut distinct = Vec::new();
    for patch in patches {
        if !distinct.contains(&patch) {
            distinct.push(patch);
        }
    }
    distinct
}

/// Builds the livepatch of `case` twice, the second time in another directory: the same bytes.
pub fn reproducible(kernel: &Kernel, case: &Case) -> Result<()> {
    let (_guard, directory) = temporary()?;
    let patches = distinct(case.patches.iter());
    let name = "livepatch-same.ko";
    let one = build(kernel, &patches, &directory.join("one").join(name), &[])?;
    let elsewhere = Kernel { target: Some(directory.join("elsewhere")), ..kernel.clone() };
    let other = build(&elsewhere, &patches, &directory.join("other").join(name), &[])?;
    let (one, other) = (fs_err::read(one)?, fs_err::read(other)?);
    if one == other {
        return Ok(());
    }
    let kept = kernel.logs.join("reproducible");
    fs_err::create_dir_all(&kept)?;
    fs_err::write(kept.join("one.ko"), one)?;
    fs_err::write(kept.join("other.ko"), other)?;
    bail!("not the same bytes in another directory: see {kept}")
}

pub(super) fn build(
    kernel: &Kernel,
    patches: &[&Utf8PathBuf],
    module: &Utf8Path,
    options: &[&str],
) -> Result<Utf8PathBuf> {
    let mut arguments: Vec<String> =
        ["build", "-C", kernel.output.as_str(), "-o", module.as_str(), "--message-format", "json"]
            .map(str::to_owned)
            .to_vec();
    arguments.extend(options.iter().copied().map(str::to_owned));
    if let Some(target) = &kernel.target {
        arguments.extend(["--target-dir".to_owned(), target.to_string()]);
    }
    arguments.extend(kernel.variables.iter().cloned());
    arguments.extend(patches.iter().map(ToString::to_string));
    if let Some(parent) = module.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let outcome = run(&arguments)?;
    ensure!(
        outcome.status == Some(0),
        "no livepatch ({:?}):\n{}\n{}",
        outcome.status,
        outcome.stdout,
        outcome.stderr
    );
    // Neither compiler nor objtool nor modpost may have something to say about our module.
    let log = fs_err::read_to_string(kernel.workspace().join("log/module.log"))?;
    let warnings: Vec<&str> =
        log.lines().filter(|line| line.to_ascii_lowercase().contains("warning:")).collect();
    ensure!(warnings.is_empty(), "warnings: {warnings:#?}");
    ensure!(module.is_file(), "no {module}: {outcome:#?}");
    let mut arguments = vec!["check", "-C", kernel.output.as_str(), module.as_str()];
    if let Some(target) = &kernel.target {
        arguments.extend(["--target-dir", target.as_str()]);
    }
    run(&arguments.into_iter().map(str::to_owned).collect::<Vec<_>>())?.expect(0)?;
    Ok(module.to_owned())
}

fn run(arguments: &[String]) -> Result<Outcome> {
    klp::run_patiently(&mut klp::klp(arguments)?)
}
