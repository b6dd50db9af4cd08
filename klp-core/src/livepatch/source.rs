//! One object that the patch touches: as it was linked, and compiled with function and data sections
//! before and after the patch.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::{BothObjects, Correlation, Disagreement, Renames};
use crate::elf::{Definition, ElfError, ElfObject, Symbol, SymbolId};
use crate::ids::{Id, List};
use crate::kernel::Region;
use crate::layout::{FunctionId, SpanId};
use crate::manifest;
use crate::manifest::DataId;

use super::input::{self, TouchedObject};
use super::side::{ObjectSide, differing};
use super::why::ReasonText;
use super::{ChangedNames, NamesByObject};

/// What became of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The same function of the original.
    Same(FunctionId),
    /// The one of the original that it replaces.
    Changed(FunctionId),
    /// It replaces the kernel's global function of its name, which another object defined.
    Moved,
    /// The one of the original that it would replace if that could be: those that call it are replaced.
    Called(FunctionId),
    /// The one of the original, which was freed after boot, as the patched one is not.
    Kept(FunctionId),
    /// Weak, and the definition of another object is the one that is called.
    Overridden,
    Added,
}

impl Fate {
    /// The same function in the original of its object.
    pub(super) fn original(self) -> Option<FunctionId> {
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
    Shared(SpanId),
    /// The same, with another content.
    Changed(SpanId),
    /// The kernel's global variable of that name, which another object defined.
    Moved,
    /// Weak, and the definition of another object is the one that is used.
    Overridden,
    /// Another variable than the original's of that name: it was in memory of the first kind, and is in that of the second.
    Other(Region, Region),
    /// The kernel has another global of that name.
    Second,
    /// One that another object or function of the kernel had: its source, and its span in the original of that.
    From(TouchedId, SpanId),
    /// One that the original does not have.
    New,
    /// One of so many of the original's; it cannot be told which.
    Unclear(usize),
}

impl DataFate {
    /// The span of the same variable in the original of its object.
    pub(super) fn original(&self) -> Option<SpanId> {
        match self {
            Self::Shared(span) | Self::Changed(span) => Some(*span),
            _ => None,
        }
    }
}

/// Which of the objects that the patch touches.
#[derive(Debug)]
pub(super) enum TouchedSource {}

pub(super) type TouchedId = Id<TouchedSource>;

/// All of them.
pub(super) type CorrelatedObjects<'a> = List<TouchedId, CorrelatedObject<'a>>;

/// A touched object, correlated.
pub(super) struct CorrelatedObject<'a> {
    pub(super) object: &'a str,
    pub(super) linked: &'a str,
    /// The object is all of what it is linked into.
    pub(super) is_whole: bool,
    plain: Option<ObjectSide<'a>>,
    pub(super) original: Option<ObjectSide<'a>>,
    pub(super) patched: ObjectSide<'a>,
    /// Of the patched functions.
    pub(super) fates: List<FunctionId, Option<Fate>>,
    /// By span of the patched object: named data only.
    pub(super) data: BTreeMap<SpanId, DataFate>,
    /// The function that each span of the patched object is part of.
    pub(super) owners: List<SpanId, Option<FunctionId>>,
    /// Functions that are replaced because they call what cannot be.
    pub(super) instead: BTreeSet<FunctionId>,
    /// Weak names under which the kernel has the function of another object.
    pub(super) dead: BTreeSet<Vec<u8>>,
    /// Functions that the two ways to compile do not agree on.
    pub(super) differing: Vec<String>,
    /// The patched object as its build made it, and the objects with debug information, before and after.
    pub(super) built: Option<ObjectSide<'a>>,
    types: Vec<TypeReadings<'a>>,
}

impl<'a> CorrelatedObject<'a> {
    /// The name of a patched function.
    pub(super) fn name_of(&self, number: FunctionId) -> String {
        self.patched.record(number).name.to_owned()
    }

