//! One case: a patch of `tests/rust/patches`, with what has to be seen in lines before its diff.
//!
//! - `before: TEXT`: a line of the guest has it before the livepatch is there, and when it is gone.
//! - `after: TEXT`: a line has it with the livepatch, and none without.
//! - `never: TEXT`: no line has it.
//! - `stays:`: the module cannot be unloaded. All others can.
//! - `refused: TEXT`: there is no module, and the reason has it.
//! - `first: NAME`: the livepatch of another case is loaded before.

use anyhow::{Context as _, Result, bail, ensure};
use camino::Utf8Path;
use serde_json::Value;

use crate::environment;

#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) first: Option<String>,
    pub(super) refused: Option<String>,
    before: Vec<String>,
    after: Vec<String>,
    never: Vec<String>,
    stays: bool,
}

impl Case {
    /// All of them, by name.
    pub(super) fn all() -> Result<Vec<Self>> {
        let directory = environment::root().join("tests/rust/patches");
        let mut cases = Vec::new();
        for entry in directory.read_dir_utf8()? {
            cases.push(Self::read(entry?.path())?);
        }
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(cases)
    }

    fn read(path: &Utf8Path) -> Result<Self> {
        let name = path.file_stem().context("a patch without a name")?.to_owned();
        let mut case = Self { name, ..Self::default() };
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
                "refused" => case.refused = Some(text),
                "first" => case.first = Some(text),
                _ => bail!("{path}: unknown: {line}"),
            }
        }
        Ok(case)
    }

    /// Whether `records` of `cargo klp build` are as they have to be.
    pub(super) fn check_build(&self, records: &str) -> Result<()> {
        let records: Vec<Value> = parse(records);
        let of = |reason| records.iter().filter(move |record| record["reason"] == reason);
        if let Some(text) = &self.refused {
            let why: Vec<&str> =
                of("refused").filter_map(|record| record["why"].as_str()).collect();
            ensure!(why.iter().any(|why| why.contains(text)), "refused for {why:?}, not: {text}");
            ensure!(of("module").next().is_none(), "there is a module");
            return Ok(());
        }
        let why: Vec<&str> = of("refused").filter_map(|record| record["why"].as_str()).collect();
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

/// What is different each time.
fn is_once(text: &str) -> bool {
    text.starts_with("once") || text.starts_with("write 1:")
}

fn parse(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
