//! Whether two references mean one thing.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::elf::{SectionId, SymbolId, SymbolKind};

use super::UnitKind;
use super::by_name;
use super::merged;
use super::names;
use super::sections::SectionPurpose;
use super::side::{ByteRange, Owner, ProofSide};
use super::tables::EntryId;
use super::target::{MemoryUse, NamedPlace, Target};
use super::unclaimed;
use super::world::World;

/// Two things without names that must be equal for something else to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// These stretches of code.
    Code { original: ByteRange, patched: ByteRange },
    /// The data at these places, as far as it is used.
    Data { original: (SectionId, i64), patched: (SectionId, i64), usage: MemoryUse },
    /// These entries of a table that describes code.
    Entry { original: EntryId, patched: EntryId },
}

/// That something holds only if a node does.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeNeed {
    pub(super) node: Node,
    /// In code, these places must be one.
    pub(super) places: (u64, u64),
    /// Where the reference is, in the patched unit.
    pub(super) offset: u64,
}

/// A pair of places of memory.
pub(super) type SharedPlaces = ((SectionId, i64), (SectionId, i64));

/// What a comparison has found besides its result.
#[derive(Debug, Default)]
pub(super) struct Sink<'a> {
    pub(super) edges: Vec<NodeNeed>,
    /// Names of other objects that differ in their numbers.
    pub(super) renames: Vec<([&'a [u8]; 2], u64)>,
    /// Places of memory without a name that can be written.
    pub(super) shared: Vec<(SharedPlaces, u64)>,
    pub(super) rules: BTreeMap<&'static str, usize>,
}

impl Sink<'_> {
    pub(super) fn count(&mut self, rule: &'static str) {
        *self.rules.entry(rule).or_default() += 1;
    }
}

/// Whether `original` and `patched` mean one thing, if the nodes hold that `sink` gets.
pub(super) fn correspond<'a>(
    world: &World<'a>,
    original: &Target<'a>,
    patched: &Target<'a>,
    usage: MemoryUse,
    offset: u64,
    sink: &mut Sink<'a>,
) -> Result<(), String> {
    let fail = || {
        let (was, is) = (text(world, 0, original), text(world, 1, patched));
        Err(if was == is { format!("another {is}") } else { format!("{is} instead of {was}") })
    };
    match (*original, *patched) {
        (
            Target::Undefined { name: a, addend: a_addend, weak: a_weak },
            Target::Undefined { name: b, addend: b_addend, weak: b_weak },
        ) => {
            if a_addend != b_addend || a_weak != b_weak {
                return fail();
            }
            let base = names::base(a);
            if a != b && base != names::base(b) {
                return fail();
            }
            // What keeps its number says that nothing else got it.
            if *base != *a || a != b {
                sink.renames.push(([a, b], offset));
            }
            Ok(())
        }
        // It was another object's, or is now; who else has that name is known by the name.
        (Target::Undefined { name, addend, .. }, Target::Place { section, offset: to, symbol })
            if is_new_here(&world.sides[1], (section, to, symbol), name, addend) =>
        {
            Ok(())
        }
        (Target::Place { section, offset: to, symbol }, Target::Undefined { name, addend, .. })
            if is_new_here(&world.sides[0], (section, to, symbol), name, addend) =>
        {
            Ok(())
        }
        (Target::Absolute(a), Target::Absolute(b)) if a == b => Ok(()),
        (
            Target::Common { name: a, addend: a_addend },
            Target::Common { name: b, addend: b_addend },
        ) if a == b && a_addend == b_addend => Ok(()),
        // A tentative definition, or not: what the name is on both sides is compared with the names.
        (Target::Common { name, addend }, Target::Place { offset: to, symbol, .. })
            if is_named(&world.sides[1], (to, symbol), name, addend) =>
        {
            Ok(())
        }
        (Target::Place { offset: to, symbol, .. }, Target::Common { name, addend })
            if is_named(&world.sides[0], (to, symbol), name, addend) =>
        {
            Ok(())
        }
        (
            Target::Place { section: a_section, offset: a, symbol: a_symbol },
            Target::Place { section: b_section, offset: b, symbol: b_symbol },
        ) => {
            let a = NamedPlace { section: a_section, offset: a, symbol: a_symbol };
            let b = NamedPlace { section: b_section, offset: b, symbol: b_symbol };
            if places(world, a, b, usage, offset, sink) { Ok(()) } else { fail() }
        }
        _ => fail(),
    }
}

