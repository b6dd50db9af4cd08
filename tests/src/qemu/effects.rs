//! Modules of several patches, each by itself: does each do what its case says?

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::run::{build, compare};
use super::{Case, Kernel, guest};

/// By the name of the case: its module, `livepatch-NAME.ko`, or why there is none.
pub type Modules = BTreeMap<String, Result<Utf8PathBuf, String>>;

/// By the name of the case: whether its module does what the case says, or why not.
pub type Effects = BTreeMap<String, Result<(), String>>;

/// Makes a module of each case with `cargo klp build`.
#[must_use]
pub fn modules(kernel: &Kernel, cases: &[Case], directory: &Utf8Path) -> Modules {
    let mut modules = Modules::new();
    for case in cases {
        let patches: Vec<&Utf8PathBuf> = case.patches.iter().collect();
        let path = directory.join(format!("livepatch-{}.ko", case.name));
        let module = build(kernel, &patches, &path, &[]).map_err(|error| format!("{error:#}"));
        modules.insert(case.name.clone(), module);
    }
    modules
}

/// Loads all modules in one guest, each in the place of the one before in the order of `cases`. What does
/// not do what it should so is tried in a guest of its own, and that counts.
#[must_use]
pub fn effects(kernel: &Kernel, cases: &[Case], modules: &Modules) -> Effects {
    let module = |case: &Case| modules.get(&case.name)?.as_ref().ok().cloned();
    let (cases, paths): (Vec<&Case>, Vec<Utf8PathBuf>) =
        cases.iter().filter_map(|case| Some((case, module(case)?))).unzip();
    let together = guest::run(kernel, &cases, &paths);
    let mut effects: Effects = modules
        .iter()
        .filter_map(|(name, module)| Some((name.clone(), Err(module.as_ref().err()?.clone()))))
        .collect();
    for (case, path) in cases.into_iter().zip(paths) {
        let shared = together.as_ref().is_ok_and(|outputs| compare(case, outputs).is_ok());
        let effect = if shared {
            Ok(())
        } else {
            guest::run(kernel, &[case], &[path]).and_then(|outputs| compare(case, &outputs))
        };
        effects.insert(case.name.clone(), effect.map_err(|error| format!("{error:#}")));
    }
    effects
}
