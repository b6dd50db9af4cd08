//! What the inputs as a whole have to show.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Result, ensure};
use klp_core::checksum::ContentKind;
use klp_core::rules;

use super::Input;
use super::check::word_of as word;

/// Every rule is shown by a pair that differs in what it leaves out.
pub fn rules(inputs: &[Arc<Input>]) -> Result<()> {
    let shown: BTreeSet<&str> = inputs.iter().flat_map(|input| input.all("rule")).collect();
    for name in &shown {
        ensure!(rules::RULES.iter().any(|rule| rule.name == *name), "there is no rule {name}");
    }
    let missing: Vec<_> =
        rules::RULES.iter().map(|rule| rule.name).filter(|name| !shown.contains(name)).collect();
    ensure!(missing.is_empty(), "no input shows {missing:?}");
    Ok(())
}

/// Every special section that is attributed to code has inputs.
pub fn sections(inputs: &[Arc<Input>]) -> Result<()> {
    let fields = inputs.iter().flat_map(|input| input.all("section"));
    let shown: BTreeSet<&str> =
        fields.filter_map(|field| field.split_whitespace().next()).collect();
    let missing: Vec<_> = rules::ATTRIBUTED.iter().filter(|name| !shown.contains(**name)).collect();
    ensure!(missing.is_empty(), "no input is about {missing:?}");
    Ok(())
}

/// Every kind of cause is expected somewhere.
pub fn kinds(inputs: &[Arc<Input>]) -> Result<()> {
    let mut shown = BTreeSet::new();
    for input in inputs {
        for compiler in input.compilers()? {
            for variant in input.variants()? {
                let expected = input.expected(compiler, variant)?;
                let all = expected.kinds.into_values().chain(expected.causes.into_values());
                shown.extend(all.flat_map(|kinds| kinds.named));
            }
        }
    }
    // The size of a data object is part of the object's own record, not a cause of a function's. An order is a note,
    // and what the digests say needs no proof.
    shown.extend([ContentKind::Size, ContentKind::Order, ContentKind::Unproven].map(word));
    let missing: Vec<_> =
        ContentKind::ALL.into_iter().map(word).filter(|kind| !shown.contains(kind)).collect();
    ensure!(missing.is_empty(), "no input expects {missing:?}");
    Ok(())
}