/// Whether a place is `addend` bytes behind a global symbol `name` that stands on nothing of the other object.
fn is_new_here(
    side: &ProofSide<'_>,
    (section, offset, symbol): (SectionId, i64, Option<SymbolId>),
    name: &[u8],
    addend: i64,
) -> bool {
    let value = symbol.map(|symbol| side.object.symbol(symbol)).map(|symbol| symbol.value);
    is_named(side, (offset, symbol), name, addend)
        && value.is_some_and(|value| {
            side.units_at(section, value).iter().all(|it| it.owner == Owner::Lone)
        })
}

/// Whether a reference through `symbol` to `offset` leads `addend` bytes behind a global symbol `name`.
fn is_named(
    side: &ProofSide<'_>,
    (offset, symbol): (i64, Option<SymbolId>),
    name: &[u8],
    addend: i64,
) -> bool {
    let symbol = symbol.map(|symbol| side.object.symbol(symbol));
    symbol.is_some_and(|symbol| {
        !symbol.local
            && symbol.name == name
            && symbol.value.cast_signed().wrapping_add(addend) == offset
    })
}

/// A reference for people.
fn text(world: &World<'_>, side: usize, target: &Target<'_>) -> String {
    let plus = |addend: i64| match addend {
        0 => String::new(),
        1.. => format!("+{addend:#x}"),
        _ => format!("-{:#x}", addend.unsigned_abs()),
    };
    match target {
        Target::Undefined { name, addend, weak } => {
            let weak = if *weak { "weak " } else { "" };
            format!("{weak}{}{}", String::from_utf8_lossy(name), plus(*addend))
        }
        Target::Common { name, addend } => {
            format!("{}{}", String::from_utf8_lossy(name), plus(*addend))
        }
        Target::Absolute(number) => format!("{number:#x}"),
        Target::Place { section, offset, .. } => {
            world.sides.get(side).map_or_else(String::new, |side| side.describe(*section, *offset))
        }
        Target::Unknown => "something of an unknown kind".into(),
    }
}

/// A unit, and how far from its start.
type UnitDistance = (Owner, i64);

/// The units that a reference can mean: that of its symbol, else that around the place.
fn readings(side: &ProofSide<'_>, spot: NamedPlace) -> SmallVec<[UnitDistance; 2]> {
    let from = |at: u64| {
        let units = side.units_at(spot.section, at).into_iter();
        units.map(|unit| (unit.owner, spot.offset.wrapping_sub(unit.start.cast_signed()))).collect()
    };
    let symbol = spot.symbol.map(|symbol| side.object.symbol(symbol));
    let by_symbol: SmallVec<[UnitDistance; 2]> =
        symbol.map(|symbol| from(symbol.value)).unwrap_or_default();
    if !by_symbol.is_empty() {
        return by_symbol;
    }
    u64::try_from(spot.offset).map(from).unwrap_or_default()
}

