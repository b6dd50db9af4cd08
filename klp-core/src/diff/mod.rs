//! What changed between two sets of digests.

mod alignment;
mod entry;
mod left_over;
mod locate;
mod notes;
mod order;
mod pair;
mod proof;
mod reach;
mod readers;
mod stripped;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::checksum::DigestedObject;
use crate::correlate::Renames;
use crate::ids::Pair;
use crate::input::Input;
use crate::manifest::FunctionId;
use crate::manifest::{Manifest, ManifestObject};
use crate::obstacle::Obstacle;
use crate::record::{
    self, Change, ChangedData, ChangedFunction, FormatVersion, Module, Note, Record, Refused,
    Summary,
};

use pair::{Correlated, ObjectPair};
use proof::{OpenObject, OpenedObject};

pub use locate::DiffSide;
pub use proof::Proven;

/// Everything that differs between two builds, in the order of objects and places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The changed-function set.
    pub functions: Vec<ChangedFunction>,
    /// Data objects that differ.
    pub data: Vec<ChangedData>,
    /// What could not be compared.
    pub refused: Vec<Refused>,
    /// What differs and keeps nobody from patching functions.
    pub notes: Vec<Note>,
    /// Functions and refusals that a rule of the user's sets aside.
    pub ignored: Vec<Record>,
    /// The livepatch module that was made of them.
    pub module: Option<Module>,
    /// How much of the objects is what was shipped, for a kernel that somebody else built.
    pub proofs: Vec<record::ProofRecord>,
    /// How many of each.
    pub summary: Summary,
    /// What the second opinion could prove.
    pub proven: Proven,
    /// Objects that make a local name global, or a global one local.
    pub rebound: BTreeSet<String>,
    /// Of each of `functions`.
    places: Vec<Pair<Option<ManifestPosition>>>,
}

impl Changes {
    /// As records, from the first (the version) to the last (the summary).
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        [Record::Version(FormatVersion::default())]
            .into_iter()
            .chain(self.proofs.iter().cloned().map(Record::Proof))
            .chain(self.functions.iter().cloned().map(Record::Function))
            .chain(self.data.iter().cloned().map(Record::Data))
            .chain(self.refused.iter().cloned().map(Record::Refused))
            .chain(self.notes.iter().cloned().map(Record::Note))
            .chain(self.ignored.iter().cloned())
            .chain(self.module.iter().cloned().map(Record::Module))
            .chain([Record::Summary(self.summary.clone())])
    }

    /// The objects that have the function at that position of `functions`, as positions in both manifests.
    #[must_use]
    pub fn objects_of(&self, position: usize) -> Pair<Option<usize>> {
        let places = self.places.get(position).copied().unwrap_or_default();
        places.map(|home| home.map(|home| home.object))
    }

    /// Whether the two builds are the same, but for notes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.data.is_empty() && self.refused.is_empty()
    }

    /// Refuses the functions for which `is_refused` says so; they stay in the set.
    pub fn refuse_non_standard(
        &mut self,
        why: &str,
        mut is_refused: impl FnMut(&ChangedFunction) -> bool,
    ) {
        const RULE: &str = "OBJECT_FILES_NON_STANDARD";
        let refused = self.functions.iter().filter(|function| is_refused(function));
        self.refused.extend(refused.map(|function| Refused {
            rule: Some(RULE.to_owned()),
            ..Refused::new(Obstacle::NonStandard, &function.object, &function.name, why)
        }));
        self.count();
    }

    /// Adds why no livepatch can be made of the set.
    pub fn refuse_livepatch(&mut self, refused: Vec<Refused>) {
        self.refused.extend(refused);
        self.count();
    }

    /// Adds what there is to know about the livepatch of the set.
    pub fn note_livepatch(&mut self, notes: impl IntoIterator<Item = Note>) {
        self.notes.extend(notes);
        self.count();
    }

    /// Says so where objects could only be compared by their digests.
    pub fn tell_what_is_not_proven(&mut self) {
        let objects = self.proven.by_digest;
        if objects > 0 {
            let why = format!(
                "{objects} of the objects are compared by their digests alone, without a second opinion: \
                 not both versions are there"
            );
            self.notes.push(Note::new("by-digest", "", "checksums", why));
            self.count();
        }
    }

    /// Keeps the functions for which `keep` says so.
    pub(crate) fn retain_functions(&mut self, mut keep: impl FnMut(&mut ChangedFunction) -> bool) {
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
            notes: self.notes.len(),
            proven: self.proven.raw,
            constructed: self.proven.constructed,
            ignored: self.ignored.len(),
            not_allowed,
            ..self.summary
        };
    }
}

/// Where a function of the changed-function set is in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ManifestPosition {
    /// The position of its object.
    object: usize,
    function: FunctionId,
}

