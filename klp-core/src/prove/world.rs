//! Both objects with the claims: what is compared, and what of it is assumed.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::elf::{ElfObject, Place, Symbol, SymbolKind};
use crate::ids::List;

use super::PairId;
use super::align::{self, Alignment};
use super::difference::Difference;
use super::held_by_data;
use super::keys::Keys;
use super::names;
use super::side::{ByteRange, ClaimedUnit, Owner, ProofSide};
use super::x86_64;
use super::{Claims, UnitKind};

/// A pair with the bytes that are its own.
pub(super) struct Ranges {
    pub(super) sort: UnitKind,
    pub(super) original: ByteRange,
    pub(super) patched: ByteRange,
    pub(super) equal: bool,
    /// Its symbols say how long it is.
    pub(super) sized: bool,
}

pub(super) struct World<'a> {
    pub(super) sides: [ProofSide<'a>; 2],
    pub(super) pairs: List<PairId, Ranges>,
    /// Of each function, which instruction is which, or why that cannot be said.
    pub(super) alignments: List<PairId, Option<Result<Alignment, Difference>>>,
    pub(super) keys: Keys<'a>,
    /// Names that are reported to stand for another unit.
    pub(super) moved: &'a BTreeSet<Vec<u8>>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        original: &'a ElfObject<'a>,
        patched: &'a ElfObject<'a>,
        claims: &'a Claims,
    ) -> Self {
        let (a, b) = rayon::join(|| side(original), || side(patched));
        let mut sides = [a, b];
        let pairs =
            claims.pairs.as_slice().par_iter().with_min_len(256).map(|pair| ranges(&sides, pair));
        let pairs = List::from(pairs.collect::<Vec<Ranges>>());
        let [a, b] = &mut sides;
        for (side, alone, range) in [
            (a, &claims.removed, (|pair| pair.original) as fn(&Ranges) -> ByteRange),
            (b, &claims.added, |pair| pair.patched),
        ] {
            let lone: Vec<_> = alone.iter().map(|at| (at.section, lone(side, at))).collect();
            let paired = pairs.with_ids().map(|(pair, id)| {
                let ByteRange { section, start, end } = range(pair);
                (section, ClaimedUnit { start, end, owner: Owner::Pair(id) })
            });
            side.set_units(paired.chain(lone));
        }
        let alignments = pairs.iter().map(|_| None).collect();
        Self { sides, pairs, alignments, keys: Keys::default(), moved: &claims.moved }
    }

    /// Aligns the functions.
    pub(super) fn align(&mut self) {
        let (sides, pairs) = (&self.sides, &self.pairs);
        let one = |pair: &Ranges| {
            let is_needed = pair.sort == UnitKind::Function && pair.equal;
            is_needed.then(|| align::align(sides, pair.original, pair.patched))
        };
        let pairs = pairs.as_slice().par_iter();
        self.alignments = pairs.with_min_len(64).map(one).collect::<Vec<_>>().into();
        let is_fixed = |id| match self.pairs[id].sort {
            UnitKind::Data => true,
            UnitKind::Function => self.alignment(id).is_some_and(Alignment::is_same),
        };
        self.keys = Keys::of(&self.sides, is_fixed);
    }

    pub(super) fn alignment(&self, pair: PairId) -> Option<&Alignment> {
        self.alignments[pair].as_ref()?.as_ref().ok()
    }

    pub(super) fn pair(&self, pair: PairId) -> &Ranges {
        &self.pairs[pair]
    }
}

fn function_end(side: &ProofSide<'_>, at: &Place) -> (u64, bool) {
    let here = side.symbols(at.section, at.offset, at.offset.saturating_add(1));
    let functions = here.filter(|(_, symbol)| symbol.kind == SymbolKind::Function);
    let length = functions.map(|(_, symbol)| symbol.size).max().unwrap_or(0);
    let end = at.offset.saturating_add(length);
    let limit = side.size(at.section).max(at.offset);
    match length {
        0 => (label_end(side, at), false),
        _ => (end.min(limit), true),
    }
}

