//! Whether objects that were compiled here are those of a kernel that was shipped, and what follows from that.

use camino::Utf8Path;
use kbuild_glue::{LinkedObject, StockParts};
use klp_core::diff::Changes;
use klp_core::image::proof;
use klp_core::obstacle::Obstacle;
use klp_core::record::{self, Note, Refused};

use crate::error::Error;
use crate::event::Event;
use crate::shipped;

/// Why something is refused that is not what was shipped.
pub(crate) const RULE: &str = "unproven";

/// What can change and cannot be looked at.
#[derive(Debug)]
pub(crate) struct UnseenChange {
    /// By which it can be taken all the same.
    pub(crate) name: String,
    pub(crate) why: String,
}

/// The proofs of some objects.
#[derive(Debug)]
pub(crate) struct Proofs {
    /// What the objects are proven to be those of.
    of: String,
    objects: Vec<(record::ProofRecord, proof::ShippedProof)>,
    /// What else can change.
    unseen: Vec<UnseenChange>,
}

impl Proofs {
    /// Those of `objects`, which were compiled in `output`.
    pub(crate) fn of(
        parts: &StockParts,
        objects: &[LinkedObject],
        output: &Utf8Path,
    ) -> Result<Self, Error> {
        let objects = shipped::proofs(parts, objects, output)?;
        Ok(Self { of: parts.release.clone(), objects, unseen: Vec::new() })
    }

    /// Those of `objects`, which are in `output` with the modules that they are linked into.
    pub(crate) fn of_modules(
        of: String,
        objects: &[LinkedObject],
        output: &Utf8Path,
    ) -> Result<Self, Error> {
        Ok(Self { of, objects: shipped::prove(objects, output)?, unseen: Vec::new() })
    }

    /// The same, where `unseen` can change, too.
    pub(crate) fn without(self, unseen: Vec<UnseenChange>) -> Self {
        Self { unseen, ..self }
    }

    pub(crate) fn records(&self) -> Vec<record::ProofRecord> {
        self.objects.iter().map(|(record, _)| record.clone()).collect()
    }

    pub(crate) fn event(&self) -> Event {
        let sum = |count: fn(&record::ProofRecord) -> usize| {
            self.objects.iter().map(|(record, _)| count(record)).sum()
        };
        Event::Proven {
            functions: sum(|proof| proof.functions),
            equal: sum(|proof| proof.equal),
            of: self.of.clone(),
        }
    }

    /// Refuses in `changes` what is not proven; what `taken` names is noted instead.
    pub(crate) fn judge(&self, changes: &mut Changes, taken: &[String]) {
        let different = |is_taken| {
            self.objects.iter().flat_map(move |(record, proof)| {
                let all = proof.different.iter().chain(&proof.different_data);
                all.filter(move |different| taken.contains(&different.name) == is_taken)
                    .map(move |different| (record, different))
            })
        };
        let refused = different(false).map(|(record, different)| {
            let causes: String = record.suspects.iter().flat_map(|it| ["; ", it]).collect();
            let why = format!("it is not what the kernel has: {}{causes}", different.text());
            let rule = Some(RULE.to_owned());
            let code = Obstacle::Unproven;
            Refused { rule, ..Refused::new(code, &record.object, &different.name, why) }
        });
        changes.refuse_livepatch(refused.collect());
        for UnseenChange { name, why } in &self.unseen {
            if taken.contains(name) {
                changes.note_livepatch([Note::new(RULE, "", name, why.as_str())]);
            } else {
                let rule = Some(RULE.to_owned());
                let refused = Refused::new(Obstacle::Unproven, "", name, why.as_str());
                changes.refuse_livepatch(vec![Refused { rule, ..refused }]);
            }
        }
        let noted = different(true).map(|(record, different)| {
            let why = format!("taken though it is not what the kernel has: {}", different.text());
            Note::new(RULE, &record.object, &different.name, why)
        });
        changes.note_livepatch(noted.collect::<Vec<_>>());
        changes.proofs = self.records();
    }
}

/// What a livepatch module for the kernel of that release says about itself (`modinfo`): the BLAKE3 `digests` of its
/// patches, and what was `taken` without a proof.
pub(crate) fn about(
    release: &str,
    digests: &[String],
    taken: &[String],
) -> Vec<(&'static str, String)> {
    let unproven = if taken.is_empty() { "none".to_owned() } else { taken.join(",") };
    vec![
        ("klp_release", release.to_owned()),
        ("klp_patches", digests.join(",")),
        ("klp_tool", record::FormatVersion::default().tool),
        ("klp_unproven", unproven),
    ]
}
