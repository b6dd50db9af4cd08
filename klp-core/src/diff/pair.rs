//! What changed between two objects of one name.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::checksum::{Cause, ContentKind, Digest};
use crate::correlate::{BothObjects, Correlation, Disagreement, Match, Renames};
use crate::ids::Pair;
use crate::manifest::{self, DataId, FunctionId, ManifestObject};
use crate::meaning::{self, SectionContent};
use crate::obstacle::Obstacle;
use crate::record::{Change, ChangedData, Refused};

use super::entry::{RecordPlace, data, function};
use super::proof::{ObjectVersions, OpenObject, Proven, Unproven};
use super::{
    Changes, ManifestPosition, alignment, left_over, notes, order, proof, stripped, unread,
};

/// Objects of one name. One is empty where it is in one build only.
pub(super) struct ObjectPair<'a> {
    /// Where they are in their manifests.
    positions: Pair<Option<usize>>,
    /// Both builds share it.
    is_one: bool,
    pub(super) original: &'a ManifestObject,
    pub(super) patched: &'a ManifestObject,
    /// What is what in them; none where they are the same.
    pub(super) correlated: Option<Correlated<'a>>,
}

pub(super) struct Correlated<'a> {
    pub(super) both: BothObjects<'a>,
    pub(super) correlation: Correlation,
}

impl<'a> Correlated<'a> {
    fn of(original: &'a ManifestObject, patched: &'a ManifestObject) -> Self {
        let both = BothObjects::of(original, patched);
        let correlation = Correlation::of(&both);
        Self { both, correlation }
    }
}

impl<'a> ObjectPair<'a> {
    pub(super) fn of(
        original: Option<(usize, &'a Arc<ManifestObject>)>,
        patched: Option<(usize, &'a Arc<ManifestObject>)>,
        empty: &'a ManifestObject,
    ) -> Self {
        let (before, original) = original.unzip();
        let (after, patched) = patched.unzip();
        // What has no digest is the same only in the same file.
        let is_certain =
            |object: &Arc<ManifestObject>| object.content.is_some() || !object.has_refusals();
        let is_one = original.zip(patched).is_some_and(|(one, other)| Arc::ptr_eq(one, other));
        let is_same = original == patched && patched.is_none_or(is_certain);
        let original = original.map_or(empty, |object| object);
        let patched = patched.map_or(empty, |object| object);
        let correlated = (!is_same).then(|| Correlated::of(original, patched));
        Self {
            positions: Pair { original: before, patched: after },
            is_one,
            original,
            patched,
            correlated,
        }
    }

    /// What changed, and what of the rest could be proven with the objects that `open` opens.
    pub(super) fn compare(&self, renames: &Renames, open: OpenObject<'_, '_>) -> (Changes, Proven) {
        let both = self.positions.original.zip(self.positions.patched).filter(|_| !self.is_one);
        let versions =
            both.map(|(original, patched)| ObjectVersions::open(open, Pair { original, patched }));
        let by_digest = usize::from(matches!(versions, Some(None)));
        let mut proven = Proven { by_digest, ..Proven::default() };
        let versions = versions.flatten().filter(|versions| !versions.are_same());
        let late;
        let Correlated { both, correlation } = match &self.correlated {
            Some(correlated) => correlated,
            None if renames.keep(self.patched) && versions.is_none() => {
                return (Changes::default(), proven);
            }
            None => {
                late = Correlated::of(self.original, self.patched);
                &late
            }
        };
        let whole = if self.positions.patched.is_some() { self.patched } else { self.original };
        let disagreement = Disagreement::of(both, correlation, renames);
        let mut changes = Changes::default();
        let mut unproven = Unproven::default();
        let read = versions.as_ref().map(ObjectVersions::read);
        if let Some(Ok(read)) = &read
            && let Some(why) = stripped::is_one(read)
        {
            let name = whole.object.as_str();
            changes.refused.push(Refused::new(Obstacle::Unreadable, name, name, why));
            return (changes, proven);
        }
        if let Some(read) = &read {
            let objects = (self.original, self.patched);
            let proof = read.as_ref().map_err(Clone::clone);
            match proof.and_then(|read| proof::of(read, objects, correlation, &disagreement)) {
                Ok((of_pair, left)) => {
                    proven.add(&of_pair);
                    unproven = left;
                }
                Err(why) => {
                    let name = whole.object.as_str();
                    let why = format!("nothing is proven: {why}");
                    changes.refused.push(Refused::new(Obstacle::Unreadable, name, name, why));
                }
            }
        }
        let opinions = Opinions { pair: self, whole, correlation, disagreement, unproven };
        opinions.functions(&mut changes);
        opinions.data(&mut changes);
        if let Some(Ok(read)) = &read {
            opinions.reach(read, &mut changes);
        }
        changes.rebound.extend(self.is_rebound(correlation).then(|| whole.object.clone()));
        let of = |data: manifest::ManifestData<'_>| opinions.here(None, data.origin).object;
        changes.notes.extend(order::of_tables(self.original, self.patched, correlation, of));
        changes.notes.extend(notes::of(self.original, self.patched, &changes, &whole.object));
        for other in &opinions.unproven.others {
            left_over::add(&mut changes, whole, other);
        }
        if let Some(Ok(read)) = &read {
            unread::note(read, &mut changes);
        }
        (changes, proven)
    }

    /// Whether a local name has become global, or a global one local.
    fn is_rebound(&self, correlation: &Correlation) -> bool {
        let differ = |before: Option<Option<u32>>, after: Option<Option<u32>>| {
            before.zip(after).is_some_and(|(before, after)| before.is_some() != after.is_some())
        };
        let (original, patched) = (self.original, self.patched);
        let functions = correlation.functions.iter().any(|pair| {
            let of = |object: &ManifestObject, id: Option<FunctionId>| {
                Some(object.functions.get(id?).file)
            };
            differ(of(original, pair.original), of(patched, pair.patched))
        });
        functions
            || correlation.data.iter().any(|pair| {
                let of = |object: &ManifestObject, id: Option<DataId>| {
                    let data = object.data.get(id?);
                    data.name.map(|_| data.file)
                };
                differ(of(original, pair.original), of(patched, pair.patched))
            })
    }

    /// Where functions of both are in the manifests.
    pub(super) fn homes(
        &self,
        original: Option<FunctionId>,
        patched: Option<FunctionId>,
    ) -> Pair<Option<ManifestPosition>> {
        let home = |object: Option<usize>, function: Option<FunctionId>| {
            Some(ManifestPosition { object: object?, function: function? })
        };
        let Pair { original: before, patched: after } = self.positions;
        Pair { original: home(before, original), patched: home(after, patched) }
    }

    /// Whether both are one file: then nothing that has no digest has changed.
    fn is_same_file(&self) -> bool {
        self.original.content.is_some() && self.original.content == self.patched.content
    }
}

/// What is said about two objects: by their digests, by what these refer to, and by the proof.
pub(super) struct Opinions<'a, 'p> {
    pub(super) pair: &'p ObjectPair<'a>,
    /// The one that is there.
    pub(super) whole: &'a ManifestObject,
    pub(super) correlation: &'p Correlation,
    pub(super) disagreement: Disagreement,
    pub(super) unproven: Unproven,
}

impl<'a> Opinions<'a, '_> {
    /// Where something is that comes from these objects of the original and the patched one.
    pub(super) fn here(&self, before: Option<u32>, after: Option<u32>) -> RecordPlace<'a> {
        let of = |object: &ManifestObject, origin: Option<u32>| {
            origin.and_then(|origin| object.origins.get(origin as usize)).cloned()
        };
        let object = of(self.pair.patched, after).or_else(|| of(self.pair.original, before));
        let object = object.unwrap_or_else(|| self.whole.object.clone());
        RecordPlace { object, linked: self.whole.linked.as_deref() }
    }