fn reading_corresponds(world: &World<'_>, a: UnitDistance, b: UnitDistance) -> bool {
    let (Owner::Pair(number), true) = (a.0, a.0 == b.0) else { return false };
    let pair = world.pair(number);
    let inside =
        |delta: i64, range: ByteRange| u64::try_from(delta).is_ok_and(|delta| delta <= range.len());
    match (pair.sort, world.alignment(number)) {
        (UnitKind::Data, _) => a.1 == b.1,
        (UnitKind::Function, Some(alignment)) => {
            if !inside(a.1, pair.original) || !inside(b.1, pair.patched) {
                return a.1 == b.1;
            }
            alignment.maps(
                pair.original.start.saturating_add_signed(a.1),
                pair.patched.start.saturating_add_signed(b.1),
            )
        }
        (UnitKind::Function, None) => a.1 == 0 && b.1 == 0,
    }
}

fn places<'a>(
    world: &World<'a>,
    a: NamedPlace,
    b: NamedPlace,
    usage: MemoryUse,
    offset: u64,
    sink: &mut Sink<'a>,
) -> bool {
    let [a_side, b_side] = &world.sides;
    let (a_meaning, b_meaning) = (a_side.meaning(a.section), b_side.meaning(b.section));
    match (a_meaning.class, b_meaning.class) {
        (SectionPurpose::LeftOut(rule), SectionPurpose::LeftOut(other)) => {
            sink.count(rule);
            return rule == other;
        }
        (SectionPurpose::OfCode(table), SectionPurpose::OfCode(other)) => {
            let entry = |side: &ProofSide<'_>, spot: NamedPlace| {
                side.entry_at(spot.section, u64::try_from(spot.offset).ok()?)
            };
            let (Some(original), Some(patched)) = (entry(a_side, a), entry(b_side, b)) else {
                return false;
            };
            let node = Node::Entry { original, patched };
            sink.edges.push(NodeNeed { node, places: (0, 0), offset });
            return table == other;
        }
        _ => {}
    }
    let (ours, theirs) = (readings(a_side, a), readings(b_side, b));
    let matches = |a: &UnitDistance| theirs.iter().any(|b| reading_corresponds(world, *a, *b));
    if ours.iter().any(matches) {
        return true;
    }
    if at_one_end(world, a, b, usage, &ours, &theirs) || share_empty_name(world, a, b) {
        return true;
    }
    if by_name::share_label(world, a, b) || by_name::share_moved(world, a, b) {
        return true;
    }
    // Within a section, what is there is meant, or it is compared.
    let is_outside = |side: &ProofSide<'_>, spot: NamedPlace| {
        u64::try_from(spot.offset).map_or(true, |at| at >= side.size(spot.section))
    };
    if matches!(usage, MemoryUse::Indexed | MemoryUse::Address)
        && (is_outside(a_side, a) || is_outside(b_side, b))
        && near_one(world, a, b)
    {
        return true;
    }
    let is_code = |side: &ProofSide<'_>, spot: NamedPlace| side.is_code(spot.section);
    match (is_code(a_side, a), is_code(b_side, b)) {
        (true, true) if ours.is_empty() && theirs.is_empty() => {
            let Some((node, places)) = code(world, a, b) else { return false };
            sink.edges.push(NodeNeed { node, places, offset });
            true
        }
        (false, false) => {
            let constant = a_meaning.class == SectionPurpose::Constant && b_meaning == a_meaning;
            if !(ours.is_empty() && theirs.is_empty())
                && !(constant && (ours.is_empty() || theirs.is_empty()))
            {
                return false;
            }
            let node = |original, patched, usage| {
                let node = Node::Data { original, patched, usage };
                NodeNeed { node, places: (0, 0), offset }
            };
            match (merged::far_entry(a_side, a), merged::far_entry(b_side, b)) {
                (Some(ours), Some(theirs)) if ours.behind == theirs.behind => {
                    let entries = ((a.section, ours.entry), (b.section, theirs.entry));
                    sink.edges.push(node(entries.0, entries.1, MemoryUse::Address));
                }
                (None, None) => {}
                _ => return false,
            }
            let (original, patched) = ((a.section, a.offset), (b.section, b.offset));
            if !constant {
                sink.shared.push(((original, patched), offset));
            }
            sink.edges.push(node(original, patched, usage));
            true
        }
        _ => false,
    }
}