/// Compares `patched` with `original` by their digests alone. Objects are matched by their names; two manifests of one
/// object each are compared whatever they are called.
#[must_use]
pub fn compare(original: &Manifest, patched: &Manifest) -> Changes {
    compare_and_prove(original, patched, |_, _| None)
}

/// The same, with a second opinion: what the digests call equal has to be proven with the objects that `open` opens,
/// each by its index in the manifest of a side. What cannot be proven has changed.
#[must_use]
pub fn compare_and_prove(
    original: &Manifest,
    patched: &Manifest,
    open: impl Fn(DiffSide, usize) -> Option<Input> + Sync,
) -> Changes {
    compare_opened(original, patched, &|side, index| open(side, index).map(OpenedObject::File))
}

/// The same of two manifests of one object each, which are not read a second time. Causes are exact.
#[must_use]
pub fn compare_digested(
    (original, before): (&Manifest, &DigestedObject<'_>),
    (patched, after): (&Manifest, &DigestedObject<'_>),
) -> Changes {
    let (read_original, read_patched) = (|| before.analysis(), || after.analysis());
    let open = |side, _| match side {
        DiffSide::Original => Some(OpenedObject::Known(before.bytes(), &read_original)),
        DiffSide::Patched => Some(OpenedObject::Known(after.bytes(), &read_patched)),
    };
    let mut changes = compare_opened(original, patched, &open);
    changes.locate_in(before, after);
    changes
}

fn compare_opened(original: &Manifest, patched: &Manifest, open: OpenObject<'_, '_>) -> Changes {
    let empty = ManifestObject::default();
    let pairs: Vec<ObjectPair<'_>> = objects(original, patched)
        .into_par_iter()
        .map(|pair| {
            let before = pair.original.and_then(|at| Some((at, original.objects.get(at)?)));
            let after = pair.patched.and_then(|at| Some((at, patched.objects.get(at)?)));
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
    let parts = pairs.par_iter().map(|pair| pair.compare(&renames, open));
    let parts: Vec<(Changes, Proven)> = parts.collect();
    let mut changes = Changes::default();
    for (part, proven) in parts {
        changes.proven.add(&proven);
        changes.functions.extend(part.functions);
        changes.places.extend(part.places);
        changes.data.extend(part.data);
        changes.refused.extend(part.refused);
        changes.notes.extend(part.notes);
        changes.rebound.extend(part.rebound);
    }
    changes.notes.extend(order::of_link(original, patched));
    readers::fill(&mut changes.data, original, patched);
    changes.summary.functions = patched.objects.iter().map(|object| object.functions.len()).sum();
    changes.summary.objects = patched.objects.len();
    changes.count();
    changes
}

/// Positions of original and patched objects of one name; objects of one build only stand alone. An object can be linked into
/// several modules, and into another one than before.
fn objects(original: &Manifest, patched: &Manifest) -> Vec<Pair<Option<usize>>> {
    if let ([_], [_]) = (original.objects.as_slice(), patched.objects.as_slice()) {
        return vec![Pair { original: Some(0), patched: Some(0) }];
    }
    let mut left: BTreeMap<&str, BTreeMap<Option<&str>, usize>> = BTreeMap::new();
    for (index, object) in original.objects.iter().enumerate() {
        left.entry(&object.object).or_default().insert(object.linked.as_deref(), index);
    }
    let same = patched
        .objects
        .iter()
        .map(|object| left.get_mut(object.object.as_str())?.remove(&object.linked.as_deref()));
    let same: Vec<Option<usize>> = same.collect();
    let pairs =
        same.into_iter().zip(&patched.objects).enumerate().map(|(index, (same, object))| {
            let original = same.or_else(|| {
                let (_, other) = left.get_mut(object.object.as_str())?.pop_first()?;
                Some(other)
            });
            Pair { original, patched: Some(index) }
        });
    let mut pairs: Vec<_> = pairs.collect();
    let alone = left.into_values().flat_map(BTreeMap::into_values);
    pairs.extend(alone.map(|index| Pair { original: Some(index), patched: None }));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Digest;
    use crate::lists::Strings;
    use crate::manifest::{self, Functions};

    fn function<'a>(name: &'a str, content: &str) -> manifest::ManifestFunction<'a> {
        let checksum = Some(Digest::of(content.as_bytes()));
        manifest::ManifestFunction { name, checksum, ..manifest::ManifestFunction::default() }
    }

    /// A caller and the object with what it calls, `name` with that content.
    fn build(defined: &[(&str, &str)]) -> Manifest {
        let call =
            manifest::ManifestFunction { references: &[0], ..function("caller", "call work") };
        let caller = ManifestObject {
            object: "caller.o".into(),
            globals: Strings::from_iter(["work.llvm.1"]),
            functions: Functions::from_iter([call]),
            ..ManifestObject::default()
        };
        let functions = defined.iter().map(|(name, content)| function(name, content)).collect();
        let other =
            ManifestObject { object: "called.o".into(), functions, ..ManifestObject::default() };
        [caller, other].into_iter().collect()
    }

    fn changed(original: &Manifest, patched: &Manifest) -> Vec<String> {
        compare(original, patched).functions.into_iter().map(|function| function.name).collect()
    }

    /// A checksum file can say neither what a digest is nor why there is none.
    #[test]
    fn what_has_no_digest_is_refused_without_a_reason_too() {
        let file = r#"{"reason":"checksums","format-version":15,"tool":"x","objects":1}
{"reason":"object","functions":1,"data":1,"object":"a.o","linked":null,"function-symbols":1,"files":[],"globals":[],"locals":[]}
{"reason":"function-checksum","name":"f"}
{"reason":"data-checksum","name":"d","section":".data"}"#;
        for file in [
            file.to_owned(),
            file.replace("}\n{\"reason\":\"data", ",\"refused\":\"\"}\n{\"reason\":\"data"),
        ] {
            let manifest = Manifest::read(file.as_bytes()).unwrap();
            let changes = compare(&manifest, &manifest.clone());
            let names: Vec<&str> = changes.refused.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names, ["f", "d"], "{file}");
        }
    }

    /// One that is linked into two modules is compared in each.
    #[test]
    fn objects_of_several_modules() {
        let object = |linked: &str, content: &str| ManifestObject {
            object: "ring.o".into(),
            linked: Some(linked.into()),
            functions: Functions::from_iter([function("push", content)]),
            ..ManifestObject::default()
        };
        let build = |of: &[(&str, &str)]| -> Manifest {
            of.iter().map(|(linked, content)| object(linked, content)).collect()
        };
        let told = |original: &Manifest, patched: &Manifest| -> Vec<(Option<String>, Change)> {
            let functions = compare(original, patched).functions.into_iter();
            functions.map(|function| (function.linked, function.change)).collect()
        };
        let original = build(&[("foo", "one"), ("bar", "one")]);
        assert_eq!(told(&original, &build(&[("bar", "one"), ("foo", "one")])), []);
        let changed = |name: &str| (Some(name.to_owned()), Change::Changed);
        let patched = build(&[("foo", "two"), ("bar", "two")]);
        assert_eq!(told(&original, &patched), [changed("foo"), changed("bar")]);
        assert_eq!(told(&original, &build(&[("bar", "one"), ("baz", "one")])), []);
        let added = (Some("baz".to_owned()), Change::Added);
        let more = build(&[("foo", "one"), ("bar", "one"), ("baz", "one")]);
        assert_eq!(told(&original, &more), [added]);
    }

    /// A module that has a global variable of its own reads that one, and the kernel reads nothing of a module.
    #[test]
    fn readers_of_variables_of_one_name_in_the_kernel_and_in_a_module() {
        let object = |name: &str, linked: &str, function_name: &str, threads: Option<&str>| {
            let reader =
                manifest::ManifestFunction { references: &[0], ..function(function_name, "read") };
            let data = threads.map(|content| manifest::ManifestData {
                name: Some("threads"),
                section: ".data",
                checksum: Some(Digest::of(content.as_bytes())),
                ..manifest::ManifestData::default()
            });
            ManifestObject {
                object: name.into(),
                linked: Some(linked.into()),
                globals: Strings::from_iter(["threads"]),
                functions: Functions::from_iter([reader]),
                data: data.into_iter().collect(),
                ..ManifestObject::default()
            }
        };
        let build = |kernel: &str, module: Option<&str>| -> Manifest {
            let objects = [
                object("fork.o", "vmlinux", "fork", Some(kernel)),
                object("super.o", "ext4", "mount", module),
                object("other.o", "other", "other", None),
            ];
            objects.into_iter().collect()
        };
        let readers = |original: &Manifest, patched: &Manifest| -> Vec<Vec<String>> {
            compare(original, patched).data.into_iter().map(|data| data.read_by).collect()
        };
        let before = build("one", None);
        assert_eq!(readers(&before, &build("one", Some("own"))), [["mount"]]);
        assert_eq!(readers(&before, &build("two", None)), [["fork", "mount", "other"]]);
        let own = build("one", Some("own"));
        assert_eq!(readers(&own, &build("two", Some("own"))), [["fork", "other"]]);
    }

    #[test]
    fn an_object_that_is_the_same_changes_when_a_name_in_it_means_another() {
        let original = build(&[("work.llvm.1", "one")]);
        assert!(compare(&original, &original.clone()).is_empty());
        assert!(changed(&original, &build(&[("work.llvm.2", "one")])).contains(&"caller".into()));
        assert_eq!(changed(&original, &build(&[("work.llvm.1", "two")])), ["work.llvm.1"]);
    }
}