    /// Reads and correlates the three.
    pub(super) fn of(input: &TouchedObject<'a>, named: &ChangedNames) -> Result<Self, ElfError> {
        let plain = input.plain.map(|bytes| ObjectSide::of(bytes, input, None)).transpose()?;
        let before = input.lto.map(|members| members.original);
        let original =
            input.original.map(|bytes| ObjectSide::of(bytes, input, before)).transpose()?;
        let patched =
            ObjectSide::of(input.patched, input, input.lto.map(|members| members.patched))?;
        let differing = match (&plain, &original) {
            (Some(plain), Some(original)) => differing(plain, original),
            _ => Vec::new(),
        };
        let empty = manifest::ManifestObject::default();
        let before = original.as_ref().map_or(&empty, |side| &side.manifest);
        let both = BothObjects::of(before, &patched.manifest);
        let correlation = Correlation::of(&both);
        let other = Disagreement::of(&both, &correlation, &Renames::default());
        let mut source = Self {
            object: input.object,
            linked: input.linked,
            is_whole: input.lto.is_some(),
            fates: patched.analysis.layout.functions.alongside(),
            data: BTreeMap::new(),
            owners: owners(&patched),
            instead: BTreeSet::new(),
            dead: BTreeSet::new(),
            differing,
            built: input.built.map(|bytes| ObjectSide::of(bytes, input, None)).transpose()?,
            types: input.types.iter().map(TypeReadings::of).collect::<Result<_, _>>()?,
            plain,
            original,
            patched,
        };
        source.correlate(&correlation, &other, named);
        Ok(source)
    }

