//! Which function and data object of the original is which of the patched object.
//!
//! Rules are applied in order, each to what the ones before left over:
//!
//! 1. [`exact`]: the same name in the same place (source file, or global), LLVM's hash included;
//! 2. [`structure`]: what LLVM made global or did so in the other build, and variables with the same number, that the same
//!    code uses at the same places;
//! 3. [`sole`]: variables that LLVM made global, of which a function uses one of that name before and after;
//! 4. [`suffix`]: the same name up to what a compiler numbers or hashes, the only one on both sides;
//! 5. [`content`]: of several such, those of the same content;
//! 6. [`promoted`]: of several such, those of one unit by the hash that LLVM gives to it;
//! 7. [`structure`] again, with what is known then;
//! 8. [`sole`] again, of all variables: a function that is added can have one of that name, too;
//! 9. [`equal`]: copies that nothing tells apart, which therefore are all the same;
//! 10. [`rest`]: of several such, the last one on each side;
//! 11. [`scope`]: the same name, in another file, made static or made global;
//! 12. [`aliases`]: another name of the same code;
//! 13. [`merged`]: another name of the same constant.
//!
//! A variable has a state, and two of one name can have the first contents that the other one had before: so who uses
//! it comes before what it holds, where the compiler's number says the same, or says nothing since it is a hash of LLVM's.
//! If number and content say one thing, and the user another, then it is the user that has changed. A constant has no
//! state: what it holds tells which it is.
//!
//! What is still open then and has candidates is ambiguous: it is reported with all of them. No rule
//! asks for the order of symbols, and none for that of sections.

mod agreement;
mod aliases;
mod assignment;
mod content;
mod equal;
mod exact;
mod files;
mod matching;
mod merged;
mod promoted;
mod renames;
mod rest;
mod scope;
mod sole;
mod structure;
mod suffix;
mod symbols;
mod unit;
mod users;

use std::collections::BTreeSet;

use crate::ids::Pair;
use crate::layout::Function;
use crate::manifest::{DataId, FunctionId, ManifestData};

use matching::Matching;
use structure::StructureVotes;
use symbols::MeantUnit;
use unit::NamedUnit;
use users::Strangers;

pub use agreement::Disagreement;
pub use renames::Renames;
pub use symbols::BothObjects;

/// An original and a patched unit; one is missing where a unit was added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<I> {
    /// The one of the original object.
    pub original: Option<I>,
    /// The one of the patched object.
    pub patched: Option<I>,
    /// The name that is common to both, where it is not the patched unit's own.
    pub name: Option<String>,
    /// Units of the original that the patched one may be, where no rule can tell: of many, the first 64.
    pub candidates: Vec<I>,
}

/// All pairs of two objects, in the order of the patched one, removed units last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correlation {
    /// Pairs of functions.
    pub functions: Vec<Match<FunctionId>>,
    /// Pairs of data objects.
    pub data: Vec<Match<DataId>>,
}

impl Correlation {
    /// Correlates the units of two objects.
    #[must_use]
    pub fn of(both: &BothObjects<'_>) -> Self {
        let BothObjects { original, patched, files, .. } = both;
        let (mut functions, mut data) = rayon::join(
            || {
                Matching::<Function>::new(
                    NamedUnit::functions(original, |home| files.in_original(home)),
                    NamedUnit::functions(patched, |home| files.in_patched(home)),
                )
            },
            || {
                Matching::<ManifestData<'static>>::new(
                    NamedUnit::data(original, |home| files.in_original(home)),
                    NamedUnit::data(patched, |home| files.in_patched(home)),
                )
            },
        );
        exactly(&mut functions);
        let mut is_known = functions.is_settled();
        while !is_known {
            let known = functions.pairs().map(as_functions);
            let mut said = StructureVotes::of(both, known).functions;
            said.retain(|pair, _| functions.is_promoted(*pair));
            is_known = !structure::apply(&mut functions, &said);
        }
        by_name(&mut functions);
        while functions.has_groups() {
            let known = functions.pairs().map(as_functions);
            let said = StructureVotes::of(both, known).functions;
            if !structure::apply(&mut functions, &said) {
                break;
            }
        }
        // Which of two copies is which says nothing about what they use.
        let certain: Vec<Pair<FunctionId>> = functions.pairs().collect();
        left_over(&mut functions);

        let pairs: Vec<Pair<FunctionId>> = functions.pairs().collect();
        let strangers = Strangers::of(both, &pairs);
        data.strangers = Some(Box::new(move |pair| strangers.are(pair)));
        exactly(&mut data);
        let mut is_known = data.is_settled();
        let of_one_name = if is_known { BTreeSet::new() } else { data.of_one_name() };
        while !is_known {
            let known = certain.iter().copied().map(as_functions);
            let known = known.chain(data.pairs().map(as_data));
            let mut said = StructureVotes::of(both, known).data;
            said.retain(|pair, _| data.is_promoted(*pair) || of_one_name.contains(pair));
            is_known = !structure::apply(&mut data, &said);
        }
        let said = sole::votes(both, &certain, &data, NamedUnit::is_promoted);
        structure::apply(&mut data, &said);
        by_name(&mut data);
        while data.has_groups() {
            let known = pairs.iter().copied().map(as_functions);
            let known = known.chain(data.pairs().map(as_data));
            let said = StructureVotes::of(both, known).data;
            if !structure::apply(&mut data, &said) {
                break;
            }
        }
        let said = sole::votes(both, &certain, &data, |_| true);
        structure::apply(&mut data, &said);
        left_over(&mut data);
        let (functions, data) = rayon::join(|| functions.finish(), || data.finish());
        Self { functions, data }
    }

    /// Partners of the patched functions.
    fn function_pairs(&self) -> impl Iterator<Item = Pair<FunctionId>> + '_ {
        self.functions.iter().filter(|pair| pair.name.is_none()).filter_map(Match::both)
    }

    fn data_pairs(&self) -> impl Iterator<Item = Pair<DataId>> + '_ {
        self.data.iter().filter_map(Match::both)
    }

    fn means(&self) -> impl Iterator<Item = Pair<MeantUnit>> + '_ {
        self.function_pairs().map(as_functions).chain(self.data_pairs().map(as_data))
    }
}

impl<I: Copy> Match<I> {
    /// Both, if it is of both objects.
    #[must_use]
    pub fn both(&self) -> Option<Pair<I>> {
        Some(Pair { original: self.original?, patched: self.patched? })
    }
}

fn as_functions(pair: Pair<FunctionId>) -> Pair<MeantUnit> {
    pair.map(MeantUnit::Function)
}

fn as_data(pair: Pair<DataId>) -> Pair<MeantUnit> {
    pair.map(MeantUnit::Data)
}

fn exactly<Of>(matching: &mut Matching<'_, Of>) {
    exact::apply(matching);
    promoted::with_its_hash(matching);
}

fn by_name<Of>(matching: &mut Matching<'_, Of>) {
    suffix::apply(matching);
    content::apply(matching);
    promoted::apply(matching);
}

fn left_over<Of>(matching: &mut Matching<'_, Of>) {
    equal::apply(matching);
    rest::apply(matching);
    scope::apply(matching);
    aliases::apply(matching);
    merged::apply(matching);
}
