//! What changed between two objects of one name.

use std::sync::Arc;

use crate::checksum::{Cause, Digest, Kind};
use crate::correlate::{Both, Correlation, Disagreement, Pair, Renames};
use crate::demangle::demangle;
use crate::manifest::{self, Object};
use crate::record::{Change, Data, Function, Refused};

use super::{Changes, Place};

/// Objects of one name. One is empty where it is in one build only.
pub(super) struct ObjectPair<'a> {
    indices: (Option<usize>, Option<usize>),
    original: &'a Object,
    pub(super) patched: &'a Object,
    /// What is what in them; none where they are the same.
    pub(super) correlated: Option<Correlated<'a>>,
}

pub(super) struct Correlated<'a> {
    pub(super) both: Both<'a>,
    pub(super) correlation: Correlation,
}

impl<'a> Correlated<'a> {
    fn of(original: &'a Object, patched: &'a Object) -> Self {
        let both = Both::of(original, patched);
        let correlation = Correlation::of(&both);
        Self { both, correlation }
    }
}

impl<'a> ObjectPair<'a> {
    pub(super) fn of(
        original: Option<(usize, &'a Arc<Object>)>,
        patched: Option<(usize, &'a Arc<Object>)>,
        empty: &'a Object,
    ) -> Self {
        let (before, original) = original.unzip();
        let (after, patched) = patched.unzip();
        // What has no digest is the same only in the same file.
        let is_certain = |object: &Arc<Object>| object.content.is_some() || !object.has_refusals();
        let is_same = original == patched && patched.is_none_or(is_certain);
        let original = original.map_or(empty, |object| object);
        let patched = patched.map_or(empty, |object| object);
        let correlated = (!is_same).then(|| Correlated::of(original, patched));
        Self { indices: (before, after), original, patched, correlated }
    }

    pub(super) fn compare(&self, renames: &Renames) -> Changes {
        let Self { original, patched, .. } = *self;
        let late;
        let Correlated { both, correlation } = match &self.correlated {
            Some(correlated) => correlated,
            None if renames.keep(patched) => return Changes::default(),
            None => {
                late = Correlated::of(original, patched);
                &late
            }
        };
        let whole = if self.indices.1.is_some() { patched } else { original };
        let origin = |before: Option<u32>, after: Option<u32>| -> Here<'_> {
            let of = |object: &'_ Object, index: Option<u32>| {
                index.and_then(|index| object.origins.get(index as usize)).cloned()
            };
            let object = of(patched, after).or_else(|| of(original, before));
            let object = object.unwrap_or_else(|| whole.object.clone());
            Here { object, linked: whole.linked.as_deref() }
        };
        let is_same_file = original.content.is_some() && original.content == patched.content;
        let other = Disagreement::of(both, correlation, renames);
        let mut changes = Changes::default();
        for pair in &correlation.functions {
            let before = pair.original.and_then(|index| original.functions.get(index));
            let after = pair.patched.and_then(|index| patched.functions.get(index));
            let here = || origin(before.and_then(|f| f.origin), after.and_then(|f| f.origin));
            if let Some((name, why)) = refused(before, after) {
                changes.refused.extend((!is_same_file).then(|| here().refused(name, why)));
                continue;
            }
            let mut causes = Vec::new();
            if let (Some(before), Some(after)) = (before, after) {
                if before.checksum == after.checksum {
                    if !pair.patched.is_some_and(|index| other.functions.contains(&index)) {
                        continue;
                    }
                    causes.push(Cause { kind: Kind::Relocation, offset: None });
                } else {
                    causes = differing_kinds(&before, &after);
                }
            }
            let candidates = pair.candidates.iter();
            let candidates = candidates.filter_map(|index| original.functions.get(*index));
            let mut function = function(&here(), before, after, pair.name.as_deref(), causes);
            function.candidates = candidates.map(|function| function.name.to_owned()).collect();
            if !function.candidates.is_empty() {
                function.change = Change::Changed;
            }
            changes.functions.push(function);
            changes.places.push(Place {
                original: self.indices.0.zip(pair.original),
                patched: self.indices.1.zip(pair.patched),
            });
        }
        for Pair { original: before, patched: after, candidates, .. } in &correlation.data {
            let differs = after.is_some_and(|index| other.data.contains(&index));
            let before = before.and_then(|index| original.data.get(index));
            let after = after.and_then(|index| patched.data.get(index));
            let here = || origin(before.and_then(|d| d.origin), after.and_then(|d| d.origin));
            if let Some((name, why)) = refused_data(before, after) {
                changes.refused.extend((!is_same_file).then(|| here().refused(name, why)));
            } else if differs || digest_of(before) != digest_of(after) {
                changes.data.extend(data(&here(), before, after).map(
                    |data| match candidates.len() {
                        0 => data,
                        _ => Data { change: Change::Changed, ..data },
                    },
                ));
            }
        }
        changes
    }
}

