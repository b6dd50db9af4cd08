//! Which Kbuild object each function of a linked object came from.
//!
//! A linked object says little about it: `FILE` symbols hold base names only, and with LTO some local
//! symbols stand before the first of them. The objects know what they define. What several define is
//! told apart by what stands beside it: local symbols behind one `FILE` symbol, or promoted with one
//! `.llvm.HASH`, come from one object, and the order of files is that of the link.

mod definitions;
mod llvm;

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _, HashSet};
use rayon::prelude::*;
use smallvec::{SmallVec, smallvec};

use crate::manifest::ManifestObject;
use crate::name;

pub use definitions::{Binding, Definitions};

impl ManifestObject {
    /// Finds where the functions and data objects of this linked object come from. `index` is that of all
    /// objects that it was linked from, in the order of the link.
    pub fn attribute(&mut self, index: &DefinerIndex<'_>) {
        self.origins = index.definitions.iter().map(|one| one.object.clone()).collect();
        let functions = self
            .functions
            .par_iter()
            .map(|function| OriginItem::of(function.names(), function.file, index));
        let data = self
            .data
            .par_iter()
            .map(|data| OriginItem::of(data.name.into_iter(), data.file, index));
        let mut items: Vec<OriginItem<'_>> = functions.chain(data).with_min_len(512).collect();
        by_company(&mut items);
        by_order(&mut items);
        let mut origins: Vec<Option<u32>> = items.iter().map(OriginItem::only).collect();
        let data = origins.split_off(self.functions.len());
        drop(items);
        self.functions.set_origins(between_neighbours(&origins));
        self.data.set_origins(data);
    }
}

/// Code without a symbol comes from where the code on both sides of it comes from.
fn between_neighbours(known: &[Option<u32>]) -> Vec<Option<u32>> {
    let mut next: Vec<Option<u32>> = known
        .iter()
        .rev()
        .scan(None, |last, origin| {
            *last = origin.or(*last);
            Some(*last)
        })
        .collect();
    next.reverse();
    let mut before = None;
    let filled = known.iter().zip(next).map(|(own, after)| {
        before = own.or(before);
        own.or(before.filter(|before| after == Some(*before)))
    });
    filled.collect()
}

/// The objects that define a name.
#[derive(Debug)]
pub struct DefinerIndex<'a> {
    definitions: &'a [Definitions],
    locals: HashMap<&'a [u8], Objects>,
    globals: HashMap<&'a [u8], (Binding, u32)>,
}

/// Objects by number, ascending.
type Objects = SmallVec<[u32; 2]>;

impl<'a> DefinerIndex<'a> {
    /// That of `definitions`, in the order of the link.
    #[must_use]
    pub fn of(definitions: &'a [Definitions]) -> Self {
        let all = || {
            let objects = definitions.iter().zip(0u32..);
            objects.flat_map(|(one, object)| one.iter().map(move |(name, how)| (name, how, object)))
        };
        let count = |local: bool| {
            let own = all().filter(|(_, how, _)| (*how == Binding::Local) == local);
            own.count()
        };
        let locals = || {
            let mut locals: HashMap<&[u8], Objects> = HashMap::with_capacity(count(true));
            for (name, _, object) in all().filter(|(_, how, _)| *how == Binding::Local) {
                let objects = locals.entry(name).or_default();
                if objects.last() != Some(&object) {
                    objects.push(object);
                }
            }
            locals
        };
        let globals = || {
            let mut globals = HashMap::with_capacity(count(false));
            for (name, how, object) in all().filter(|(_, how, _)| *how != Binding::Local) {
                // The first strong one, else the first.
                let known = globals.entry(name).or_insert((how, object));
                if known.0 == Binding::Weak && how == Binding::Strong {
                    *known = (how, object);
                }
            }
            globals
        };
        let (locals, globals) = rayon::join(locals, globals);
        Self { definitions, locals, globals }
    }

    fn local(&self, name: &str) -> Objects {
        if let Some(exact) = self.locals.get(name.as_bytes()) {
            return exact.clone();
        }
        let promoted = name::promoted(name).map_or(name, |(own, _)| own);
        if let Some(exact) = self.locals.get(promoted.as_bytes()) {
            return exact.clone();
        }
        // Clones and parts that the compiler made after bitcode was written: `foo.cold`, `foo.2`.
        let base = name::base(promoted.as_bytes());
        let shorter = std::iter::successors(Some(&*base), |name| {
            let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
            name.get(..dot)
        });
        for name in shorter {
            if let Some(found) = self.locals.get(name) {
                return found.clone();
            }
            if let Some((_, object)) = self.globals.get(name) {
                return smallvec![*object];
            }
        }
        Objects::new()
    }

