//! Compares what belongs to no pair, in order.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::PairId;
use super::align::{self};
use super::code::CodePair;
use super::content::DataPair;
use super::correspond::Sink;
use super::coverage::SectionPiece;
use super::data;
use super::difference::{Difference, DifferenceKind};
use super::names;
use super::sections::{SectionMeaning, SectionPurpose};
use super::side::{ByteRange, ProofSide};
use super::target::{self, Target};
use super::world::World;

/// The result of comparing something that belongs to no pair.
pub(super) struct UnpairedResult<'a> {
    /// Where it is, and on which side.
    pub(super) range: ByteRange,
    pub(super) is_original: bool,
    /// What it is called, where that is not what stands there.
    pub(super) name: Option<String>,
    pub(super) result: Result<(), Difference>,
    pub(super) sink: Sink<'a>,
}

type Pieces<'a> = Vec<(SectionMeaning<'a>, SectionPiece)>;

/// Compares the pieces of both sides.
pub(super) fn compare<'a>(
    world: &World<'a>,
    ours: &Pieces<'a>,
    theirs: &Pieces<'a>,
) -> Vec<UnpairedResult<'a>> {
    let mut groups: BTreeMap<SectionMeaning<'_>, [Vec<SectionPiece>; 2]> = BTreeMap::new();
    for (meaning, piece) in ours {
        groups.entry(*meaning).or_default()[0].push(*piece);
    }
    for (meaning, piece) in theirs {
        groups.entry(*meaning).or_default()[1].push(*piece);
    }
    let mut found = Vec::new();
    for (meaning, [ours, theirs]) in &groups {
        order(world, ours, theirs, &mut found);
        group(world, *meaning, ours, theirs, &mut found);
    }
    found
}

/// Whether pairs stand in one order, leaving out what is only on one side.
fn order<'a>(
    world: &World<'a>,
    ours: &[SectionPiece],
    theirs: &[SectionPiece],
    found: &mut Vec<UnpairedResult<'a>>,
) {
    let mut places: BTreeMap<PairId, usize> = BTreeMap::new();
    for (place, piece) in ours.iter().enumerate() {
        if let SectionPiece::Pair(pair) = piece {
            places.insert(*pair, place);
        }
    }
    let mut last = None;
    for piece in theirs {
        let SectionPiece::Pair(pair) = piece else { continue };
        let Some(place) = places.get(pair) else { continue };
        if last.is_some_and(|last| last > *place) {
            let ranges = world.pair(*pair);
            let text = "an entry of a table comes behind one that it was in front of";
            found.push(UnpairedResult {
                range: ranges.patched,
                is_original: false,
                name: None,
                result: Err(Difference::new(DifferenceKind::Order, 0, text)),
                sink: Sink::default(),
            });
            return;
        }
        last = Some(*place);
    }
}

/// What makes pieces alike before their references are compared.
fn signature(side: &ProofSide<'_>, range: ByteRange, is_code: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    let name = side
        .symbols(range.section, range.start, range.start.saturating_add(1))
        .find(|(_, it)| !names::is_temporary(it.name));
    if let Some((_, symbol)) = name {
        let base = names::base(symbol.name);
        // `__initcall__kmod_x__ID_LINE_fn6`, `__BTF_ID__func__fn__ID`: numbers in the middle.
        base.iter().filter(|byte| !byte.is_ascii_digit()).for_each(|byte| byte.hash(&mut hasher));
    }
    if is_code && name.is_some() {
        return hasher.finish();
    }
    let mut from = range.start;
    for reloc in align::relocs(side, range) {
        hash_bytes(
            side,
            ByteRange { start: from, end: reloc.offset.max(from), ..range },
            &mut hasher,
        );
        reloc.raw.hash(&mut hasher);
        hash_target(side, &target::of(side.object, &reloc, 0), &mut hasher);
        from = reloc.end().max(from);
    }
    hash_bytes(side, ByteRange { start: from, end: range.end.max(from), ..range }, &mut hasher);
    hasher.finish()
}

/// Which claim or name of another object is meant; what has neither is told apart by comparing it.
fn hash_target(side: &ProofSide<'_>, target: &Target<'_>, hasher: &mut DefaultHasher) {
    match *target {
        Target::Undefined { name, .. } => names::base(name).hash(hasher),
        Target::Place { section, offset, .. } => {
            let units = u64::try_from(offset).map(|at| side.units_at(section, at));
            let owner = units.ok().and_then(|units| Some(units.first()?.owner));
            owner.hash(hasher);
        }
        _ => {}
    }
}

fn hash_bytes(side: &ProofSide<'_>, range: ByteRange, hasher: &mut DefaultHasher) {
    match side.bytes(range) {
        Some(bytes) => bytes.hash(hasher),
        None => range.len().hash(hasher),
    }
}