/// Where a record says that something is.
struct Here<'a> {
    object: String,
    linked: Option<&'a str>,
}

impl Here<'_> {
    fn refused(self, name: &str, why: &str) -> Refused {
        let (name, why) = (name.to_owned(), why.to_owned());
        Refused { object: self.object, name, why, rule: None, ignored: None }
    }
}

fn digest_of(data: Option<manifest::Data<'_>>) -> Option<Digest> {
    data?.checksum
}

/// The name of a function without a digest, and why it has none.
fn refused<'a>(
    before: Option<manifest::Function<'a>>,
    after: Option<manifest::Function<'a>>,
) -> Option<(&'a str, &'a str)> {
    let mut found = [after, before].into_iter().flatten();
    found.find_map(|f| Some((f.name, f.refused?)))
}

/// The same of a data object.
fn refused_data<'a>(
    before: Option<manifest::Data<'a>>,
    after: Option<manifest::Data<'a>>,
) -> Option<(&'a str, &'a str)> {
    let mut found = [after, before].into_iter().flatten();
    found.find_map(|d| Some((d.name.unwrap_or(d.section), d.refused?)))
}

fn change<T>(before: Option<T>, after: Option<T>) -> Change {
    match (before, after) {
        (Some(_), Some(_)) => Change::Changed,
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
    }
}

/// The kinds of content that differ, as far as two digests can tell.
fn differing_kinds(before: &manifest::Function<'_>, after: &manifest::Function<'_>) -> Vec<Cause> {
    Kind::ALL
        .into_iter()
        .filter(|wanted| before.kind(*wanted) != after.kind(*wanted))
        .map(|kind| Cause { kind, offset: None })
        .collect()
}

fn function(
    here: &Here<'_>,
    before: Option<manifest::Function<'_>>,
    after: Option<manifest::Function<'_>>,
    common_name: Option<&str>,
    causes: Vec<Cause>,
) -> Function {
    let own = after.or(before).map(|function| function.name);
    let name = common_name.or(own).unwrap_or_default().to_owned();
    let is_known = |before: &manifest::Function<'_>| before.names().any(|known| known == name);
    let original_name = before.filter(|before| after.is_some() && !is_known(before));
    Function {
        object: here.object.clone(),
        linked: here.linked.map(str::to_owned),
        original_name: original_name.map(|before| before.name.to_owned()),
        demangled: demangle(&name),
        name,
        change: change(before, after),
        candidates: Vec::new(),
        causes,
        original_checksum: before.and_then(|function| function.checksum),
        patched_checksum: after.and_then(|function| function.checksum),
        ignored: None,
        allowed: None,
    }
}

fn data(
    here: &Here<'_>,
    before: Option<manifest::Data<'_>>,
    after: Option<manifest::Data<'_>>,
) -> Option<Data> {
    let data = after.or(before)?;
    Some(Data {
        object: here.object.clone(),
        linked: here.linked.map(str::to_owned),
        name: data.name.map(str::to_owned),
        section: data.section.to_owned(),
        change: change(before, after),
        read_by: Vec::new(),
    })
}
