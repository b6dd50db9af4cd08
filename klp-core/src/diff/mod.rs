//! What changed between two sets of digests.

mod locate;
mod readers;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::checksum::{Cause, Digest, Kind};
use crate::correlate::{Both, Correlation, Disagreement, Pair, Renames};
use crate::demangle::demangle;
use crate::manifest::{self, Manifest, Object, Short};
use crate::record::{Change, Data, Function, Module, Record, Refused, Summary, Version};

pub use locate::Side;

/// Everything that differs between two builds, in the order of objects and places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changed-function set.
    pub functions: Vec<Function>,
    /// Data objects that differ.
    pub data: Vec<Data>,
    /// What could not be compared.
    pub refused: Vec<Refused>,
    /// Functions and refusals that a rule of the user's sets aside.
    pub ignored: Vec<Record>,
    /// The livepatch module that was made of them.
    pub module: Option<Module>,
    /// How many of each.
    pub summary: Summary,
    /// Of each of `functions`.
    places: Vec<Place>,
}

impl Changes {
    /// As records, from the first (the version) to the last (the summary).
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        [Record::Version(Version::default())]
            .into_iter()
            .chain(self.functions.iter().cloned().map(Record::Function))
            .chain(self.data.iter().cloned().map(Record::Data))
            .chain(self.refused.iter().cloned().map(Record::Refused))
            .chain(self.ignored.iter().cloned())
            .chain(self.module.iter().cloned().map(Record::Module))
            .chain([Record::Summary(self.summary.clone())])
    }

    /// Whether the two builds are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.data.is_empty() && self.refused.is_empty()
    }

    /// Refuses the functions for which `is_refused` says so, by `rule`; they stay in the set.
    pub fn refuse(&mut self, rule: &str, why: &str, mut is_refused: impl FnMut(&Function) -> bool) {
        let refused = self.functions.iter().filter(|function| is_refused(function));
        self.refused.extend(refused.map(|function| Refused {
            object: function.object.clone(),
            name: function.name.clone(),
            why: why.to_owned(),
            rule: Some(rule.to_owned()),
            ignored: None,
        }));
        self.count();
    }

    /// Adds why no livepatch can be made of the set.
    pub fn refuse_livepatch(&mut self, refused: Vec<Refused>) {
        self.refused.extend(refused);
        self.count();
    }

    /// Keeps the functions for which `keep` says so.
    pub(crate) fn retain_functions(&mut self, mut keep: impl FnMut(&mut Function) -> bool) {
        let mut places = std::mem::take(&mut self.places).into_iter();
        self.functions.retain_mut(|function| {
            let place = places.next();
            let kept = keep(function);
            self.places.extend(place.filter(|_| kept));
            kept
        });
    }

    /// Counts the records again.
    pub(crate) fn count(&mut self) {
        let count = |change: Change| self.functions.iter().filter(|f| f.change == change).count();
        let not_allowed = self.functions.iter().filter(|f| f.allowed == Some(false)).count();
        self.summary = Summary {
            changed: count(Change::Changed),
            added: count(Change::Added),
            removed: count(Change::Removed),
            data_changed: self.data.iter().filter(|data| data.change == Change::Changed).count(),
            refused: self.refused.len(),
            ignored: self.ignored.len(),
            not_allowed,
            ..self.summary
        };
    }
}

/// Where a function of the changed-function set is in each manifest: index of its object, and of the
/// function in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    original: Option<(usize, usize)>,
    patched: Option<(usize, usize)>,
}

/// Compares `patched` with `original`. Objects are matched by their names; two manifests of one
/// object each are compared whatever they are called.
#[must_use]
pub fn compare(original: &Manifest, patched: &Manifest) -> Changes {
    let empty = Object::default();
    let pairs: Vec<ObjectPair<'_>> = objects(original, patched)
        .into_par_iter()
        .map(|(before, after)| {
            let before = before.and_then(|index| Some((index, original.objects.get(index)?)));
            let after = after.and_then(|index| Some((index, patched.objects.get(index)?)));
            ObjectPair::of(before, after, &empty)
        })
        .collect();
    let mut renames = Renames::default();
    for ObjectPair { patched, correlated, .. } in &pairs {
        match correlated {
            Some(Correlated { both, correlation }) => renames.add_pair(both, correlation),
            None => renames.add_same(patched),
        }
    }
    let parts: Vec<Changes> = pairs.par_iter().map(|pair| pair.compare(&renames)).collect();
    let mut changes = Changes::default();
    for part in parts {
        changes.functions.extend(part.functions);
        changes.places.extend(part.places);
        changes.data.extend(part.data);
        changes.refused.extend(part.refused);
    }
    readers::fill(&mut changes.data, patched);
    changes.summary.functions = patched.objects.iter().map(|object| object.function_symbols).sum();
    changes.summary.objects = patched.objects.len();
    changes.count();
    changes
}

/// Indices of original and patched objects of one name; objects of one build only stand alone.
fn objects(original: &Manifest, patched: &Manifest) -> Vec<(Option<usize>, Option<usize>)> {
    if let ([_], [_]) = (original.objects.as_slice(), patched.objects.as_slice()) {
        return vec![(Some(0), Some(0))];
    }
    let mut left: BTreeMap<&str, usize> = original
        .objects
        .iter()
        .enumerate()
        .map(|(index, object)| (object.object.as_str(), index))
        .collect();
    let mut pairs: Vec<_> = patched
        .objects
        .iter()
        .enumerate()
        .map(|(index, object)| (left.remove(object.object.as_str()), Some(index)))
        .collect();
    pairs.extend(left.into_values().map(|index| (Some(index), None)));
    pairs
}

