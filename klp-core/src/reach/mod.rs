//! Who else can reach a constant that changed.
//!
//! In an object without data sections nothing says where a constant without a symbol ends, nor that a reference
//! points to the start of what it means. The digests take a constant to go from one place that is referred to up to
//! the next. A table that is indexed from its middle, entered in its middle or walked from its end is cut in pieces
//! so, and a piece that changed can be someone else's. Whoever may mean it as well is found here:
//!
//! - a function that *indexes* constants of the same stretch without symbols, and whose code does not show that its
//!   index stays away from what changed, is taken for changed;
//! - a function that takes the *address* of a neighbour is told: it may walk into what changed.

mod surroundings;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::{Analysis, Constant, Digest};
use crate::ids::Pair;
use crate::layout::FunctionId;

use uses::ConstantUses;

/// Functions of the patched object.
#[derive(Debug, Default)]
pub(crate) struct ReachingFunctions {
    /// Those that index constants beside what changed, and the section.
    pub(crate) indexing: BTreeMap<FunctionId, String>,
    /// Those that have the address of a neighbour, and the section.
    pub(crate) beside: BTreeMap<FunctionId, String>,
}

/// Who of the functions that are `equal` in both objects can reach constants that changed.
pub(crate) fn of(
    original: &Analysis<'_>,
    patched: &Analysis<'_>,
    equal: &[Pair<FunctionId>],
) -> ReachingFunctions {
    let (before, after) = rayon::join(|| original.constants(), || patched.constants());
    let (known, now) = (counted(original, &before), counted(patched, &after));
    let gone = differing(original, &before, &known, &now);
    let new = differing(patched, &after, &now, &known);
    let mut reach = ReachingFunctions::default();
    if gone.is_empty() || new.is_empty() {
        return reach;
    }
    let by_original = equal.iter().map(|pair| (pair.original, pair.patched)).collect();
    let by_patched = equal.iter().map(|pair| (pair.patched, pair.patched)).collect();
    reach.add(&ConstantUses::of(original, &before, &gone, by_original));
    reach.add(&ConstantUses::of(patched, &after, &new, by_patched));
    let indexing: BTreeSet<FunctionId> = reach.indexing.keys().copied().collect();
    reach.beside.retain(|function, _| !indexing.contains(function));
    reach
}

impl ReachingFunctions {
    fn add(&mut self, uses: &ConstantUses<'_, '_>) {
        let (indexing, beside) = uses.find();
        self.indexing.extend(indexing);
        self.beside.extend(beside);
    }
}

type ConstantContent = (Vec<u8>, Digest);

fn content(object: &Analysis<'_>, constant: &Constant) -> ConstantContent {
    let section = object.elf.section(constant.section);
    (section.name.to_vec(), constant.digest)
}

/// How often each content is there.
fn counted(object: &Analysis<'_>, constants: &[Constant]) -> BTreeMap<ConstantContent, usize> {
    let mut counts = BTreeMap::new();
    for constant in constants {
        let count: &mut usize = counts.entry(content(object, constant)).or_default();
        *count += 1;
    }
    counts
}

/// Those of `constants` of which there are more on this side. Which of several equal ones is the one more nobody can
/// tell.
fn differing(
    object: &Analysis<'_>,
    constants: &[Constant],
    here: &BTreeMap<ConstantContent, usize>,
    there: &BTreeMap<ConstantContent, usize>,
) -> Vec<Constant> {
    let is_more = |constant: &&Constant| {
        let content = content(object, constant);
        here.get(&content) > there.get(&content)
    };
    constants.iter().filter(is_more).cloned().collect()
}