    fn global(&self, name: &str) -> Objects {
        match self.globals.get(name.as_bytes()) {
            Some((_, object)) => smallvec![*object],
            // Made global for another unit.
            None => self.local(name),
        }
    }
}

/// A function or data object, and the objects that may define it.
struct OriginItem<'n> {
    candidates: Objects,
    /// What comes from one object: a run of local symbols, or the hash of a unit.
    company: Option<CommonOrigin<'n>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum CommonOrigin<'n> {
    File(u32),
    Unit(&'n str),
}

impl<'n> OriginItem<'n> {
    fn of(
        names: impl Iterator<Item = &'n str>,
        file: Option<u32>,
        index: &DefinerIndex<'_>,
    ) -> Self {
        let mut item = Self { candidates: Objects::new(), company: file.map(CommonOrigin::File) };
        for name in names {
            if let Some((_, hash)) = name::promoted(name) {
                item.company = Some(CommonOrigin::Unit(hash));
            }
            let defined = if file.is_some() { index.local(name) } else { index.global(name) };
            if item.candidates.is_empty() {
                item.candidates = defined;
            } else {
                item.keep(&defined);
            }
        }
        item
    }

    fn only(&self) -> Option<u32> {
        match self.candidates.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// Keeps the candidates that are in `possible` (ascending) too, if there are such.
    fn keep(&mut self, possible: &[u32]) {
        let is_possible = |object: &u32| possible.binary_search(object).is_ok();
        if self.candidates.iter().any(is_possible) {
            self.candidates.retain(|object| is_possible(object));
        }
    }
}

/// The object that most of what is together may come from, if there is one such.
fn by_company(items: &mut [OriginItem<'_>]) {
    let uncertain: HashSet<CommonOrigin<'_>> = items
        .iter()
        .filter(|item| item.candidates.len() > 1)
        .filter_map(|item| item.company)
        .collect();
    let mut votes: HashMap<CommonOrigin<'_>, BTreeMap<u32, usize>> = HashMap::new();
    for item in items.iter() {
        let Some(company) = item.company.filter(|company| uncertain.contains(company)) else {
            continue;
        };
        let votes = votes.entry(company).or_default();
        for object in &item.candidates {
            let votes = votes.entry(*object).or_default();
            *votes += 1;
        }
    }
    for item in items.iter_mut().filter(|item| item.candidates.len() > 1) {
        let Some(votes) = item.company.and_then(|company| votes.get(&company)) else { continue };
        let most = votes.values().copied().max().unwrap_or(0);
        let best: Objects =
            votes.iter().filter(|(_, votes)| **votes == most).map(|(object, _)| *object).collect();
        item.keep(&best);
    }
}

/// Files are in the order of the link: one whose neighbours are known comes from between their objects.
fn by_order(items: &mut [OriginItem<'_>]) {
    if items.iter().all(|item| item.candidates.len() < 2) {
        return;
    }
    let pairs = items.iter().filter_map(|item| match (item.company, item.only()) {
        (Some(CommonOrigin::File(file)), Some(object)) => Some((file, object)),
        _ => None,
    });
    let mut pairs: Vec<(u32, u32)> = pairs.collect();
    pairs.sort_unstable();
    pairs.dedup();
    let of_one = pairs.chunk_by(|one, other| one.0 == other.0).filter(|own| own.len() == 1);
    let known: BTreeMap<u32, u32> = of_one.flatten().copied().collect();
    for item in items.iter_mut().filter(|item| item.candidates.len() > 1) {
        let Some(CommonOrigin::File(file)) = item.company else { continue };
        let before = known.range(..file).next_back().map(|(_, object)| *object);
        let after =
            known.range(file..).find(|(other, _)| **other > file).map(|(_, object)| *object);
        let between = |object: &&u32| {
            before.is_none_or(|before| before <= **object)
                && after.is_none_or(|after| **object <= after)
        };
        let possible: Vec<u32> = item.candidates.iter().filter(between).copied().collect();
        if let [only] = possible.as_slice() {
            item.keep(&[*only]);
        }
    }
}
