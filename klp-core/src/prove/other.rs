//! What belongs to no pair: where it is, and what is told of it.

use super::difference::{Difference, DifferenceKind};
use super::side::{ByteRange, Owner, ProofSide};
use super::solve::Solver;
use super::target::{self, Target};
use super::{UnitKind, UnpairedDifference, align};

impl Solver<'_, '_> {
    /// What belongs to no pair and is not proven, for the result; none where that is told with something else.
    pub(super) fn other(
        &self,
        number: usize,
        difference: Difference,
    ) -> Option<UnpairedDifference> {
        let left = self.left.get(number)?;
        let [a, b] = &self.world.sides;
        let side = if left.is_original { a } else { b };
        let ByteRange { section, start, .. } = left.range;
        // Lists of ids are objects, each with an order of its own.
        let is_list = side.section(section).name == b".BTF_ids";
        if is_list && difference.what == DifferenceKind::Order {
            return None;
        }
        if difference.what == DifferenceKind::Target && self.leads_into_changed(side, left.range) {
            return None;
        }
        let symbol = side.symbols(section, start, start.saturating_add(1)).next();
        let symbol = symbol.map(|(_, it)| it.name_lossy().into_owned());
        Some(UnpairedDifference {
            at: section.at(start),
            is_original: left.is_original,
            section: side.section(section).name_lossy().into(),
            symbol: left.name.clone().or(symbol),
            difference,
        })
    }

    /// Whether something in `range` refers to the inside of a function that is reported already.
    fn leads_into_changed(&self, side: &ProofSide<'_>, range: ByteRange) -> bool {
        let targets = align::relocs(side, range).map(|reloc| target::of(side.object, &reloc, 0));
        let mut places = targets.filter_map(|target| match target {
            Target::Place { section, offset, .. } => Some((section, u64::try_from(offset).ok()?)),
            _ => None,
        });
        places.any(|(section, at)| {
            side.units_at(section, at).iter().any(|unit| match unit.owner {
                Owner::Pair(number) => {
                    let pair = self.world.pair(number);
                    unit.start < at && pair.sort == UnitKind::Function && !pair.equal
                }
                Owner::Lone => false,
            })
        })
    }
}
