//! What the compiler did otherwise in a function that no hunk reaches.

use std::collections::BTreeSet;

use kbuild_glue::BuildVersion;
use klp_core::debug::DebugInfo;
use klp_core::demangle::spoken;
use klp_core::inlined::{CallerKind, went};
use klp_core::input::Input;
use klp_core::record::ChangedFunction;

use super::reach::HunkReach;

/// What the compiler did otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompilerChoice {
    /// Functions of the changed-function set that it calls, in one of both builds.
    pub callees: Vec<String>,
    /// What is inlined into it and was not.
    pub inlined: Vec<String>,
    /// What was inlined into it and is not any more.
    pub not_inlined: Vec<String>,
}

impl CompilerChoice {
    /// Whether nothing is known that it did otherwise.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.callees.is_empty() && self.inlined.is_empty() && self.not_inlined.is_empty()
    }
}

/// The choices in each of `functions` of one object; `inputs` are its versions.
pub(super) fn choices(
    reach: &HunkReach<'_>,
    functions: &[&ChangedFunction],
    inputs: [Option<&Input>; 2],
) -> Vec<CompilerChoice> {
    let names: Vec<String> = functions.iter().map(|function| function.name.clone()).collect();
    let mut choices: Vec<CompilerChoice> =
        functions.iter().map(|function| choice(reach, function)).collect();
    for input in inputs.into_iter().flatten() {
        // What cannot be read has said so before.
        let Ok(all) = went(input, &DebugInfo::default(), &names) else { continue };
        for callee in all {
            let calls = callee
                .callers
                .iter()
                .filter(|caller| matches!(caller.how, CallerKind::Calls | CallerKind::Jumps));
            let callers: BTreeSet<&str> = calls.map(|caller| caller.name.as_str()).collect();
            for (function, choice) in functions.iter().zip(&mut choices) {
                if callers.contains(spoken(&function.name).as_str()) {
                    choice.callees.push(spoken(&callee.function));
                }
            }
        }
    }
    for choice in &mut choices {
        choice.callees.sort();
        choice.callees.dedup();
    }
    choices
}

/// What was inlined in one of both versions only.
fn choice(reach: &HunkReach<'_>, function: &ChangedFunction) -> CompilerChoice {
    let names = |version| -> BTreeSet<String> {
        let instances = reach.instances(function, version).into_iter();
        instances.filter(|it| !it.chain.is_empty()).map(|it| it.name).collect()
    };
    let (before, after) = (names(BuildVersion::Original), names(BuildVersion::Patched));
    CompilerChoice {
        callees: Vec::new(),
        inlined: after.difference(&before).cloned().collect(),
        not_inlined: before.difference(&after).cloned().collect(),
    }
}
