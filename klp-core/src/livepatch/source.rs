//! One object that the patch touches: as it was linked, and compiled with function and data sections
//! before and after the patch.

use std::collections::BTreeMap;

use crate::checksum::Analysis;
use crate::correlate::{Both, Correlation, Disagreement, Renames};
use crate::diff::compare;
use crate::elf::{ElfError, Place};
use crate::manifest::{self, Manifest};
use crate::origin::{self, Definitions};

use super::resolve::Why;
use super::{Named, NamesByObject};

/// The bytes of a touched object.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Its path in the build, for example `fs/proc/meminfo.o`.
    pub object: &'a str,
    /// What it is linked into: `vmlinux`, or a module such as `fs/ext4/ext4`.
    pub linked: &'a str,
    /// As the original build linked it; none for an object that the patch adds, and where `original` is it.
    pub plain: Option<&'a [u8]>,
    /// The original compiled again with function and data sections, before objtool.
    pub original: Option<&'a [u8]>,
    /// The patched one compiled the same way.
    pub patched: &'a [u8],
    /// With LTO. The object is then all of `linked` before its last link (`vmlinux.o`), as both builds made it.
    pub lto: Option<Members<'a>>,
}

/// What the objects define that an LTO build linked, in the order of the link.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    /// Those of the original build.
    pub original: &'a [Definitions],
    /// Those of the patched build.
    pub patched: &'a [Definitions],
}

/// An object with its digests.
pub(super) struct Side<'a> {
    pub(super) analysis: Analysis<'a>,
    pub(super) manifest: manifest::Object,
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
    /// The object is all of what it is linked into.
    pub(super) is_whole: bool,
    plain: Option<Side<'a>>,
    pub(super) original: Option<Side<'a>>,
    pub(super) patched: Side<'a>,
    /// By number of the patched function.
    pub(super) fates: Vec<Option<Fate>>,
    /// By span of the patched object: named data only.
    pub(super) data: BTreeMap<u32, DataFate>,
    /// The function that each span of the patched object is part of.
    pub(super) owners: Vec<Option<usize>>,
    /// Functions that the two ways to compile do not agree on.
    pub(super) differing: Vec<String>,
}

impl<'a> Side<'a> {
    fn of(
        bytes: &'a [u8],
        input: &Input<'a>,
        members: Option<&[Definitions]>,
    ) -> Result<Self, ElfError> {
        let analysis = Analysis::of(bytes)?;
        let checksums = analysis.checksums();
        let data = checksums.data.iter().map(|data| data.span).collect();
        let mut manifest = manifest::Object::from_checksums(
            &analysis.elf,
            &analysis.layout,
            checksums.functions,
            checksums.data,
            input.object,
            Some(input.linked),
        );
        if let Some(members) = members {
            manifest.attribute(&origin::Index::of(members));
        }
        Ok(Self { analysis, manifest, data })
    }

    /// The manifest's record of the function of that number.
    pub(super) fn record(&self, number: usize) -> Option<manifest::Function<'_>> {
        self.manifest.functions.get(number)
    }

    /// The number of the function of that name.
    fn function_named(&self, name: &str) -> Option<usize> {
        self.manifest
            .functions
            .iter()
            .position(|function| function.names().any(|known| known == name))
    }
}

impl<'a> Source<'a> {
    /// Reads and correlates the three.
    pub(super) fn of(input: &Input<'a>, named: &Named) -> Result<Self, ElfError> {
        let plain = input.plain.map(|bytes| Side::of(bytes, input, None)).transpose()?;
        let before = input.lto.map(|members| members.original);
        let original = input.original.map(|bytes| Side::of(bytes, input, before)).transpose()?;
        let patched = Side::of(input.patched, input, input.lto.map(|members| members.patched))?;
        let differing = match (&plain, &original) {
            (Some(plain), Some(original)) => differing(plain, original),
            _ => Vec::new(),
        };
        let empty = manifest::Object::default();
        let before = original.as_ref().map_or(&empty, |side| &side.manifest);
        let both = Both::of(before, &patched.manifest);
        let correlation = Correlation::of(&both);
        let other = Disagreement::of(&both, &correlation, &Renames::default());
        let mut source = Self {
            object: input.object,
            linked: input.linked,
            is_whole: input.lto.is_some(),
            fates: vec![None; patched.analysis.layout.functions.len()],
            data: BTreeMap::new(),
            owners: owners(&patched),
            differing,
            plain,
            original,
            patched,
        };
        source.correlate(&correlation, &other, named);
        Ok(source)
    }

    /// The object as the running kernel has it.
    pub(super) fn running(&self) -> Option<&Side<'a>> {
        self.plain.as_ref().or(self.original.as_ref())
    }

    /// The function of [`Source::running`] that is `number` of the original.
    pub(super) fn running_function(&self, number: usize) -> Option<usize> {
        let original = self.original.as_ref()?;
        match &self.plain {
            Some(plain) => plain.function_named(original.record(number)?.name),
            None => Some(number),
        }
    }

    /// The symbol of [`Source::running`] that is `index` of the original, which is local.
    pub(super) fn running_local(&self, index: u32) -> Result<u32, Why> {
        let original = self.original.as_ref().ok_or("an object without original")?;
        let Some(plain) = &self.plain else { return Ok(index) };
        let symbol = original.analysis.elf.symbol(index).ok_or("a symbol that is not there")?;
        let mut same = plain.analysis.elf.symbols.iter().zip(0u32..).filter(|(other, _)| {
            other.name == symbol.name && other.local && matches!(other.place, Place::Section(_))
        });
        match (same.next(), same.next()) {
            (Some((_, index)), None) => Ok(index),
            (None, _) => Err(format!("{} is not in the original object", symbol.name_lossy())),
            _ => Err(format!("{} is there twice in its object", symbol.name_lossy())),
        }
    }

    fn correlate(&mut self, correlation: &Correlation, other: &Disagreement, named: &Named) {
        let patched = &self.patched.manifest;
        let is_in = |objects: &NamesByObject, index: usize| {
            let function = patched.functions.get(index);
            function.is_some_and(|function| {
                let object = objects.get(patched.origin(function.origin));
                object.is_some_and(|functions| functions.iter().any(|name| name == function.name))
            })
        };
        for pair in correlation.functions.iter().filter(|pair| pair.name.is_none()) {
            let Some(index) = pair.patched else { continue };
            let after = self.patched.manifest.functions.get(index);
            let before = self
                .original
                .as_ref()
                .zip(pair.original)
                .and_then(|(side, index)| Some((index, side.manifest.functions.get(index)?)));
            let fate = match (before, after) {
                (Some((number, _)), _) if is_in(&named.ignored, index) => Fate::Same(number),
                (Some((number, before)), Some(after))
                    if before.checksum == after.checksum
                        && !other.functions.contains(&index)
                        && !is_in(&named.changed, index) =>
                {
                    Fate::Same(number)
                }
                (Some((number, _)), _) => Fate::Changed(number),
                (None, _) if !pair.candidates.is_empty() => continue,
                (None, _) => Fate::Added,
            };
            if let Some(slot) = self.fates.get_mut(index) {
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
    let manifest = |side: &Side<'_>| Manifest::from_iter([side.manifest.clone()]);
    let changes = compare(&manifest(one), &manifest(other));
    let named = changes.functions.into_iter().map(|function| function.name);
    named.chain(changes.refused.into_iter().map(|refused| refused.name)).collect()
}
