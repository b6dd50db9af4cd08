//! One case: a file of `tests/rust/patches`, with what has to be seen in lines before its diff.
//!
//! - `patch: NAME`: the file has no diff of its own, but is about `tests/patches/NAME.patch`.
//! - `before: TEXT`: a line of the guest has it before the livepatch is there, and when it is gone.
//! - `after: TEXT`: a line has it with the livepatch, and none without.
//! - `never: TEXT`: no line has it.
//! - `stays:`: the module cannot be unloaded. All others can.
//! - `panics: TEXT`: with the livepatch the kernel panics, and a line of its log has the text.
//! - `cycles: N`: it is loaded and unloaded so often while the devices are in use, and nothing else is looked at.
//! - `unchanged:`: there is no module, since no function changes.
//! - `refused: TEXT`: there is no module, and the reason has it.
//! - `kernel: FLAVOR…`: it is only for kernels that are built in these ways. All others are for each.
//! - `first: NAME`: the livepatch of another case is loaded before.

use anyhow::{Context as _, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::Flavor;
use crate::environment;

#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) patch: Utf8PathBuf,
    pub(super) first: Option<String>,
    pub(super) refused: Option<String>,
    flavors: Vec<String>,
    before: Vec<String>,
    after: Vec<String>,
    never: Vec<String>,
    stays: bool,
    pub(super) panics: Option<String>,
    pub(super) cycles: Option<u32>,
    unchanged: bool,
}

impl Case {
    /// All of them, by name.
    pub(super) fn all() -> Result<Vec<Self>> {
        let mut cases = Vec::new();
        for entry in directory().read_dir_utf8()? {
            cases.push(Self::read(entry?.path())?);
        }
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(cases)
    }

    fn read(path: &Utf8Path) -> Result<Self> {
        let name = path.file_stem().context("a patch without a name")?.to_owned();
        let mut case = Self { name, patch: path.to_owned(), ..Self::default() };
        for line in fs_err::read_to_string(path)?.lines().skip(1) {
            if line.starts_with("--- ") {
                break;
            }
            let Some((key, text)) = line.split_once(':') else { continue };
            let text = text.trim().to_owned();
            match key {
                "before" => case.before.push(text),
                "after" => case.after.push(text),
                "never" => case.never.push(text),
                "stays" => case.stays = true,
                "panics" => case.panics = Some(text),
                "unchanged" => case.unchanged = true,
                "cycles" => case.cycles = Some(text.parse()?),
                "patch" => {
                    case.patch = environment::root().join(format!("tests/patches/{text}.patch"));
                }
                "refused" => case.refused = Some(text),
                "kernel" => case.flavors = text.split_whitespace().map(str::to_owned).collect(),
                "first" => case.first = Some(text),
                _ => bail!("{path}: unknown: {line}"),
            }
        }
        Ok(case)
    }

    /// Whether it is for a kernel that is built so.
    pub(super) fn is_for(&self, flavor: Flavor) -> bool {
        self.flavors.is_empty() || self.flavors.iter().any(|name| name == flavor.name())
    }

    /// Whether there is something to load.
    pub(super) fn has_module(&self) -> bool {
        self.refused.is_none() && !self.unchanged
    }

    /// Whether `records` of `cargo klp build` are as they have to be.
    pub(super) fn check_build(&self, records: &str) -> Result<()> {
        let records: Vec<Value> = parse(records);
        let of = |reason| records.iter().filter(move |record| record["reason"] == reason);
        if let Some(error) = of("error").next() {
            bail!("{}, {}", error["message"], error["hint"]);
        }
        if let Some(text) = &self.refused {
            let why: Vec<&str> =
                of("refused").filter_map(|record| record["why"].as_str()).collect();
            ensure!(why.iter().any(|why| why.contains(text)), "refused for {why:?}, not: {text}");
            ensure!(of("module").next().is_none(), "there is a module");
            return Ok(());
        }
        let why: Vec<&str> = of("refused").filter_map(|record| record["why"].as_str()).collect();
        if self.unchanged {
            ensure!(
                of("function").next().is_none() && why.is_empty(),
                "something changed: {why:?}"
            );
            return Ok(());
        }
        let module = of("module").next().with_context(|| format!("no module: {why:?}"))?;
        let stays = module["stays"].as_array().is_some_and(|names| !names.is_empty());
        ensure!(stays == self.stays, "the module stays: {stays}");
        Ok(())
    }

    /// Whether `records` of `cargo klp try` are.
    pub(super) fn check_trial(&self, records: &str) -> Result<()> {
        let records: Vec<Value> = parse(records);
        let said = |stage: &str| -> Option<&str> {
            let mut steps = records.iter().filter(|record| record["stage"] == stage);
            steps.next_back()?["output"].as_str()
        };
        let failed = records.iter().find(|record| record["passed"] == false);
        ensure!(failed.is_none(), "failed: {failed:?}");
        if let Some(cycles) = self.cycles {
            let last = records.iter().filter_map(|record| record["cycle"].as_u64()).max();
            ensure!(last == Some(cycles.into()), "{last:?} cycles instead of {cycles}");
            return Ok(());
        }
        for (stage, yes, no) in [
            ("before", &self.before, &self.after),
            ("after", &self.after, &self.never),
            ("unloaded", &self.before, &self.after),
        ] {
            let output = said(stage).with_context(|| format!("nothing is said {stage}"))?;
            // A message that is printed once is not printed again.
            let yes = yes.iter().filter(|text| stage == "before" || !is_once(text));
            for text in yes {
                ensure!(output.contains(text.as_str()), "`{text}` is not said {stage}:\n{output}");
            }
            for text in no {
                ensure!(!output.contains(text.as_str()), "`{text}` is said {stage}:\n{output}");
            }
        }
        Ok(())
    }
}

/// Where the cases are.
pub(super) fn directory() -> Utf8PathBuf {
    environment::root().join("tests/rust/patches")
}

/// What is different each time.
fn is_once(text: &str) -> bool {
    text.starts_with("once") || text.starts_with("write 1:")
}

fn parse(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
