//! A second opinion: constructs the correspondence of two objects instead of comparing digests.
//!
//! Who names changes by digests claims which functions and data of two objects are one, and which of those pairs are
//! equal. [`prove`] assumes a correspondence of places that these claims give, and checks every obligation that
//! follows: that each instruction of one function is one of the other, that what it refers to corresponds, that the
//! same tables describe it, and so on. What it cannot prove is reported: with the first difference, or as something
//! that belongs to no pair. It shares no idea with the digests but the reading of the file and of instructions.

mod align;
mod aligned;
mod behind;
mod by_name;
mod code;
mod common_ends;
mod content;
mod correspond;
mod coverage;
mod cycles;
mod data;
mod described;
mod difference;
mod exclusions;
mod extent;
mod graph;
mod held;
mod held_by_data;
mod keys;
mod left;
mod listed;
mod listing;
mod merged;
mod names;
mod nodes;
mod other;
mod prefix;
mod seals;
mod sections;
mod side;
mod solve;
mod sorted;
mod symbols;
mod table;
mod tables;
mod target;
mod unclaimed;
mod walk;
mod world;
mod x86_64;

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{ElfObject, Place};
use crate::ids::{Id, List};

pub use difference::{Difference, DifferenceKind};

/// What is claimed to be one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// A function, from the first byte of its body.
    Function,
    /// A data object.
    Data,
}

/// Two units that are called one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitPair {
    /// What they are.
    pub unit: UnitKind,
    /// Where the unit starts in the original object.
    pub original: Place,
    /// Where it starts in the patched object.
    pub patched: Place,
    /// Claimed to be equal. What is not is reported already: who refers to it refers to what it has become.
    pub equal: bool,
}

/// One of the pairs of [`Claims::pairs`].
pub type PairId = Id<UnitPair>;

/// What is claimed of two objects.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Units of both.
    pub pairs: List<PairId, UnitPair>,
    /// Units of the patched object only.
    pub added: Vec<Place>,
    /// Units of the original object only.
    pub removed: Vec<Place>,
    /// Global names that are reported to stand for another unit: who refers to one by its name refers to what it has become.
    pub moved: BTreeSet<Vec<u8>>,
}

/// A difference that belongs to no pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnpairedDifference {
    /// Where it is: in the patched object, or in the original one if `is_original`.
    pub at: Place,
    /// The place is one of the original object.
    pub is_original: bool,
    /// The section's name.
    pub section: String,
    /// The symbol there, if there is one.
    pub symbol: Option<String>,
    /// What differs.
    pub difference: Difference,
}

/// What could be proven.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Claimed to be equal and not proven, and the first difference.
    pub unproven: Vec<(PairId, Difference)>,
    /// Differences that belong to no pair.
    pub others: Vec<UnpairedDifference>,
    /// How many pairs hold the same bytes and relocations.
    pub raw: usize,
    /// How many pairs needed a construction.
    pub constructed: usize,
    /// How often each rule left something out.
    pub rules: BTreeMap<&'static str, usize>,
}

/// Proves what of `claims` can be proven, and reports the rest.
#[must_use]
pub fn prove(original: &ElfObject<'_>, patched: &ElfObject<'_>, claims: &Claims) -> Proof {
    solve::prove(original, patched, claims)
}
