//! One object that the patch touches: as it was linked, and compiled with function and data sections
//! before and after the patch.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::{Both, Correlation, Disagreement, Renames};
use crate::elf::{ElfError, ElfObject, Place, Symbol};
use crate::kernel::Region;
use crate::manifest;

use super::input::{self, Input};
use super::side::{Side, differing};
use super::why::Why;
use super::{Named, NamesByObject};

/// What became of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The number of the same function in the original.
    Same(usize),
    /// The number of the original that it replaces.
    Changed(usize),
    /// It replaces the kernel's global function of its name, which another object defined.
    Moved,
    /// The number of the original that it would replace if that could be: those that call it are replaced.
    Called(usize),
    /// The number of the original, which was freed after boot, as the patched one is not.
    Kept(usize),
    /// Weak, and the definition of another object is the one that is called.
    Overridden,
    Added,
}

impl Fate {
    /// The number of the same function in the original of its object.
    pub(super) fn original(self) -> Option<usize> {
        match self {
            Self::Same(original)
            | Self::Changed(original)
            | Self::Called(original)
            | Self::Kept(original) => Some(original),
            Self::Moved | Self::Overridden | Self::Added => None,
        }
    }

    /// Whether the kernel does not have it.
    pub(super) fn is_new(self) -> bool {
        matches!(self, Self::Added | Self::Kept(_))
    }

    /// Whether the livepatch puts it in the place of a function of the kernel.
    pub(super) fn is_replaced(self) -> bool {
        matches!(self, Self::Changed(_) | Self::Moved)
    }
}

/// Which variable a name of the patched object stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataFate {
    /// The original's, at this span.
    Shared(u32),
    /// The same, with another content.
    Changed(u32),
    /// The kernel's global variable of that name, which another object defined.
    Moved,
    /// Weak, and the definition of another object is the one that is used.
    Overridden,
    /// Another variable than the original's of that name: it was in memory of the first kind, and is in that of the second.
    Other(Region, Region),
    /// The kernel has another global of that name.
    Second,
    /// One that another object or function of the kernel had: its source, and its span in the original of that.
    From(usize, u32),
    /// One that the original does not have.
    New,
    /// One of so many of the original's; it cannot be told which.
    Unclear(usize),
}

impl DataFate {
    /// The span of the same variable in the original of its object.
    pub(super) fn original(&self) -> Option<u32> {
        match self {
            Self::Shared(span) | Self::Changed(span) => Some(*span),
            _ => None,
        }
    }
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
    /// Functions that are replaced because they call what cannot be.
    pub(super) instead: BTreeSet<usize>,
    /// Weak names under which the kernel has the function of another object.
    pub(super) dead: BTreeSet<Vec<u8>>,
    /// Functions that the two ways to compile do not agree on.
    pub(super) differing: Vec<String>,
    /// The patched object as its build made it, and the objects with debug information, before and after.
    pub(super) built: Option<Side<'a>>,
    types: Vec<Typed<'a>>,
}

