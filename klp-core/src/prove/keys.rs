//! What symbols mean on both sides, so that most references are seen to correspond without a look at either place.

use rayon::prelude::*;

use crate::elf::{Definition, Reloc, RelocKind, SectionId, Symbol, SymbolId, SymbolKind};

use crate::ids::List;

use super::PairId;
use super::names;
use super::sections::SectionPurpose;
use super::side::{Owner, ProofSide};

/// What a symbol stands for. Where two have the same, everything as far from one as from the other corresponds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SymbolKey<'a> {
    /// A place of a pair: of data, or of a function whose versions correspond byte by byte.
    Pair(PairId, u64),
    /// A name of another object that has no number.
    Undefined { name: &'a [u8], weak: bool },
}

/// The keys of the symbols of both objects.
#[derive(Default)]
pub(super) struct Keys<'a> {
    sides: [List<SymbolId, Option<SymbolKey<'a>>>; 2],
}

impl<'a> Keys<'a> {
    /// `is_fixed` says of a pair whether its versions correspond byte by byte.
    pub(super) fn of(sides: &[ProofSide<'a>; 2], is_fixed: impl Fn(PairId) -> bool + Sync) -> Self {
        let [a, b] = sides;
        let (original, patched) = rayon::join(|| keys(a, &is_fixed), || keys(b, &is_fixed));
        Self { sides: [original, patched] }
    }

    /// Whether both refer to one thing, whatever is added to their own readings.
    pub(super) fn mean_one(&self, original: &Reloc, patched: &Reloc) -> bool {
        let [ours, theirs] = &self.sides;
        let ours = ours[original.symbol];
        let theirs = || theirs[patched.symbol];
        original.addend == patched.addend
            && original.kind == patched.kind
            && !matches!(original.kind, RelocKind::Unknown(_))
            && ours.is_some()
            && ours == theirs()
    }
}

fn keys<'a>(
    side: &ProofSide<'a>,
    is_fixed: &(impl Fn(PairId) -> bool + Sync),
) -> List<SymbolId, Option<SymbolKey<'a>>> {
    let symbols = side.object.symbols.par_with_ids().with_min_len(1024);
    let key = |(symbol, id): (&Symbol<'a>, SymbolId)| match symbol.place {
        Definition::Undefined if id.number() > 0 => {
            let (name, weak) = (symbol.name, symbol.weak);
            (*names::base(name) == *name).then_some(SymbolKey::Undefined { name, weak })
        }
        // Through a section anything in it can be meant.
        Definition::Section(section) if symbol.kind != SymbolKind::Section => {
            let class = side.meaning(section).class;
            let is_content = matches!(
                class,
                SectionPurpose::Code | SectionPurpose::Variable | SectionPurpose::Constant
            );
            if is_content {
                of_place(side, section, symbol.value).filter(|key| match key {
                    SymbolKey::Pair(number, _) => is_fixed(*number),
                    SymbolKey::Undefined { .. } => true,
                })
            } else {
                None
            }
        }
        _ => None,
    };
    List::from(symbols.map(key).collect::<Vec<_>>())
}

/// The first of the pairs that stand there.
fn of_place<'a>(side: &ProofSide<'a>, section: SectionId, at: u64) -> Option<SymbolKey<'a>> {
    let units = side.units_at(section, at);
    let pairs = units.iter().filter_map(|unit| match unit.owner {
        Owner::Pair(number) => Some((number, at.saturating_sub(unit.start))),
        Owner::Lone => None,
    });
    let (number, distance) = pairs.min()?;
    Some(SymbolKey::Pair(number, distance))
}