/// Objects of one name. One is empty where it is in one build only.
struct ObjectPair<'a> {
    indices: (Option<usize>, Option<usize>),
    original: &'a Object,
    patched: &'a Object,
    /// What is what in them; none where they are the same.
    correlated: Option<Correlated<'a>>,
}

struct Correlated<'a> {
    both: Both<'a>,
    correlation: Correlation,
}

impl<'a> Correlated<'a> {
    fn of(original: &'a Object, patched: &'a Object) -> Self {
        let both = Both::of(original, patched);
        let correlation = Correlation::of(&both);
        Self { both, correlation }
    }
}

impl<'a> ObjectPair<'a> {
    fn of(
        original: Option<(usize, &'a Arc<Object>)>,
        patched: Option<(usize, &'a Arc<Object>)>,
        empty: &'a Object,
    ) -> Self {
        let (before, original) = original.unzip();
        let (after, patched) = patched.unzip();
        let is_same = original == patched;
        let original = original.map_or(empty, |object| object);
        let patched = patched.map_or(empty, |object| object);
        let correlated = (!is_same).then(|| Correlated::of(original, patched));
        Self { indices: (before, after), original, patched, correlated }
    }

    fn compare(&self, renames: &Renames) -> Changes {
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
                    causes = differing_kinds(before, after);
                }
            }
            let candidates = pair.candidates.iter();
            let candidates = candidates.filter_map(|index| original.functions.get(*index));
            let mut function = function(&here(), before, after, pair.name.as_deref(), causes);
            function.candidates = candidates.map(|function| function.name.clone()).collect();
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

fn digest_of(data: Option<&manifest::Data>) -> Option<Digest> {
    data?.checksum
}

/// The name of a function without a digest, and why it has none.
fn refused<'a>(
    before: Option<&'a manifest::Function>,
    after: Option<&'a manifest::Function>,
) -> Option<(&'a str, &'a str)> {
    let mut found = [after, before].into_iter().flatten();
    found.find_map(|f| Some((f.name.as_str(), f.refused.as_deref()?)))
}

/// The same of a data object.
fn refused_data<'a>(
    before: Option<&'a manifest::Data>,
    after: Option<&'a manifest::Data>,
) -> Option<(&'a str, &'a str)> {
    let mut found = [after, before].into_iter().flatten();
    found
        .find_map(|d| Some((d.name.as_ref().unwrap_or(&d.section).as_str(), d.refused.as_deref()?)))
}

fn change<T>(before: Option<&T>, after: Option<&T>) -> Change {
    match (before, after) {
        (Some(_), Some(_)) => Change::Changed,
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
    }
}

/// The kinds of content that differ, as far as two digests can tell.
fn differing_kinds(before: &manifest::Function, after: &manifest::Function) -> Vec<Cause> {
    let kind = |function: &manifest::Function, wanted: Kind| -> Option<Short> {
        function.kinds.iter().find(|(kind, _)| *kind == wanted).map(|(_, digest)| *digest)
    };
    Kind::ALL
        .into_iter()
        .filter(|wanted| kind(before, *wanted) != kind(after, *wanted))
        .map(|kind| Cause { kind, offset: None })
        .collect()
}

fn function(
    here: &Here<'_>,
    before: Option<&manifest::Function>,
    after: Option<&manifest::Function>,
    common_name: Option<&str>,
    causes: Vec<Cause>,
) -> Function {
    let own = after.or(before).map(|function| function.name.as_str());
    let name = common_name.or(own).unwrap_or_default().to_owned();
    let is_known =
        |before: &&manifest::Function| before.name == name || before.aliases.contains(&name);
    let original_name = before.filter(|before| after.is_some() && !is_known(before));
    Function {
        object: here.object.clone(),
        linked: here.linked.map(str::to_owned),
        original_name: original_name.map(|before| before.name.clone()),
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
    before: Option<&manifest::Data>,
    after: Option<&manifest::Data>,
) -> Option<Data> {
    let data = after.or(before)?;
    Some(Data {
        object: here.object.clone(),
        linked: here.linked.map(str::to_owned),
        name: data.name.clone(),
        section: data.section.clone(),
        change: change(before, after),
        read_by: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A caller and the object with what it calls, `name` with that content.
    fn build(defined: &[(&str, &str)]) -> Manifest {
        let function = |name: &str, content: &str, references: &[u32]| -> manifest::Function {
            let checksum = Digest::of(content.as_bytes());
            let record = json!({"name": name, "checksum": checksum, "references": references});
            serde_json::from_value(record).unwrap()
        };
        let caller = Object {
            object: "caller.o".into(),
            globals: vec!["work.llvm.1".into()],
            functions: vec![function("caller", "call work", &[0])],
            ..Object::default()
        };
        let defined = defined.iter().map(|(name, content)| function(name, content, &[]));
        let other =
            Object { object: "called.o".into(), functions: defined.collect(), ..Object::default() };
        [caller, other].into_iter().collect()
    }

    fn changed(original: &Manifest, patched: &Manifest) -> Vec<String> {
        compare(original, patched).functions.into_iter().map(|function| function.name).collect()
    }

    #[test]
    fn an_object_that_is_the_same_changes_when_a_name_in_it_means_another() {
        let original = build(&[("work.llvm.1", "one")]);
        assert!(compare(&original, &original.clone()).is_empty());
        assert!(changed(&original, &build(&[("work.llvm.2", "one")])).contains(&"caller".into()));
        assert_eq!(changed(&original, &build(&[("work.llvm.1", "two")])), ["work.llvm.1"]);
    }
}
