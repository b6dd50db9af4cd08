//! What the second opinion says about what the digests call equal.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use crate::checksum::{Analysis, Cause, ContentKind};
use crate::correlate::{Correlation, Disagreement};
use crate::elf::{ElfError, Place};
use crate::ids::{List, Pair};
use crate::input::Input;
use crate::manifest::{DataId, FunctionId, ManifestObject};
use crate::prove::{self, Claims, PairId, Proof, UnitKind, UnpairedDifference};

use super::DiffSide;

/// What could be proven of two builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven {
    /// Objects of which both versions are there and have other bytes.
    pub objects: usize,
    /// Objects that are compared by their digests alone, since not both versions are there.
    pub by_digest: usize,
    /// Pairs of functions and of data objects with the same bytes and relocations.
    pub raw: usize,
    /// Pairs whose correspondence had to be constructed.
    pub constructed: usize,
    /// How often each rule left something out.
    pub rules: BTreeMap<&'static str, usize>,
}

impl Proven {
    /// Adds what is known of other objects.
    pub(super) fn add(&mut self, other: &Self) {
        self.objects = self.objects.saturating_add(other.objects);
        self.by_digest = self.by_digest.saturating_add(other.by_digest);
        self.raw = self.raw.saturating_add(other.raw);
        self.constructed = self.constructed.saturating_add(other.constructed);
        for (rule, count) in &other.rules {
            let sum = self.rules.entry(*rule).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

/// An object of which the digests are known.
pub(super) enum OpenedObject<'a> {
    /// Its file.
    File(Input),
    /// Its bytes, and what they mean: it was read already, or will be for the causes, too.
    Known(&'a [u8], &'a AnalysisReader<'a>),
}

/// Reads an object, or gives what was read before.
pub(super) type AnalysisReader<'a> = dyn Fn() -> Result<&'a Analysis<'a>, ElfError> + Sync + 'a;

impl OpenedObject<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::File(input) => input,
            Self::Known(bytes, _) => bytes,
        }
    }

    fn read(&self) -> Result<HeldAnalysis<'_>, ElfError> {
        match self {
            Self::File(input) => Analysis::of(input).map(|read| HeldAnalysis::Own(Box::new(read))),
            Self::Known(_, read) => read().map(HeldAnalysis::Known),
        }
    }
}

/// An object as it is understood, for this comparison alone or for others too.
pub(super) enum HeldAnalysis<'a> {
    Own(Box<Analysis<'a>>),
    Known(&'a Analysis<'a>),
}

impl<'a> Deref for HeldAnalysis<'a> {
    type Target = Analysis<'a>;

    fn deref(&self) -> &Analysis<'a> {
        match self {
            Self::Own(own) => own,
            Self::Known(known) => known,
        }
    }
}

/// Opens the object at a position in the manifest of a side, if it is there.
pub(super) type OpenObject<'o, 'a> =
    &'o (dyn Fn(DiffSide, usize) -> Option<OpenedObject<'a>> + Sync);

/// The two versions of an object.
pub(super) struct ObjectVersions<'a> {
    original: OpenedObject<'a>,
    patched: OpenedObject<'a>,
}

impl<'a> ObjectVersions<'a> {
    /// Those at these positions, where both are there.
    pub(super) fn open(
        open: OpenObject<'_, 'a>,
        Pair { original, patched }: Pair<usize>,
    ) -> Option<Self> {
        let (original, patched) =
            rayon::join(|| open(DiffSide::Original, original), || open(DiffSide::Patched, patched));
        Some(Self { original: original?, patched: patched? })
    }

    /// Whether they are the same bytes: then there is nothing to prove.
    pub(super) fn are_same(&self) -> bool {
        self.original.bytes() == self.patched.bytes()
    }

    /// Reads both.
    pub(super) fn read(&self) -> Result<AnalysedVersions<'_>, String> {
        let (original, patched) = rayon::join(|| self.original.read(), || self.patched.read());
        let text = |error: ElfError| error.to_string();
        let (original, patched) = (original.map_err(text)?, patched.map_err(text)?);
        Ok(AnalysedVersions { original, patched })
    }
}

/// The two versions of an object as they are understood.
pub(super) struct AnalysedVersions<'a> {
    pub(super) original: HeldAnalysis<'a>,
    pub(super) patched: HeldAnalysis<'a>,
}

/// What is not proven of two objects.
#[derive(Default)]
pub(super) struct Unproven {
    /// Functions of the patched object, and what differs where.
    pub(super) functions: BTreeMap<FunctionId, (u64, String)>,
    /// The same of data objects.
    pub(super) data: BTreeMap<DataId, (u64, String)>,
    /// What belongs to no unit.
    pub(super) others: Vec<UnpairedDifference>,
}

/// Where the units of an object start; none if these are not those of its manifest.
struct UnitPlaces {
    functions: List<FunctionId, Place>,
    /// Those that are in a section.
    data: List<DataId, Place>,
}