fn group<'a>(
    world: &World<'a>,
    meaning: SectionMeaning<'_>,
    ours: &[SectionPiece],
    theirs: &[SectionPiece],
    found: &mut Vec<UnpairedResult<'a>>,
) {
    /// How far the like of a piece is looked for.
    const AHEAD: usize = 256;
    let [a, b] = &world.sides;
    let is_code = meaning.class == SectionPurpose::Code;
    let list = |pieces: &[SectionPiece], side: &ProofSide<'_>| -> Vec<(ByteRange, u64)> {
        let ranges = pieces.iter().filter_map(|piece| match piece {
            SectionPiece::Left(range) => Some((*range, signature(side, *range, is_code))),
            SectionPiece::Pair(_) => None,
        });
        ranges.collect()
    };
    let (mut ours, mut theirs) = (list(ours, a), list(theirs, b));
    let counts_order = matches!(meaning.class, SectionPurpose::Table | SectionPurpose::OfCode(_));
    found.extend(alike(world, &mut ours, &mut theirs, is_code, counts_order));
    let is_linked = a.object.files.len().max(b.object.files.len()) > 1;
    let are_few = ours.len().max(theirs.len()) < AHEAD;
    if meaning.class == SectionPurpose::Constant && is_linked && are_few {
        // Constants of several files stand one behind the other, so that where one ends is not known.
        ours.retain(|(range, _)| !theirs.iter().any(|(there, _)| holds(a, *range, b, *there)));
        theirs.retain(|(range, _)| !ours.iter().any(|(there, _)| holds(b, *range, a, *there)));
    }
    // What nothing reaches in constants and is on one side only is nobody's.
    let is_nobodys = meaning.class == SectionPurpose::Constant;
    let alone = |range: ByteRange, is_original: bool| {
        let text =
            if is_original { "bytes without a name are gone" } else { "new bytes without a name" };
        let result = Err(Difference::new(DifferenceKind::Uncovered, 0, text));
        let left = UnpairedResult { range, is_original, name: None, result, sink: Sink::default() };
        (!is_nobodys).then_some(left)
    };
    let (mut one, mut other) = (0, 0);
    loop {
        match (ours.get(one), theirs.get(other)) {
            (None, None) => break,
            (Some((range, _)), None) => {
                found.extend(alone(*range, true));
                one += 1;
            }
            (None, Some((range, _))) => {
                found.extend(alone(*range, false));
                other += 1;
            }
            (Some((original, was)), Some((patched, is))) => {
                let later = |list: &[(ByteRange, u64)], from: usize, like: &u64| {
                    list.iter().skip(from).take(AHEAD).any(|(_, it)| it == like)
                };
                if was != is && later(&theirs, other, was) {
                    found.extend(alone(*patched, false));
                    other += 1;
                } else if was != is && later(&ours, one, is) {
                    found.extend(alone(*original, true));
                    one += 1;
                } else {
                    found.push(piece(world, *original, *patched, is_code));
                    one += 1;
                    other += 1;
                }
            }
        }
    }
}

/// Takes out of both lists what is alike and as often on each side, and compares it. Where entries have an order, that
/// one of them stands behind what it was in front of is told once.
fn alike<'a>(
    world: &World<'a>,
    ours: &mut Vec<(ByteRange, u64)>,
    theirs: &mut Vec<(ByteRange, u64)>,
    is_code: bool,
    counts_order: bool,
) -> Vec<UnpairedResult<'a>> {
    let mut alike: HashMap<u64, [VecDeque<(usize, ByteRange)>; 2]> = HashMap::new();
    for (side, pieces) in [&*ours, &*theirs].into_iter().enumerate() {
        for (place, (range, it)) in pieces.iter().enumerate() {
            alike.entry(*it).or_default()[side].push_back((place, *range));
        }
    }
    alike.retain(|_, [ours, theirs]| ours.len() == theirs.len());
    ours.retain(|(_, it)| !alike.contains_key(it));
    let mut found = Vec::new();
    let mut furthest = 0;
    let mut moved = None;
    for (patched, it) in theirs.iter() {
        let Some((place, original)) = alike.get_mut(it).and_then(|[ours, _]| ours.pop_front())
        else {
            continue;
        };
        found.push(piece(world, original, *patched, is_code));
        if place < furthest {
            moved.get_or_insert(*patched);
        }
        furthest = furthest.max(place);
    }
    theirs.retain(|(_, it)| !alike.contains_key(it));
    found.extend(moved.filter(|_| counts_order).map(|range| UnpairedResult {
        range,
        is_original: false,
        name: None,
        result: Err(Difference::new(
            DifferenceKind::Order,
            0,
            "it stands behind what it was in front of",
        )),
        sink: Sink::default(),
    }));
    found
}

/// Whether the bytes of `range`, which nothing relocates, stand somewhere in `there` as well.
fn holds(side: &ProofSide<'_>, range: ByteRange, other: &ProofSide<'_>, there: ByteRange) -> bool {
    let is_plain =
        |side: &ProofSide<'_>, range: ByteRange| align::relocs(side, range).next().is_none();
    let found = side.bytes(range).zip(other.bytes(there));
    found.is_some_and(|(own, all)| {
        own.len() <= all.len()
            && is_plain(side, range)
            && is_plain(other, there)
            && memchr::memmem::find(&all, &own).is_some()
    })
}

fn piece<'a>(
    world: &World<'a>,
    original: ByteRange,
    patched: ByteRange,
    is_code: bool,
) -> UnpairedResult<'a> {
    let mut sink = Sink::default();
    let result = if is_code {
        data::same_section(world, original, patched)
            .and_then(|()| align::align(&world.sides, original, patched))
            .and_then(|alignment| {
                CodePair { world, original, patched, alignment: &alignment }.compare(&mut sink)
            })
    } else {
        let len = original.len().min(patched.len());
        let part = |range: ByteRange| ByteRange { end: range.start.saturating_add(len), ..range };
        let starts = (original.start, patched.start);
        let content = DataPair { original: part(original), patched: part(patched), starts };
        data::same_section(world, original, patched)
            .and_then(|()| content.compare(world, &mut sink))
            .and_then(|()| {
                if original.len() == patched.len() {
                    return Ok(());
                }
                let text = format!("{} bytes instead of {}", patched.len(), original.len());
                Err(Difference::new(DifferenceKind::Size, len, text))
            })
    };
    UnpairedResult { range: patched, is_original: false, name: None, result, sink }
}
