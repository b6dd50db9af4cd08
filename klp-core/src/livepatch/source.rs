//! One object that the patch touches: as it was linked, and compiled with function and data sections
//! before and after the patch.

use std::collections::BTreeMap;

use crate::checksum::Analysis;
use crate::correlate::{Correlation, Disagreement, Renames};
use crate::diff::compare;
use crate::elf::ElfError;
use crate::manifest::{self, Manifest};

/// The bytes of a touched object.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Its path in the build, for example `fs/proc/meminfo.o`.
    pub object: &'a str,
    /// What it is linked into: `vmlinux`, or a module such as `fs/ext4/ext4`.
    pub linked: &'a str,
    /// As the original build linked it; none for an object that the patch adds.
    pub plain: Option<&'a [u8]>,
    /// The original compiled again with function and data sections, before objtool.
    pub original: Option<&'a [u8]>,
    /// The patched one compiled the same way.
    pub patched: &'a [u8],
}

/// An object with its digests.
pub(super) struct Side<'a> {
    pub(super) analysis: Analysis<'a>,
    pub(super) manifest: manifest::Object,
    /// The layout's number of each function that the manifest lists.
    functions: Vec<usize>,
    /// The span of each data object that the manifest lists.
    data: Vec<Option<u32>>,
}

/// What became of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The number of the same function in the original.
    Same(usize),
    /// The number of the original that it replaces.
    Changed(usize),
    Added,
}

/// Which variable a name of the patched object stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataFate {
    /// The original's, at this span.
    Shared(u32),
    /// One that the original does not have.
    New,
    /// One of so many of the original's; it cannot be told which.
    Unclear(usize),
}

/// A touched object, correlated.
pub(super) struct Source<'a> {
    pub(super) object: &'a str,
    pub(super) linked: &'a str,
    pub(super) plain: Option<Side<'a>>,
    pub(super) original: Option<Side<'a>>,
    pub(super) patched: Side<'a>,
    /// By the layout's number of the patched function; none for padding.
    pub(super) fates: Vec<Option<Fate>>,
    /// By span of the patched object: named data only.
    pub(super) data: BTreeMap<u32, DataFate>,
    /// The function that each span of the patched object is part of.
    pub(super) owners: Vec<Option<usize>>,
    /// Functions that the two ways to compile do not agree on.
    pub(super) differing: Vec<String>,
}

impl<'a> Side<'a> {
    fn of(bytes: &'a [u8], object: &str, linked: &str) -> Result<Self, ElfError> {
        let analysis = Analysis::of(bytes)?;
        let checksums = analysis.checksums();
        let listed = checksums.functions.iter().enumerate();
        let functions =
            listed.filter(|(_, function)| function.is_some()).map(|(number, _)| number).collect();
        let data = checksums.data.iter().map(|data| data.span).collect();
        let manifest = manifest::Object::from_checksums(
            &analysis,
            checksums.functions,
            checksums.data,
            object,
            Some(linked),
        );
        Ok(Self { analysis, manifest, functions, data })
    }

    /// The manifest's record of the function of that number.
    pub(super) fn record(&self, number: usize) -> Option<&manifest::Function> {
        let index = self.functions.iter().position(|listed| *listed == number)?;
        self.manifest.functions.get(index)
    }

    /// The number of the function of that name.
    pub(super) fn function_named(&self, name: &str) -> Option<usize> {
        let index = self.manifest.functions.iter().position(|function| {
            function.name == name || function.aliases.iter().any(|alias| alias == name)
        })?;
        self.functions.get(index).copied()
    }
}

impl<'a> Source<'a> {
    /// Reads and correlates the three. `changed` are the functions that the plain builds say changed.
    pub(super) fn of(input: &Input<'a>, changed: &[String]) -> Result<Self, ElfError> {
        let side = |bytes: &'a [u8]| Side::of(bytes, input.object, input.linked);
        let plain = input.plain.map(side).transpose()?;
        let original = input.original.map(side).transpose()?;
        let patched = side(input.patched)?;
        let differing = match (&plain, &original) {
            (Some(plain), Some(original)) => differing(plain, original),
            _ => Vec::new(),
        };
        let empty = manifest::Object::default();
        let before = original.as_ref().map_or(&empty, |side| &side.manifest);
        let correlation = Correlation::of(before, &patched.manifest);
        let other = Disagreement::of(before, &patched.manifest, &correlation, &Renames::default());
        let mut source = Self {
            object: input.object,
            linked: input.linked,
            fates: vec![None; patched.analysis.layout.functions.len()],
            data: BTreeMap::new(),
            owners: owners(&patched),
            differing,
            plain,
            original,
            patched,
        };
        source.correlate(&correlation, &other, changed);
        Ok(source)
    }

    fn correlate(&mut self, correlation: &Correlation, other: &Disagreement, changed: &[String]) {
        let by_plain = |name: &str| changed.iter().any(|changed| changed == name);
        for pair in correlation.functions.iter().filter(|pair| pair.name.is_none()) {
            let Some(index) = pair.patched else { continue };
            let Some(number) = self.patched.functions.get(index).copied() else { continue };
            let after = self.patched.manifest.functions.get(index);
            let before = self.original.as_ref().zip(pair.original).and_then(|(side, index)| {
                Some((*side.functions.get(index)?, side.manifest.functions.get(index)?))
            });
            let fate = match (before, after) {
                (Some((number, before)), Some(after))
                    if before.checksum == after.checksum
                        && !other.functions.contains(&index)
                        && !by_plain(&after.name) =>
                {
                    Fate::Same(number)
                }
                (Some((number, _)), _) => Fate::Changed(number),
                (None, _) if !pair.candidates.is_empty() => continue,
                (None, _) => Fate::Added,
            };
            if let Some(slot) = self.fates.get_mut(number) {
                *slot = Some(fate);
            }
        }
        for pair in &correlation.data {
            let Some(index) = pair.patched else { continue };
            let Some(span) = self.patched.data.get(index).copied().flatten() else { continue };
            let before = self.original.as_ref().zip(pair.original);
            let before = before.and_then(|(side, index)| *side.data.get(index)?);
            let fate = match before {
                _ if !pair.candidates.is_empty() || other.data.contains(&index) => {
                    DataFate::Unclear(pair.candidates.len().max(1))
                }
                Some(span) => DataFate::Shared(span),
                None => DataFate::New,
            };
            self.data.insert(span, fate);
        }
    }
}

/// The function that each span belongs to.
fn owners(side: &Side<'_>) -> Vec<Option<usize>> {
    let layout = &side.analysis.layout;
    let mut owners = vec![None; layout.spans.len()];
    for (number, function) in layout.functions.iter().enumerate() {
        for span in function.spans() {
            if let Some(slot) = owners.get_mut(span as usize) {
                *slot = Some(number);
            }
        }
    }
    owners
}

/// The names of functions whose digests are not the same in both.
fn differing(one: &Side<'_>, other: &Side<'_>) -> Vec<String> {
    let manifest = |side: &Side<'_>| Manifest { objects: vec![side.manifest.clone()] };
    let changes = compare(&manifest(one), &manifest(other));
    let named = changes.functions.into_iter().map(|function| function.name);
    named.chain(changes.refused.into_iter().map(|refused| refused.name)).collect()
}
