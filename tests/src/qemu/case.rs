//! One case: `guest/NAME.sh` with what it has to print in its first comments.
//!
//! - `# before: LINE`, `# after: LINE`, `# unloaded: LINE`: a line of output in that stage. After a
//!   second livepatch there is a second run: the lines of `after` are those of both. Where nothing is
//!   said of `unloaded`, it is as before.
//! - `# patch: NAME…`: the patches of the livepatch, if not the one of the same name.
//! - `# then: NAME…`: those of one more livepatch, which replaces the ones before.
//! - `# stacked: WHY`: made with `--no-replace`, so that all livepatches stay.
//! - `# module: NAME`, `# late-module: NAME`: a module to load before or after the livepatch.
//! - `# program: NAME`: `programs/NAME.c`, in `/klp/files` of the guest.
//! - `# warning: TEXT`: the kernel has to warn with it.
//! - `# cycles: N`: how often the livepatch is loaded and unloaded.
//! - `# alone: WHY`: the case cannot share a livepatch with others.

use anyhow::{Context as _, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};

/// The directory of all cases.
fn directory() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("qemu")
}

/// One case.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// The name of the script without suffix.
    pub name: String,
    /// The script.
    pub script: Utf8PathBuf,
    /// The patches of the livepatch.
    pub patches: Vec<Utf8PathBuf>,
    /// The patches of each further one.
    pub then: Vec<Vec<Utf8PathBuf>>,
    /// Why none of them replaces the ones before.
    pub stacked: Option<String>,
    /// Modules to load before.
    pub modules: Vec<String>,
    /// Modules to load after.
    pub late_modules: Vec<String>,
    /// Sources of programs for the guest.
    pub programs: Vec<Utf8PathBuf>,
    /// Warnings that have to come.
    pub warnings: Vec<String>,
    /// How often it is loaded and unloaded.
    pub cycles: u32,
    /// Why it shares no livepatch with others.
    pub alone: Option<String>,
    before: Vec<String>,
    after: Vec<String>,
    unloaded: Option<Vec<String>>,
}

impl Case {
    /// All cases, by name.
    pub fn all() -> Result<Vec<Self>> {
        let mut cases = Vec::new();
        for entry in directory().join("guest").read_dir_utf8()? {
            cases.push(Self::read(entry?.path())?);
        }
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        ensure!(!cases.is_empty(), "no cases");
        Ok(cases)
    }

    fn read(script: &Utf8Path) -> Result<Self> {
        let name = script.file_stem().unwrap_or_default().to_owned();
        let mut case =
            Self { name: name.clone(), script: script.to_owned(), cycles: 1, ..Self::default() };
        let patch = |name: &str| directory().join("patches").join(format!("{name}.patch"));
        for line in fs_err::read_to_string(script)?.lines() {
            let Some((key, value)) = line.strip_prefix("# ").and_then(|line| line.split_once(':'))
            else {
                break;
            };
            let value = value.trim();
            let words = || value.split_whitespace().map(str::to_owned);
            match key {
                "before" => case.before.extend(said(value)),
                "after" => case.after.extend(said(value)),
                "unloaded" => case.unloaded.get_or_insert_default().extend(said(value)),
                "patch" => case.patches.extend(words().map(|name| patch(&name))),
                "then" => case.then.push(words().map(|name| patch(&name)).collect()),
                "stacked" => case.stacked = Some(value.to_owned()),
                "module" => case.modules.extend(words()),
                "late-module" => case.late_modules.extend(words()),
                "program" => {
                    let source = |name| directory().join("programs").join(format!("{name}.c"));
                    case.programs.extend(words().map(source));
                }
                "warning" => case.warnings.push(value.to_owned()),
                "cycles" => case.cycles = value.parse().context(line.to_owned())?,
                "alone" => case.alone = Some(value.to_owned()),
                _ => bail!("{script}: unknown: {line}"),
            }
        }
        if case.patches.is_empty() {
            case.patches.push(patch(&name));
        }
        ensure!(
            case.before != case.after || !case.warnings.is_empty(),
            "{script}: nothing that can be seen"
        );
        for patch in case.patches.iter().chain(case.then.iter().flatten()) {
            ensure!(patch.is_file(), "{script}: no {patch}");
        }
        Ok(case)
    }

    /// What the script has to print in that stage, of all livepatches together.
    #[must_use]
    pub fn expected(&self, stage: &str) -> &[String] {
        match stage {
            "after" => &self.after,
            "unloaded" => self.unloaded.as_ref().unwrap_or(&self.before),
            _ => &self.before,
        }
    }
}

/// A line that is expected; nothing says that there is none.
fn said(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}
