//! The second opinion on a livepatch module, at the end of a build and later.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use klp_core::attest::{self, Attestation, ExpectedChanges, NamesInObjects, RunningKernel, attest};
use klp_core::diff::Changes;
use klp_core::input::Input;
use klp_core::livepatch::{FORCED, UnlinkedLivepatch};
use klp_core::obstacle::Obstacle;
use klp_core::record::{Change, Refused};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event::Attested;
use crate::finished::{self, read};
use crate::output;
use crate::patched::Builds;

use super::left_out;
use super::objects::{LivepatchObject, ObjectFiles};

/// The rule by which a module is refused.
const RULE: &str = "second-opinion";
/// What the module of the last build was made of, beside it.
const EVIDENCE: &str = "evidence.json";

/// Who has one: knows the original build, and where things of modules are kept.
pub(crate) struct SecondOpinion<'a> {
    build: &'a Utf8Path,
    directory: &'a Utf8Path,
}

/// What a module was made of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct OpinionEvidence {
    /// BLAKE3 of the module.
    module: String,
    /// BLAKE3 of all that is read to judge it.
    files: String,
    objects: Vec<EvidenceObject>,
    changed: NamesInObjects,
    removed: NamesInObjects,
    weak: NamesInObjects,
    forced: NamesInObjects,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct EvidenceObject {
    object: Utf8PathBuf,
    linked: String,
    files: ObjectFiles,
}

impl<'a> SecondOpinion<'a> {
    /// With the output directory of the original build and the directory of what is made for modules.
    pub(crate) fn new(build: &'a Utf8Path, directory: &'a Utf8Path) -> Self {
        Self { build, directory }
    }

    /// The opinion on a module of `sources`.
    pub(crate) fn on(
        &self,
        module: &[u8],
        sources: &[LivepatchObject],
        said: &ExpectedChanges,
    ) -> Result<Attestation, Error> {
        let objects: Vec<attest::AttestedObject<'_>> =
            sources.iter().map(LivepatchObject::object).collect();
        let symvers = finished::symvers(self.build)?;
        let vmlinux = read(&self.build.join("vmlinux"))?;
        let mut modules: BTreeMap<String, Input> = BTreeMap::new();
        let mut wanted = attest::needed_modules(module, &objects, &symvers)?;
        while let Some(name) = wanted.pop_first() {
            if let Entry::Vacant(slot) = modules.entry(name) {
                let file = read(&self.build.join(format!("{}.ko", slot.key())))?;
                wanted.extend(attest::loaded_before(slot.key(), &file, &symvers)?);
                slot.insert(file);
            }
        }
        let modules = modules.iter().map(|(name, file)| (name.clone(), &**file)).collect();
        let kernel = RunningKernel { vmlinux: &vmlinux, modules, symvers: &symvers };
        Ok(attest(module, &objects, &kernel, said)?)
    }

    /// Keeps what is needed for the same opinion later.
    pub(crate) fn keep(
        &self,
        module: &[u8],
        sources: &[LivepatchObject],
        said: ExpectedChanges,
    ) -> Result<(), Error> {
        let ExpectedChanges { changed, removed, weak, forced } = said;
        let objects = sources.iter().map(|source| {
            let object = source.object();
            EvidenceObject {
                object: object.object.into(),
                linked: object.linked.to_owned(),
                files: source.files().clone(),
            }
        });
        let evidence = OpinionEvidence {
            module: digest(vec![module]),
            files: self.digest(sources)?,
            objects: objects.collect(),
            changed,
            removed,
            weak,
            forced,
        };
        let path = self.directory.join(EVIDENCE);
        output::replace(&path, |file| Ok(serde_json::to_writer(file, &evidence)?))
    }

    /// The same opinion on a module of an earlier build; none where what it was made of is no longer there.
    pub(crate) fn again(&self, module: &[u8]) -> Result<Option<Attestation>, Error> {
        let path = self.directory.join(EVIDENCE);
        let text = match fs_err::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Read { path, source }),
        };
        // What another version has written is as good as nothing.
        let Ok(evidence) = serde_json::from_slice::<OpinionEvidence>(&text) else {
            return Ok(None);
        };
        if evidence.module != digest(vec![module]) {
            return Ok(None);
        }
        let OpinionEvidence { files, objects, changed, removed, weak, forced, .. } = evidence;
        let sources = objects
            .into_iter()
            .map(|object| LivepatchObject::read_again(object.object, object.linked, object.files));
        // A later build has removed some of them.
        let Ok(sources) = sources.collect::<Result<Vec<LivepatchObject>, Error>>() else {
            return Ok(None);
        };
        if self.digest(&sources)? != files {
            return Ok(None);
        }
        self.on(module, &sources, &ExpectedChanges { changed, removed, weak, forced }).map(Some)
    }

    fn digest(&self, sources: &[LivepatchObject]) -> Result<String, Error> {
        let vmlinux = read(&self.build.join("vmlinux"))?;
        let objects = sources.iter().map(LivepatchObject::object);
        let files =
            objects.flat_map(|object| [object.plain, object.original, Some(object.patched)]);
        let files: Vec<&[u8]> = files.flatten().chain([&*vmlinux]).collect();
        Ok(digest(files))
    }
}

/// The digest of the digests of `files`.
fn digest(files: Vec<&[u8]>) -> String {
    let mut all = blake3::Hasher::new();
    for file in files {
        all.update(blake3::hash(file).as_bytes());
    }
    all.finalize().to_hex().to_string()
}

/// What the comparison says about functions, who takes the place of those that are gone, and of what `--force` takes the
/// risk.
pub(crate) fn said(
    builds: &Builds<'_>,
    changes: &Changes,
    livepatch: &UnlinkedLivepatch,
) -> ExpectedChanges {
    let of = |change| {
        let functions = changes.functions.iter().filter(move |function| function.change == change);
        functions.map(|function| (function.object.clone(), function.name.clone())).collect()
    };
    let weak = left_out::weak_ones(builds, changes)
        .into_iter()
        .map(|(function, object)| (object.object.to_string(), function.name.clone()));
    let forced = livepatch.notes.iter().filter(|note| note.code == FORCED);
    let forced = forced.map(|note| (note.object.clone(), note.name.clone()));
    ExpectedChanges {
        changed: of(Change::Changed),
        removed: of(Change::Removed),
        weak: weak.collect(),
        forced: forced.collect(),
    }
}

/// Why there is no module.
pub(crate) fn refused(report: &Attestation) -> Vec<Refused> {
    let findings = report.findings.iter().map(|finding| {
        let why = format!("the module would not do what the patch does: {}", finding.what);
        let rule = Some(RULE.to_owned());
        let code = Obstacle::SecondOpinion;
        Refused { rule, ..Refused::new(code, &finding.object, &finding.place, why) }
    });
    findings.collect()
}

/// What was looked at.
pub(crate) fn summary(report: &Attestation) -> Attested {
    let Attestation { functions, pieces, references, .. } = *report;
    Attested { functions, pieces, references }
}
