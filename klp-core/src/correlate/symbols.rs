//! What the symbols of an object that functions and data refer to stand for.

use std::sync::OnceLock;

use foldhash::{HashMap, HashMapExt as _, HashSet};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::manifest::{DataId, FunctionId, ManifestObject};
use crate::name::{self, Stability};

use super::files::{FileMatches, NameScope};

/// A function or a data object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum MeantUnit {
    Function(FunctionId),
    Data(DataId),
}

impl MeantUnit {
    fn is_function(self) -> bool {
        matches!(self, Self::Function(_))
    }
}

/// A symbol that something refers to.
#[derive(Debug)]
pub(super) struct ReferencedSymbol<'a> {
    pub(super) name: &'a str,
    /// Index of its source file; none for global ones.
    file: Option<u32>,
    /// Visible in its own object only.
    pub(super) local: bool,
    /// Where the name holds.
    pub(super) scope: NameScope,
    /// Whether the name says which it is: no compiler had a hand in it, and nothing else has it.
    pub(super) is_fixed: bool,
    /// Which of those of its name and file it is, by place.
    rank: usize,
}

/// The symbols of one object, by their numbers.
#[derive(Debug)]
pub(super) struct ReferencedSymbols<'a> {
    object: &'a ManifestObject,
    list: Vec<ReferencedSymbol<'a>>,
    /// What those mean whose name is not fixed. Nearly all that is ever asked for, and few.
    numbered: Vec<Option<MeantUnit>>,
    /// What any name means.
    all: OnceLock<UnitsByName<'a>>,
}

impl<'a> ReferencedSymbols<'a> {
    /// `scope` is that of a source file.
    fn of(object: &'a ManifestObject, scope: impl Fn(Option<u32>) -> NameScope + Sync) -> Self {
        let symbol = |reference: u32| {
            let (name, local) = object.symbol(reference)?;
            let file = object.symbol_file(reference);
            let bytes = name.as_bytes();
            let rank = object.symbol_rank(reference);
            let is_fixed = name::stability(bytes, local) == Stability::Stable
                && name::base(bytes).len() == bytes.len()
                && rank.is_none();
            let rank = rank.unwrap_or(0);
            Some(ReferencedSymbol { name, file, local, scope: scope(file), is_fixed, rank })
        };
        let count = object.globals.len().saturating_add(object.locals.len());
        let numbers = 0..u32::try_from(count).unwrap_or(u32::MAX);
        let list: Vec<ReferencedSymbol<'_>> =
            numbers.into_par_iter().with_min_len(1024).filter_map(symbol).collect();
        let names = list.iter().filter(|symbol| !symbol.is_fixed).map(|symbol| symbol.name);
        let names: HashSet<&str> = names.collect();
        let units = UnitsByName::of(object, |name| names.contains(name));
        let numbered = list.iter().map(|symbol| {
            let symbol = Some(symbol).filter(|symbol| !symbol.is_fixed)?;
            units.find(symbol)
        });
        let numbered = numbered.collect();
        Self { object, list, numbered, all: OnceLock::new() }
    }

    pub(super) fn get(&self, reference: u32) -> Option<&ReferencedSymbol<'a>> {
        self.list.get(reference as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The unit that the symbol of that number stands for, where the object defines it and it is the only one of
    /// that name there.
    pub(super) fn means(&self, reference: u32) -> Option<MeantUnit> {
        let symbol = self.get(reference)?;
        if !symbol.is_fixed {
            return self.numbered(reference);
        }
        let all = self.all.get_or_init(|| UnitsByName::of(self.object, |_| true));
        all.find(symbol)
    }

    /// The same of symbols whose name is not fixed; none for others.
    pub(super) fn numbered(&self, reference: u32) -> Option<MeantUnit> {
        self.numbered.get(reference as usize).copied().flatten()
    }
}

/// Two objects and their symbols, in terms of the original's files.
#[derive(Debug)]
pub struct BothObjects<'a> {
    /// The one before.
    pub original: &'a ManifestObject,
    /// The one after.
    pub patched: &'a ManifestObject,
    pub(super) files: FileMatches,
    pub(super) old: ReferencedSymbols<'a>,
    pub(super) new: ReferencedSymbols<'a>,
}

impl<'a> BothObjects<'a> {
    /// Reads the symbols of both.
    #[must_use]
    pub fn of(original: &'a ManifestObject, patched: &'a ManifestObject) -> Self {
        let files = FileMatches::of(original, patched);
        let (old, new) = rayon::join(
            || ReferencedSymbols::of(original, |file| files.same(file)),
            || ReferencedSymbols::of(patched, |file| files.original(file)),
        );
        Self { original, patched, files, old, new }
    }
}

/// Functions and data objects by file and name, those of one name by place.
#[derive(Debug)]
struct UnitsByName<'a>(HashMap<(Option<u32>, &'a str), SmallVec<[MeantUnit; 1]>>);

impl<'a> UnitsByName<'a> {
    /// Those of `object` whose names are `wanted`.
    fn of(object: &'a ManifestObject, wanted: impl Fn(&str) -> bool) -> Self {
        let functions = object.functions.with_ids().flat_map(|(function, id)| {
            let names = function.names();
            names.map(move |name| ((function.file, name), MeantUnit::Function(id)))
        });
        let data = object.data.with_ids().flat_map(|(data, id)| {
            data.names().map(move |name| ((data.file, name), MeantUnit::Data(id)))
        });
        let mut units: HashMap<_, SmallVec<[MeantUnit; 1]>> = HashMap::new();
        for (name, means) in functions.chain(data).filter(|((_, name), _)| wanted(name)) {
            units.entry(name).or_default().push(means);
        }
        Self(units)
    }

    fn find(&self, symbol: &ReferencedSymbol<'_>) -> Option<MeantUnit> {
        match self.0.get(&(symbol.file, symbol.name))?.as_slice() {
            [only] => Some(*only),
            // Functions and data of one name have no common order here.
            all if all.iter().all(|one| {
                one.is_function() == all.first().is_some_and(|one| one.is_function())
            }) =>
            {
                all.get(symbol.rank).copied()
            }
            _ => None,
        }
    }
}