    /// Adds the functions that differ.
    fn functions(&self, changes: &mut Changes) {
        let ObjectPair { original, patched, .. } = self.pair;
        for pair in &self.correlation.functions {
            let before = pair.original.map(|id| original.functions.get(id));
            let after = pair.patched.map(|id| patched.functions.get(id));
            let here = || self.here(before.and_then(|f| f.origin), after.and_then(|f| f.origin));
            if let Some((name, why)) = refused(before, after) {
                let refused = (!self.pair.is_same_file()).then(|| here().refused(name, why));
                changes.refused.extend(refused);
                continue;
            }
            let causes = match before.zip(after) {
                None => Vec::new(),
                Some((before, after)) if before.checksum == after.checksum => {
                    match self.of_equal_functions(pair) {
                        None => continue,
                        Some(cause) => vec![cause],
                    }
                }
                Some((before, after)) => differing_kinds(&before, &after),
            };
            let candidates = pair.candidates.iter();
            let candidates = candidates.map(|id| original.functions.get(*id));
            let mut function = function(&here(), before, after, pair.name.as_deref(), causes);
            function.candidates = candidates.map(|function| function.name.to_owned()).collect();
            if !function.candidates.is_empty() {
                function.change = Change::Changed;
            }
            changes.functions.push(function);
            changes.places.push(self.pair.homes(pair.original, pair.patched));
        }
    }

    /// In what two functions of equal digests differ all the same.
    fn of_equal_functions(&self, pair: &Match<FunctionId>) -> Option<Cause> {
        let index = pair.patched?;
        if self.disagreement.functions.contains(&index) {
            return Some(Cause::of(ContentKind::Relocation));
        }
        // Another name of a function is no other function.
        let unproven = self.unproven.functions.get(&index).filter(|_| pair.name.is_none());
        unproven.map(proof::cause)
    }

