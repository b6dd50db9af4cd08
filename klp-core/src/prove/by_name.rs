//! References that mean what a global name stands for, wherever that is.

use super::side::ProofSide;
use super::target::NamedPlace;
use super::world::World;

/// The global label inside of a function that a place is told by, and how far it is behind.
fn label<'a>(side: &ProofSide<'a>, spot: NamedPlace) -> Option<(&'a [u8], i64)> {
    let symbol = *side.object.symbol(spot.symbol?);
    let units = side.units_at(spot.section, symbol.value);
    let is_inside = !units.is_empty() && units.iter().all(|unit| unit.start < symbol.value);
    let is_label = !symbol.local && side.is_code(spot.section) && is_inside;
    let behind = spot.offset.wrapping_sub(symbol.value.cast_signed());
    is_label.then_some((symbol.name, behind))
}

/// Whether both are as far behind a global label of one name inside of a function: where it stands is compared there.
pub(super) fn share_label(world: &World<'_>, a: NamedPlace, b: NamedPlace) -> bool {
    let [a_side, b_side] = &world.sides;
    let (ours, theirs) = (label(a_side, a), label(b_side, b));
    ours.is_some() && ours == theirs
}

/// Whether both are as far behind a global name that is reported to stand for something else.
pub(super) fn share_moved(world: &World<'_>, a: NamedPlace, b: NamedPlace) -> bool {
    if world.moved.is_empty() {
        return false;
    }
    let [a_side, b_side] = &world.sides;
    let name = |side: &ProofSide<'_>, spot: NamedPlace| {
        let symbol = Some(side.object.symbol(spot.symbol?)).filter(|symbol| !symbol.local)?;
        let behind = spot.offset.wrapping_sub(symbol.value.cast_signed());
        world.moved.get(symbol.name).map(|name| (name, behind))
    };
    let ours = name(a_side, a);
    ours.is_some() && ours == name(b_side, b)
}