/// Where code of a label ends that no symbol calls a function: at the next label, but for what a linker fills up with behind
/// the label's size.
fn label_end(side: &ProofSide<'_>, at: &Place) -> u64 {
    let next = side.next_symbol(at.section, at.offset).max(at.offset);
    let length = objects(side, at).iter().map(|symbol| symbol.size).max().unwrap_or(0);
    let sized = at.offset.saturating_add(length);
    let rest = ByteRange { section: at.section, start: sized, end: next };
    let is_filled = length > 0
        && align::relocs(side, rest).next().is_none()
        && side.bytes(rest).is_some_and(|bytes| bytes.iter().copied().all(x86_64::is_filler));
    if is_filled { sized } else { next }
}

fn data_end(side: &ProofSide<'_>, at: &Place, length: Option<u64>) -> (u64, bool) {
    let limit = side.size(at.section).max(at.offset);
    match length {
        Some(length) => (at.offset.saturating_add(length).min(limit), true),
        None => (side.next_symbol(at.section, at.offset).max(at.offset), false),
    }
}

/// Names at a place with their sizes.
fn objects<'a>(side: &ProofSide<'a>, at: &Place) -> SmallVec<[&'a Symbol<'a>; 2]> {
    let here = side.symbols(at.section, at.offset, at.offset.saturating_add(1));
    here.map(|(_, symbol)| symbol).take(64).collect()
}

/// The sizes of a data object on both sides. An empty object can share its place with another one, and then the
/// names say which of the symbols there are meant.
fn data_sizes(sides: &[ProofSide<'_>; 2], pair: &super::UnitPair) -> [Option<u64>; 2] {
    let [a, b] = sides;
    let (a, b) = (objects(a, &pair.original), objects(b, &pair.patched));
    if let ([was], [is]) = (a.as_slice(), b.as_slice()) {
        return [was, is].map(|symbol| Some(symbol.size).filter(|size| *size > 0));
    }
    let largest = |symbols: &[&Symbol<'_>]| symbols.iter().map(|symbol| symbol.size).max();
    let mut named: BTreeMap<_, [Option<u64>; 2]> = BTreeMap::new();
    for (number, symbols) in [&a, &b].into_iter().enumerate() {
        for symbol in symbols {
            let of_name = named.entry(names::base(symbol.name)).or_default();
            if let Some(slot) = of_name.get_mut(number) {
                *slot = (*slot).max(Some(symbol.size));
            }
        }
    }
    let shared = named.values().filter(|it| it.iter().all(Option::is_some));
    let largest_named = shared.max_by_key(|it| it.iter().flatten().max().copied());
    let [original, patched] = largest_named.copied().unwrap_or([largest(&a), largest(&b)]);
    let is_empty = |symbols: &[&Symbol<'_>], size: Option<u64>| {
        size.filter(|size| *size > 0 || largest(symbols) > Some(0))
    };
    [is_empty(&a, original), is_empty(&b, patched)]
}

/// One of the objects, with what its data hold of its code.
fn side<'a>(object: &'a ElfObject<'a>) -> ProofSide<'a> {
    let mut side = ProofSide::new(object);
    side.hold(held_by_data::places(&side));
    side
}

fn ranges(sides: &[ProofSide<'_>; 2], pair: &super::UnitPair) -> Ranges {
    let [a, b] = sides;
    let ((a_end, a_sized), (b_end, b_sized)) = match pair.unit {
        UnitKind::Function => (function_end(a, &pair.original), function_end(b, &pair.patched)),
        UnitKind::Data => {
            let [original, patched] = data_sizes(sides, pair);
            (data_end(a, &pair.original, original), data_end(b, &pair.patched, patched))
        }
    };
    let range = |at: &Place, end: u64| ByteRange { section: at.section, start: at.offset, end };
    Ranges {
        sort: pair.unit,
        original: range(&pair.original, a_end),
        patched: range(&pair.patched, b_end),
        equal: pair.equal,
        sized: a_sized && b_sized,
    }
}

fn lone(side: &ProofSide<'_>, at: &Place) -> ClaimedUnit {
    let end = if side.is_code(at.section) {
        function_end(side, at).0
    } else {
        let length = objects(side, at).iter().map(|symbol| symbol.size).max();
        data_end(side, at, length.filter(|length| *length > 0)).0
    };
    ClaimedUnit { start: at.offset, end, owner: Owner::Lone }
}