    /// Adds the data objects that differ.
    fn data(&self, changes: &mut Changes) {
        let ObjectPair { original, patched, .. } = self.pair;
        let shared = shared(&self.correlation.data);
        let risen = alignment::risen(original, patched, self.correlation);
        for pair in &self.correlation.data {
            let before = pair.original.map(|id| original.data.get(id));
            let after = pair.patched.map(|id| patched.data.get(id));
            let here = || self.here(before.and_then(|d| d.origin), after.and_then(|d| d.origin));
            if let Some((name, why)) = refused_data(before, after) {
                let refused = (!self.pair.is_same_file()).then(|| here().refused(name, why));
                changes.refused.extend(refused);
                continue;
            }
            let mut causes =
                before.zip(after).map(|(one, other)| causes(&one, &other)).unwrap_or_default();
            if causes.is_empty() && pair.patched.is_some_and(|index| risen.contains(&index)) {
                let why = "its section asks for more alignment than before, and it is not known for which of those \
                           that stand at such places";
                causes
                    .push(Cause { why: Some(why.to_owned()), ..Cause::of(ContentKind::Alignment) });
            }
            let is_equal = digest_of(before) == digest_of(after);
            let is_split = after.is_some_and(|data| data.stand.writable)
                && (pair.name.is_some() || pair.original.is_some_and(|it| shared.contains(&it)));
            if is_equal && causes.is_empty() && pair.name.is_none() {
                let unproven = pair.patched.and_then(|index| self.unproven.data.get(&index));
                causes.extend(unproven.map(proof::cause));
            }
            let means_another =
                pair.patched.is_some_and(|index| self.disagreement.data.contains(&index));
            if is_equal && causes.is_empty() && !is_split && !means_another {
                continue;
            }
            let found = data(&here(), before, after, pair.name.as_deref(), causes);
            changes.data.extend(found.map(|data| match pair.candidates.as_slice() {
                [] => data,
                _ => ChangedData { change: Change::Changed, ..data },
            }));
        }
    }
}

/// Originals that are the partner of several: one variable with two names became two. (Where two became one, the
/// pair has a name.)
fn shared(pairs: &[Match<DataId>]) -> BTreeSet<DataId> {
    let mut seen = BTreeSet::new();
    let both = pairs.iter().filter(|pair| pair.patched.is_some() && pair.name.is_none());
    both.filter_map(|pair| pair.original).filter(|original| !seen.insert(*original)).collect()
}

/// In what two data objects differ beside their content.
fn causes(before: &manifest::ManifestData<'_>, after: &manifest::ManifestData<'_>) -> Vec<Cause> {
    let meaning = |data: &manifest::ManifestData<'_>| {
        let holds =
            if data.stand.writable { SectionContent::Data } else { SectionContent::Constants };
        meaning::of_name(data.section.as_bytes(), holds).to_vec()
    };
    let (one, other) = (before.stand, after.stand);
    let differs = [
        (ContentKind::Section, meaning(before) != meaning(after) || one.writable != other.writable),
        (
            ContentKind::Alignment,
            other.has < one.asks || other.asks > one.has && other.asks >= alignment::CACHE_LINE,
        ),
    ];
    let causes = differs.into_iter().filter(|(_, differs)| *differs);
    causes.map(|(kind, _)| Cause::of(kind)).collect()
}

fn digest_of(data: Option<manifest::ManifestData<'_>>) -> Option<Digest> {
    data?.checksum
}

/// The name of a function without a digest, and why it has none.
fn refused<'a>(
    before: Option<manifest::ManifestFunction<'a>>,
    after: Option<manifest::ManifestFunction<'a>>,
) -> Option<(&'a str, &'a str)> {
    let mut found = [after, before].into_iter().flatten();
    found.find_map(|f| Some((f.name, f.refused?)))
}

/// The same of a data object.
fn refused_data<'a>(
    before: Option<manifest::ManifestData<'a>>,
    after: Option<manifest::ManifestData<'a>>,
) -> Option<(&'a str, &'a str)> {
    let mut found = [after, before].into_iter().flatten();
    found.find_map(|d| Some((d.name.unwrap_or(d.section), d.refused?)))
}

/// The kinds of content that differ, as far as two digests can tell.
fn differing_kinds(
    before: &manifest::ManifestFunction<'_>,
    after: &manifest::ManifestFunction<'_>,
) -> Vec<Cause> {
    ContentKind::ALL
        .into_iter()
        .filter(|wanted| before.kind(*wanted) != after.kind(*wanted))
        .map(Cause::of)
        .collect()
}
