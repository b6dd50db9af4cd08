//! Compares what belongs to no pair, in order.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::align::{self};
use super::code::Code;
use super::content::Content;
use super::correspond::Sink;
use super::coverage::Piece;
use super::data;
use super::difference::{Difference, What};
use super::names;
use super::sections::{Class, Meaning};
use super::side::{Range, Side};
use super::world::World;

/// The result of comparing something that belongs to no pair.
pub(super) struct Left<'a> {
    /// Where it is, and on which side.
    pub(super) range: Range,
    pub(super) is_original: bool,
    /// What it is called, where that is not what stands there.
    pub(super) name: Option<String>,
    pub(super) result: Result<(), Difference>,
    pub(super) sink: Sink<'a>,
}

type Pieces<'a> = Vec<(Meaning<'a>, Piece)>;

/// Compares the pieces of both sides.
pub(super) fn compare<'a>(
    world: &World<'a>,
    ours: &Pieces<'a>,
    theirs: &Pieces<'a>,
) -> Vec<Left<'a>> {
    let mut groups: BTreeMap<Meaning<'_>, [Vec<Piece>; 2]> = BTreeMap::new();
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
fn order<'a>(world: &World<'a>, ours: &[Piece], theirs: &[Piece], found: &mut Vec<Left<'a>>) {
    let mut places: BTreeMap<u32, usize> = BTreeMap::new();
    for (place, piece) in ours.iter().enumerate() {
        if let Piece::Pair(pair) = piece {
            places.insert(*pair, place);
        }
    }
    let mut last = None;
    for piece in theirs {
        let Piece::Pair(pair) = piece else { continue };
        let Some(place) = places.get(pair) else { continue };
        if last.is_some_and(|last| last > *place)
            && let Some(ranges) = world.pair(*pair)
        {
            let text = "an entry of a table comes behind one that it was in front of";
            found.push(Left {
                range: ranges.patched,
                is_original: false,
                name: None,
                result: Err(Difference::new(What::Order, 0, text)),
                sink: Sink::default(),
            });
            return;
        }
        last = Some(*place);
    }
}

/// What makes pieces alike before their references are compared.
fn signature(side: &Side<'_>, range: Range, is_code: bool) -> u64 {
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
        hash_bytes(side, Range { start: from, end: reloc.offset.max(from), ..range }, &mut hasher);
        reloc.raw.hash(&mut hasher);
        from = reloc.offset.saturating_add(reloc.kind.width()).max(from);
    }
    hash_bytes(side, Range { start: from, end: range.end.max(from), ..range }, &mut hasher);
    hasher.finish()
}

fn hash_bytes(side: &Side<'_>, range: Range, hasher: &mut DefaultHasher) {
    match side.bytes(range) {
        Some(bytes) => bytes.hash(hasher),
        None => range.len().hash(hasher),
    }
}