/// Whether both are the end of one data object, which is also where the next begins.
fn at_one_end(
    world: &World<'_>,
    a: NamedPlace,
    b: NamedPlace,
    usage: MemoryUse,
    ours: &[UnitDistance],
    theirs: &[UnitDistance],
) -> bool {
    if usage != MemoryUse::Address {
        return false;
    }
    let [a_side, b_side] = &world.sides;
    let before = |side: &ProofSide<'_>, spot: NamedPlace| {
        side.unit_before(spot.section, u64::try_from(spot.offset).ok()?)
    };
    let (Some(one), Some(other)) = (before(a_side, a), before(b_side, b)) else { return false };
    let Owner::Pair(_) = one.owner else { return false };
    if one.owner != other.owner {
        return false;
    }
    let is_lone = |it: &[UnitDistance]| it.iter().any(|(owner, _)| *owner == Owner::Lone);
    let at_end = |side: &ProofSide<'_>, spot: NamedPlace| {
        side.size(spot.section).cast_signed() == spot.offset
    };
    match (ours.is_empty(), theirs.is_empty()) {
        // What is there has no name: it is compared, unless there is nothing.
        (true, true) => at_end(a_side, a) || at_end(b_side, b),
        (false, false) => is_lone(ours) || is_lone(theirs),
        _ => true,
    }
}

/// Whether both are objects without a size (a lock class without LOCKDEP) of one name. They share their address with
/// whatever stands there.
fn share_empty_name(world: &World<'_>, a: NamedPlace, b: NamedPlace) -> bool {
    let [a_side, b_side] = &world.sides;
    // Clang gives one that is the last of its section a byte.
    let empty = |side: &ProofSide<'_>, spot: NamedPlace| -> SmallVec<[(Vec<u8>, u64); 2]> {
        let Ok(at) = u64::try_from(spot.offset) else { return SmallVec::new() };
        let named = side.symbols(spot.section, at, at.saturating_add(1)).take(64);
        let empty =
            named.filter(|(_, symbol)| symbol.kind == SymbolKind::Object && symbol.size <= 1);
        empty.map(|(_, it)| (names::base(it.name).into_owned(), it.size)).collect()
    };
    let ours = empty(a_side, a);
    let is_like = |(name, size): &(Vec<u8>, u64)| {
        ours.iter().any(|(ours, our_size)| name == ours && (*size == 0 || *our_size == 0))
    };
    empty(b_side, b).iter().any(is_like)
}

/// An array that does not begin at index 0 is referred to at a place outside of it.
fn near_one(world: &World<'_>, a: NamedPlace, b: NamedPlace) -> bool {
    let [a_side, b_side] = &world.sides;
    let near = |side: &ProofSide<'_>, spot: NamedPlace| -> SmallVec<[UnitDistance; 4]> {
        let units = side.units_near(spot.section, spot.offset);
        let far =
            units.map(|unit| (unit.owner, spot.offset.wrapping_sub(unit.start.cast_signed())));
        far.collect()
    };
    let theirs = near(b_side, b);
    near(a_side, a).iter().any(|reading| {
        theirs.contains(reading)
            && matches!(reading.0, Owner::Pair(number)
                if world.pair(number).sort == UnitKind::Data)
    })
}

/// The stretches of code without a claim at two places.
fn code(world: &World<'_>, a: NamedPlace, b: NamedPlace) -> Option<(Node, (u64, u64))> {
    let [a_side, b_side] = &world.sides;
    let places = (u64::try_from(a.offset).ok()?, u64::try_from(b.offset).ok()?);
    let (a, b) = (a.section.at(places.0), b.section.at(places.1));
    let (original, patched) = unclaimed::stretches((a_side, a), (b_side, b))?;
    Some((Node::Code { original, patched }, places))
}
