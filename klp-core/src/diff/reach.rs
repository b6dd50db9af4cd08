//! Functions of equal digests that can reach a constant that changed all the same: see [`crate::reach`].

use std::collections::BTreeSet;

use crate::checksum::{Cause, ContentKind};
use crate::correlate::Match;
use crate::ids::Pair;
use crate::manifest::FunctionId;
use crate::reach;
use crate::record::{Change, Note};

use super::entry::function;
use super::pair::Opinions;
use super::proof::AnalysedVersions;
use super::{Changes, ManifestPosition};

impl Opinions<'_, '_> {
    /// Adds them to `changes`, which are those between the two objects.
    pub(super) fn reach(&self, read: &AnalysedVersions<'_>, changes: &mut Changes) {
        if !touches_constants(read, changes) {
            return;
        }
        let known = changes.places.iter().filter_map(|place| place.patched);
        let known: BTreeSet<FunctionId> = known.map(|home| home.function).collect();
        let both = self.correlation.functions.iter().filter(|pair| pair.name.is_none());
        let both = both.filter_map(Match::both);
        let equal: Vec<Pair<FunctionId>> = both.filter(|it| !known.contains(&it.patched)).collect();
        let reach = reach::of(&read.original, &read.patched, &equal);
        for Pair { original, patched } in equal {
            let before = self.pair.original.functions.get(original);
            let after = self.pair.patched.functions.get(patched);
            let here = self.here(before.origin, after.origin);
            if let Some(section) = reach.indexing.get(&patched) {
                let cause = Cause {
                    why: Some(format!(
                        "it indexes constants of {section} that have no names, beside one that changed: where each \
                         ends is not in an object without data sections"
                    )),
                    ..Cause::of(ContentKind::Constant)
                };
                changes.functions.push(function(
                    &here,
                    Some(before),
                    Some(after),
                    None,
                    vec![cause],
                ));
                changes.places.push(self.pair.homes(Some(original), Some(patched)));
            } else if let Some(section) = reach.beside.get(&patched) {
                let why = format!(
                    "has the address of a constant of {section} without a name, beside one that changed: if it goes \
                     on from there, or comes from there, it reads what changed; where each ends is not in an object \
                     without data sections"
                );
                changes.notes.push(Note::new("extent", &here.object, after.name, why));
            }
        }
    }
}

/// Whether a constant without a name may have changed: one that nothing leads to, or that changed functions do.
fn touches_constants(
    AnalysedVersions { original, patched }: &AnalysedVersions<'_>,
    changes: &Changes,
) -> bool {
    let is_constant = |cause: &Cause| {
        matches!(
            cause.kind,
            ContentKind::Constant
                | ContentKind::String
                | ContentKind::JumpTable
                | ContentKind::Unproven
        )
    };
    let touched = changes.functions.iter().zip(&changes.places).filter(|(function, _)| {
        let causes = &function.causes;
        function.change == Change::Changed && (causes.is_empty() || causes.iter().any(is_constant))
    });
    let places: Vec<Pair<Option<ManifestPosition>>> = touched.map(|(_, place)| *place).collect();
    let before = || places.iter().filter_map(|place| Some(place.original?.function));
    let after = || places.iter().filter_map(|place| Some(place.patched?.function));
    changes.data.iter().any(|data| data.name.is_none())
        || original.lead_to_constants(before())
        || patched.lead_to_constants(after())
}