    /// What the original has of something; of an object that the patch adds, nothing.
    pub(super) fn before<'s, T: Default>(&'s self, of: impl FnOnce(&'s ObjectSide<'a>) -> T) -> T {
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
    pub(super) fn call_instead(&mut self, number: FunctionId) {
        if let Some(Fate::Changed(original)) = self.fates[number] {
            self.fates[number] = Some(Fate::Called(original));
        }
    }

    /// Replaces a function that is the same. Says whether it was.
    pub(super) fn change(&mut self, number: FunctionId) -> bool {
        let Some(Fate::Same(original)) = self.fates[number] else { return false };
        self.fates[number] = Some(Fate::Changed(original));
        self.instead.insert(number);
        true
    }

    /// The function of the patched object that the function `original` has become.
    pub(super) fn now(&self, original: FunctionId) -> Option<FunctionId> {
        let is_it = |fate: &Option<Fate>| {
            matches!(fate, Some(Fate::Same(it) | Fate::Changed(it) | Fate::Called(it))
                if *it == original)
        };
        self.fates.with_ids().find(|(fate, _)| is_it(fate)).map(|(_, id)| id)
    }

    /// The function of the original that a changed one replaces.
    pub(super) fn original_of(&self, number: FunctionId) -> Option<FunctionId> {
        match self.fates[number]? {
            Fate::Changed(original) | Fate::Called(original) => Some(original),
            _ => None,
        }
    }

    /// Whether two data objects have another content.
    fn has_changed(&self, original: Option<DataId>, patched: DataId) -> bool {
        let before = self.original.as_ref().zip(original);
        let before = before.and_then(|(side, id)| side.manifest.data.checksum(id));
        before != self.patched.manifest.data.checksum(patched)
    }

    /// Whether the function is freed after boot in the original, and not in the patched object.
    fn was_freed(&self, original: FunctionId, patched: FunctionId) -> bool {
        let was = self.original.as_ref().is_some_and(|side| side.is_freed(original));
        was && !self.patched.is_freed(patched)
    }

    /// Variables of the original that the patched object does not have: span, name and size.
    pub(super) fn gone(&self) -> Vec<(SpanId, String, u64)> {
        let Some(original) = &self.original else { return Vec::new() };
        let kept: BTreeSet<SpanId> = self.data.values().filter_map(DataFate::original).collect();
        let spans = original.data.iter().flatten().filter(|span| !kept.contains(span));
        let gone = spans.filter_map(|span| {
            let (name, size) = original.variable(*span)?;
            Some((*span, name, size))
        });
        gone.collect()
    }

    fn original_region(&self, span: SpanId) -> Region {
        self.original.as_ref().map_or(Region::Data, |side| side.region(span))
    }

    /// The object as the running kernel has it.
    pub(super) fn running(&self) -> Option<&ObjectSide<'a>> {
        self.plain.as_ref().or(self.original.as_ref())
    }

    /// The function of [`CorrelatedObject::running`] that is `number` of the original.
    pub(super) fn running_function(&self, number: FunctionId) -> Option<FunctionId> {
        let original = self.original.as_ref()?;
        match &self.plain {
            Some(plain) => plain.function_named(original.record(number).name),
            None => Some(number),
        }
    }

    /// The symbol of [`CorrelatedObject::running`] that is `index` of the original, which is local.
    pub(super) fn running_local(&self, index: SymbolId) -> Result<SymbolId, ReasonText> {
        let original = self.original.as_ref().ok_or("an object without original")?;
        let Some(plain) = &self.plain else { return Ok(index) };
        let symbol = original.analysis.elf.symbol(index);
        let mut same = plain.analysis.elf.symbols.with_ids().filter(|(other, _)| {
            other.name == symbol.name
                && other.local
                && matches!(other.place, Definition::Section(_))
        });
        match (same.next(), same.next()) {
            (Some((_, index)), None) => Ok(index),
            (None, _) => Err(format!("{} is not in the original object", symbol.name_lossy())),
            _ => Err(format!("{} is there twice in its object", symbol.name_lossy())),
        }
    }

    fn correlate(&mut self, correlation: &Correlation, other: &Disagreement, named: &ChangedNames) {
        let patched = &self.patched.manifest;
        let is_in = |objects: &NamesByObject, id: FunctionId| {
            let function = patched.functions.get(id);
            let object = objects.get(patched.origin(function.origin));
            let is_named = |name: &String| function.names().any(|own| own == name);
            object.is_some_and(|functions| functions.iter().any(is_named))
        };
        for pair in correlation.functions.iter().filter(|pair| pair.name.is_none()) {
            let Some(index) = pair.patched else { continue };
            let after = self.patched.manifest.functions.get(index);
            let before = self
                .original
                .as_ref()
                .zip(pair.original)
                .map(|(side, id)| (id, side.manifest.functions.get(id)));
            let fate = match (before, after) {
                // What the kernel had of it is gone.
                (Some((number, _)), _) if self.was_freed(number, index) => Fate::Kept(number),
                (Some((number, _)), _) if is_in(&named.ignored, index) => Fate::Same(number),
                (Some((number, before)), after)
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
            self.fates[index] = Some(fate);
        }
        for pair in &correlation.data {
            let Some(index) = pair.patched else { continue };
            let Some(span) = self.patched.span_of(index) else { continue };
            let before = self.original.as_ref().zip(pair.original);
            let before = before.and_then(|(side, id)| side.span_of(id));
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
struct TypeReadings<'a> {
    object: &'a str,
    before: Option<ElfObject<'a>>,
    after: ElfObject<'a>,
}

impl<'a> TypeReadings<'a> {
    fn of(input: &input::TypedVersions<'a>) -> Result<Self, ElfError> {
        let before = input.before.map(ElfObject::parse).transpose()?;
        Ok(Self { object: input.object, before, after: ElfObject::parse(input.after)? })
    }
}

/// The function that each span belongs to.
fn owners(side: &ObjectSide<'_>) -> List<SpanId, Option<FunctionId>> {
    let layout = &side.analysis.layout;
    let mut owners: List<SpanId, Option<FunctionId>> = layout.spans.alongside();
    for (function, id) in layout.functions.with_ids() {
        for span in function.spans() {
            owners[span] = Some(id);
        }
    }
    owners
}
