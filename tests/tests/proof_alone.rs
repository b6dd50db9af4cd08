//! The second opinion by itself on the inputs of the matrix: everything of one name is claimed to be equal, so that no
//! digest, correlation or rule has a part in what is found.

#[path = "../../klp-core/tests/prove/claims.rs"]
mod claims;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::elf::{Definition, ElfObject, Place};
use klp_core::prove::prove;
use klp_tests::matrix::{self, Case, Compiler, Tool, Variant};
use rayon::prelude::*;

/// Names at a place, and in front of it those of what it is part of.
fn names(object: &ElfObject<'_>, at: Place) -> impl Iterator<Item = String> {
    let symbols = object.symbols.iter().filter(move |symbol| {
        symbol.place == Definition::Section(at.section)
            && (symbol.value..=symbol.value.saturating_add(symbol.size)).contains(&at.offset)
    });
    symbols.map(|symbol| symbol.name_lossy().into_owned())
}

/// What the proof finds in a pair of objects.
fn found(original: &[u8], patched: &[u8]) -> Result<BTreeSet<String>> {
    let (before, after) = (ElfObject::parse(original)?, ElfObject::parse(patched)?);
    let claims = claims::by_name(&before, &after);
    let proof = prove(&before, &after, &claims);
    let mut found = BTreeSet::new();
    for (pair, _) in &proof.unproven {
        let pair = &claims.pairs[*pair];
        found.extend(names(&after, pair.patched));
    }
    found.extend(claims.added.iter().flat_map(|at| names(&after, *at)));
    found.extend(claims.removed.iter().flat_map(|at| names(&before, *at)));
    for other in &proof.others {
        found.extend(names(if other.is_original { &before } else { &after }, other.at));
        found.insert(other.section.clone());
        found.extend(other.symbol.clone());
    }
    Ok(found)
}

/// What the digests alone see: how far apart the elements are that a function reads where nothing else tells it, and zeros
/// behind the end of a string.
const OPEN: [&str; 3] =
    ["places/stride::gcc", "places/stride::clang", "data/string_list_end::clang"];

#[test]
fn every_change_of_the_matrix_is_found() -> Result<()> {
    let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix");
    let mut tools: BTreeMap<Compiler, Option<Tool>> = BTreeMap::new();
    let mut cases = Vec::new();
    for input in matrix::inputs(&directory)? {
        for compiler in input.compilers()? {
            let tool = *tools.entry(compiler).or_insert_with(|| Tool::find(compiler));
            let is_known = input.gap(compiler, Variant::Plain).is_some();
            if let Some(tool) = tool.filter(|_| !is_known) {
                let name = format!("{}::{}", input.name, compiler.word());
                cases.push((name, Case::new(Arc::clone(&input), tool)));
            }
        }
    }
    let missed = |(name, case): &(String, Case)| -> Result<Option<String>> {
        let (original, patched) = (case.original()?, case.patched()?);
        let expected = case.expected()?;
        let functions = expected.items.iter().filter_map(|item| item.strip_prefix("changed "));
        let functions: BTreeSet<&str> = functions.collect();
        if functions.is_empty() {
            return Ok(None);
        }
        let found = found(&original, &patched).with_context(|| name.clone())?;
        let is_found = found.iter().any(|found| !found.is_empty());
        Ok((is_found == OPEN.contains(&name.as_str()))
            .then(|| format!("{name}: {functions:?} changed, found {found:?}")))
    };
    let missed: Vec<Option<String>> = cases.par_iter().map(missed).collect::<Result<_>>()?;
    let missed: Vec<String> = missed.into_iter().flatten().collect();
    ensure!(cases.len() > 500, "only {} inputs", cases.len());
    ensure!(missed.is_empty(), "{} of {}:\n{}", missed.len(), cases.len(), missed.join("\n"));
    Ok(())
}