impl<'a> Source<'a> {
    /// The name of the patched function `number`.
    pub(super) fn name_of(&self, number: usize) -> String {
        self.patched.record(number).map(|record| record.name.to_owned()).unwrap_or_default()
    }

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
            instead: BTreeSet::new(),
            dead: BTreeSet::new(),
            differing,
            built: input.built.map(|bytes| Side::of(bytes, input, None)).transpose()?,
            types: input.types.iter().map(Typed::of).collect::<Result<_, _>>()?,
            plain,
            original,
            patched,
        };
        source.correlate(&correlation, &other, named);
        Ok(source)
    }

    /// What the original has of something; of an object that the patch adds, nothing.
    pub(super) fn before<'s, T: Default>(&'s self, of: impl FnOnce(&'s Side<'a>) -> T) -> T {
        self.original.as_ref().map(of).unwrap_or_default()
    }

    /// Whether rustc made it.
    pub(super) fn is_rust(&self) -> bool {
        self.built.is_some()
    }

    /// The objects that tell about types: path, before and after. None where nothing does.
    pub(super) fn typed(&self) -> Vec<(&str, Option<&ElfObject<'a>>, &ElfObject<'a>)> {
        if self.types.is_empty() && !self.is_whole {
            let original = self.original.as_ref().map(|side| &side.analysis.elf);
            return vec![(self.object, original, &self.patched.analysis.elf)];
        }
        self.types.iter().map(|it| (it.object, it.before.as_ref(), &it.after)).collect()
    }

    /// Whether the kernel has another function under the name of `symbol`, which is weak.
    pub(super) fn is_dead(&self, symbol: &Symbol<'_>) -> bool {
        symbol.weak && !symbol.local && self.dead.contains(symbol.name)
    }

    /// Says of a changed function that those are replaced that call it.
    pub(super) fn call_instead(&mut self, number: usize) {
        if let Some(slot) = self.fates.get_mut(number)
            && let Some(Fate::Changed(original)) = *slot
        {
            *slot = Some(Fate::Called(original));
        }
    }

    /// Replaces a function that is the same. Says whether it was.
    pub(super) fn change(&mut self, number: usize) -> bool {
        match self.fates.get_mut(number) {
            Some(slot) if let Some(Fate::Same(original)) = *slot => {
                *slot = Some(Fate::Changed(original));
                self.instead.insert(number);
                true
            }
            _ => false,
        }
    }

    /// The function of the patched object that the function `original` has become.
    pub(super) fn now(&self, original: usize) -> Option<usize> {
        self.fates.iter().position(|fate| {
            matches!(fate, Some(Fate::Same(it) | Fate::Changed(it) | Fate::Called(it))
                if *it == original)
        })
    }

    /// The number of the original that a changed function replaces.
    pub(super) fn original_of(&self, number: usize) -> Option<usize> {
        match self.fates.get(number).copied().flatten()? {
            Fate::Changed(original) | Fate::Called(original) => Some(original),
            _ => None,
        }
    }

    /// Whether two data objects have another content.
    fn has_changed(&self, original: Option<usize>, patched: usize) -> bool {
        let before = self.original.as_ref().zip(original);
        let before = before.and_then(|(side, index)| side.manifest.data.get(index));
        let after = self.patched.manifest.data.get(patched);
        before.and_then(|data| data.checksum) != after.and_then(|data| data.checksum)
    }

    /// Whether the function is freed after boot in the original, and not in the patched object.
    fn was_freed(&self, original: usize, patched: usize) -> bool {
        let was = self.original.as_ref().is_some_and(|side| side.is_freed(original));
        was && !self.patched.is_freed(patched)
    }

    /// Variables of the original that the patched object does not have: span, name and size.
    pub(super) fn gone(&self) -> Vec<(u32, String, u64)> {
        let Some(original) = &self.original else { return Vec::new() };
        let kept: BTreeSet<u32> = self.data.values().filter_map(DataFate::original).collect();
        let spans = original.data.iter().flatten().filter(|span| !kept.contains(span));
        let gone = spans.filter_map(|span| {
            let (name, size) = original.variable(*span)?;
            Some((*span, name, size))
        });
        gone.collect()
    }

    fn original_region(&self, span: u32) -> Region {
        self.original.as_ref().map_or(Region::Data, |side| side.region(span))
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
                let is_named = |name: &String| function.names().any(|own| own == name);
                object.is_some_and(|functions| functions.iter().any(is_named))
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
                // What the kernel had of it is gone.
                (Some((number, _)), _) if self.was_freed(number, index) => Fate::Kept(number),
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
                Some(shared) => match (self.original_region(shared), self.patched.region(span)) {
                    (was, is) if was != is && (was, is) != (Region::Data, Region::Constant) => {
                        DataFate::Other(was, is)
                    }
                    _ if self.has_changed(pair.original, index) => DataFate::Changed(shared),
                    _ => DataFate::Shared(shared),
                },
                None => DataFate::New,
            };
            self.data.insert(span, fate);
        }
    }
}

/// Objects that tell the layout of types.
struct Typed<'a> {
    object: &'a str,
    before: Option<ElfObject<'a>>,
    after: ElfObject<'a>,
}

impl<'a> Typed<'a> {
    fn of(input: &input::Typed<'a>) -> Result<Self, ElfError> {
        let before = input.before.map(ElfObject::parse).transpose()?;
        Ok(Self { object: input.object, before, after: ElfObject::parse(input.after)? })
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