fn group<'a>(
    world: &World<'a>,
    meaning: Meaning<'_>,
    ours: &[Piece],
    theirs: &[Piece],
    found: &mut Vec<Left<'a>>,
) {
    /// How far the like of a piece is looked for.
    const AHEAD: usize = 256;
    let [a, b] = &world.sides;
    let is_code = meaning.class == Class::Code;
    let list = |pieces: &[Piece], side: &Side<'_>| -> Vec<(Range, u64)> {
        let ranges = pieces.iter().filter_map(|piece| match piece {
            Piece::Left(range) => Some((*range, signature(side, *range, is_code))),
            Piece::Pair(_) => None,
        });
        ranges.collect()
    };
    let (mut ours, mut theirs) = (list(ours, a), list(theirs, b));
    let (mut one, mut other) = (0, 0);
    let mut alike: HashMap<u64, [VecDeque<Range>; 2]> = HashMap::new();
    for (side, pieces) in [&ours, &theirs].into_iter().enumerate() {
        for (range, it) in pieces {
            alike.entry(*it).or_default()[side].push_back(*range);
        }
    }
    alike.retain(|_, [ours, theirs]| ours.len() == theirs.len());
    if !matches!(meaning.class, Class::Table | Class::OfCode(_)) {
        // Where nothing counts entries, it is no matter which of them stands where.
        ours.retain(|(_, it)| !alike.contains_key(it));
        for (patched, it) in &theirs {
            let original = alike.get_mut(it).and_then(|[ours, _]| ours.pop_front());
            found.extend(original.map(|original| piece(world, original, *patched, is_code)));
        }
        theirs.retain(|(_, it)| !alike.contains_key(it));
    }
    let is_linked = a.object.files.len().max(b.object.files.len()) > 1;
    let are_few = ours.len().max(theirs.len()) < AHEAD;
    if meaning.class == Class::Constant && is_linked && are_few {
        // Constants of several files stand one behind the other, so that where one ends is not known.
        ours.retain(|(range, _)| !theirs.iter().any(|(there, _)| holds(a, *range, b, *there)));
        theirs.retain(|(range, _)| !ours.iter().any(|(there, _)| holds(b, *range, a, *there)));
    }
    // What nothing reaches in constants and is on one side only is nobody's.
    let is_nobodys = meaning.class == Class::Constant;
    let is_moved = |it: &u64| alike.contains_key(it);
    let alone = |range: Range, is_original: bool| Left {
        range,
        is_original,
        name: None,
        result: Err(Difference::new(
            What::Uncovered,
            0,
            if is_original { "bytes without a name are gone" } else { "new bytes without a name" },
        )),
        sink: Sink::default(),
    };
    // What is on both sides, but not where it was, is told once.
    let moved = |range: Range| Left {
        range,
        is_original: false,
        name: None,
        result: Err(Difference::new(What::Order, 0, "it stands behind what it was in front of")),
        sink: Sink::default(),
    };
    loop {
        match (ours.get(one), theirs.get(other)) {
            (None, None) => break,
            (Some((range, was)), None) => {
                if !is_moved(was) && !is_nobodys {
                    found.push(alone(*range, true));
                }
                one += 1;
            }
            (None, Some((range, is))) => {
                let is_moved = is_moved(is);
                let only = if is_moved { moved(*range) } else { alone(*range, false) };
                found.extend((is_moved || !is_nobodys).then_some(only));
                other += 1;
            }
            (Some((original, was)), Some((patched, is))) => {
                let later = |list: &[(Range, u64)], from: usize, like: &u64| {
                    list.iter().skip(from).take(AHEAD).any(|(_, it)| it == like)
                };
                if was != is && later(&theirs, other, was) {
                    let is_moved = is_moved(is);
                    let only = if is_moved { moved(*patched) } else { alone(*patched, false) };
                    found.extend((is_moved || !is_nobodys).then_some(only));
                    other += 1;
                    continue;
                }
                if was != is && later(&ours, one, is) {
                    if !is_moved(was) && !is_nobodys {
                        found.push(alone(*original, true));
                    }
                    one += 1;
                    continue;
                }
                found.push(piece(world, *original, *patched, is_code));
                one += 1;
                other += 1;
            }
        }
    }
}

/// Whether the bytes of `range`, which nothing relocates, stand somewhere in `there` as well.
fn holds(side: &Side<'_>, range: Range, other: &Side<'_>, there: Range) -> bool {
    let is_plain = |side: &Side<'_>, range: Range| align::relocs(side, range).next().is_none();
    let found = side.bytes(range).zip(other.bytes(there));
    found.is_some_and(|(own, all)| {
        own.len() <= all.len()
            && is_plain(side, range)
            && is_plain(other, there)
            && memchr::memmem::find(&all, &own).is_some()
    })
}

fn piece<'a>(world: &World<'a>, original: Range, patched: Range, is_code: bool) -> Left<'a> {
    let mut sink = Sink::default();
    let result = if is_code {
        align::align(&world.sides, original, patched).and_then(|alignment| {
            Code { world, original, patched, alignment: &alignment }.compare(&mut sink)
        })
    } else {
        let len = original.len().min(patched.len());
        let part = |range: Range| Range { end: range.start.saturating_add(len), ..range };
        let starts = (original.start, patched.start);
        let content = Content { original: part(original), patched: part(patched), starts };
        data::same_section(world, original, patched)
            .and_then(|()| content.compare(world, &mut sink))
            .and_then(|()| {
                if original.len() == patched.len() {
                    return Ok(());
                }
                let text = format!("{} bytes instead of {}", patched.len(), original.len());
                Err(Difference::new(What::Size, len, text))
            })
    };
    Left { range: patched, is_original: false, name: None, result, sink }
}