impl UnitPlaces {
    fn of(analysis: &Analysis<'_>, object: &ManifestObject) -> Option<Self> {
        let functions: List<_, Place> = analysis.function_places().collect();
        let data: List<_, Place> = analysis.data_places().collect();
        let fits = functions.len() == object.functions.len() && data.len() <= object.data.len();
        fits.then_some(Self { functions, data })
    }
}

/// What of the patched object a claim is about.
enum Meant {
    Function(FunctionId),
    Data(DataId),
}

/// A unit and its partner, where they are in a section.
struct Claimed<'a> {
    /// The name that is common to both, where it is not the patched unit's own.
    name: Option<&'a str>,
    original: Option<Place>,
    patched: Option<(Place, Meant)>,
    equal: bool,
}

/// Proves what is called equal in two versions of an object.
pub(super) fn of(
    AnalysedVersions { original: before, patched: after }: &AnalysedVersions<'_>,
    (original, patched): (&ManifestObject, &ManifestObject),
    correlation: &Correlation,
    disagreement: &Disagreement,
) -> Result<(Proven, Unproven), String> {
    let places = UnitPlaces::of(before, original).zip(UnitPlaces::of(after, patched));
    let (old, new) = places.ok_or("its objects are not those of its digests")?;

    let mut claims = Claims::default();
    let mut meant: List<PairId, Meant> = List::default();
    let mut moved: Vec<Place> = Vec::new();
    let mut claim = |unit: UnitKind, of: Claimed<'_>| {
        let Claimed { name, original, patched, equal } = of;
        if let Some(name) = name {
            if !equal {
                claims.moved.insert(name.as_bytes().to_vec());
            }
            // What stands there has this name only by the way.
            moved.extend(original);
            return;
        }
        match (original, patched) {
            (Some(original), Some((patched, what))) => {
                claims.pairs.push(prove::UnitPair { unit, original, patched, equal });
                meant.push(what);
            }
            (None, Some((patched, _))) => claims.added.push(patched),
            (Some(original), None) => claims.removed.push(original),
            (None, None) => {}
        }
    };
    for pair in &correlation.functions {
        let before = pair.original.and_then(|index| original.functions.checksum(index));
        let after = pair.patched.and_then(|index| patched.functions.checksum(index));
        let agrees = !pair.patched.is_some_and(|index| disagreement.functions.contains(&index));
        let equal = before.is_some() && before == after;
        let at = |id| Some((*new.functions.get(id)?, Meant::Function(id)));
        let claimed = Claimed {
            name: pair.name.as_deref(),
            original: pair.original.and_then(|id| old.functions.get(id).copied()),
            patched: pair.patched.and_then(at),
            equal: equal && agrees,
        };
        claim(UnitKind::Function, claimed);
    }
    for pair in &correlation.data {
        let before = pair.original.and_then(|index| original.data.checksum(index));
        let after = pair.patched.and_then(|index| patched.data.checksum(index));
        let agrees = !pair.patched.is_some_and(|index| disagreement.data.contains(&index));
        let equal = before.is_some() && before == after;
        let at = |id| Some((*new.data.get(id)?, Meant::Data(id)));
        let claimed = Claimed {
            name: pair.name.as_deref(),
            original: pair.original.and_then(|id| old.data.get(id).copied()),
            patched: pair.patched.and_then(at),
            equal: equal && agrees,
        };
        claim(UnitKind::Data, claimed);
    }
    if !moved.is_empty() {
        let known: BTreeSet<Place> = claims.pairs.iter().map(|pair| pair.original).collect();
        claims.removed.extend(moved.into_iter().filter(|at| !known.contains(at)));
    }
    let Proof { unproven, mut others, raw, constructed, rules } =
        prove::prove(&before.elf, &after.elf, &claims);
    others.retain(|other| !is_of_changed_list(&claims, other));
    let mut left = Unproven { others, ..Unproven::default() };
    for (pair, difference) in unproven {
        let said = (difference.offset, difference.text);
        match meant[pair] {
            Meant::Function(id) => left.functions.insert(id, said),
            Meant::Data(id) => left.data.insert(id, said),
        };
    }
    Ok((Proven { objects: 1, by_digest: 0, raw, constructed, rules }, left))
}

/// Whether `other` is an entry of a list of BTF ids that has changed: the list's symbol has the size of its head.
fn is_of_changed_list(claims: &Claims, other: &UnpairedDifference) -> bool {
    let place =
        |pair: &prove::UnitPair| if other.is_original { pair.original } else { pair.patched };
    let lists = claims.pairs.iter().filter(|pair| pair.unit == UnitKind::Data);
    let before = lists.filter(|pair| {
        let at = place(pair);
        at.section == other.at.section && at.offset <= other.at.offset
    });
    other.section == ".BTF_ids"
        && before.max_by_key(|pair| place(pair).offset).is_some_and(|pair| !pair.equal)
}

/// What cannot be proven of a unit, as a cause.
pub(super) fn cause((offset, why): &(u64, String)) -> Cause {
    Cause { kind: ContentKind::Unproven, offset: Some(*offset), why: Some(why.clone()) }
}
