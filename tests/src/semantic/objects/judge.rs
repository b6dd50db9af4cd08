//! What is reported about copies of an object with edits.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::Report;
use super::super::compare::{Named, compare_objects, reported};
use super::patch::Patch;
use super::subject::Subject;
use crate::mutate::Random;
use crate::permute;

/// An object, and what of it is refused however it is changed.
pub(super) struct Judge<'a> {
    original: &'a [u8],
    refused: BTreeSet<Named>,
}

impl<'a> Judge<'a> {
    pub(super) fn of(subject: &'a Subject) -> Result<Self> {
        let original = &*subject.image.bytes;
        // Another file with the same content.
        let mut other = original.to_vec();
        other.push(0);
        Ok(Self { original, refused: reported(&compare_objects(original, &other))? })
    }

    /// Whether something that the edit is about is reported without it.
    pub(super) fn knows(&self, patch: &Patch) -> bool {
        let mut names = self.refused.iter().flatten();
        names.any(|name| patch.must.contains(name))
    }

    fn records(&self, after: &[u8]) -> Result<BTreeSet<Named>> {
        let mut records = reported(&compare_objects(self.original, after))?;
        records.retain(|record| !self.refused.contains(record));
        Ok(records)
    }

    fn with<'p>(&self, batch: impl IntoIterator<Item = &'p Patch>) -> Result<BTreeSet<Named>> {
        let mut copy = self.original.to_vec();
        batch.into_iter().for_each(|patch| patch.apply(&mut copy));
        self.records(&copy)
    }

    /// Adds to `report` what is said about each edit.
    pub(super) fn judge(&self, batch: &[Patch], report: &mut Report) -> Result<()> {
        let records = self.with(batch)?;
        let names: BTreeSet<&String> = records.iter().flatten().collect();
        for patch in batch {
            let score = report.kind(patch.kind);
            score.tried += 1;
            if patch.must.is_empty() || patch.must.iter().any(|name| names.contains(name)) {
                score.seen += 1;
            } else {
                score.survivors.push(patch.what.clone());
            }
        }
        let strays: BTreeSet<Named> = records
            .into_iter()
            .filter(|record| {
                !batch.iter().any(|patch| record.iter().any(|name| patch.allows(name)))
            })
            .collect();
        if strays.is_empty() {
            return Ok(());
        }
        let all: Vec<&Patch> = batch.iter().collect();
        for (stray, blamed) in self.blame(&all, &strays)? {
            let (kind, told) = match blamed.as_slice() {
                [one] => (one.kind, format!("{stray:?} by {}", one.what)),
                many => ("several together", format!("{stray:?} by {}", many.len())),
            };
            report.kind(kind).strays.push(told);
        }
        Ok(())
    }

    /// Searches by halves which of `tried` is reported as each of `strays`.
    fn blame<'p>(
        &self,
        tried: &[&'p Patch],
        strays: &BTreeSet<Named>,
    ) -> Result<Vec<(Named, Vec<&'p Patch>)>> {
        let records = self.with(tried.iter().copied())?;
        let seen: BTreeSet<Named> = strays.intersection(&records).cloned().collect();
        if seen.is_empty() || tried.len() < 2 {
            return Ok(seen.into_iter().map(|stray| (stray, tried.to_vec())).collect());
        }
        let (one, other) = tried.split_at(tried.len() / 2);
        let mut found = self.blame(one, &seen)?;
        let left = |found: &[(Named, Vec<&Patch>)]| -> BTreeSet<Named> {
            let known: BTreeSet<&Named> = found.iter().map(|(stray, _)| stray).collect();
            seen.iter().filter(|stray| !known.contains(stray)).cloned().collect()
        };
        let more = self.blame(other, &left(&found))?;
        found.extend(more);
        let together = left(&found);
        found.extend(together.into_iter().map(|stray| (stray, tried.to_vec())));
        Ok(found)
    }

    /// The whole object in another order. Of objects with too many sections that is not known.
    pub(super) fn shuffled(&self, random: &mut Random, report: &mut Report) -> Result<()> {
        type Shuffle = fn(&[u8], u64) -> Result<Vec<u8>>;
        let shuffles: [(&str, Shuffle); 2] = [
            ("object neutral: order of symbols", permute::symbols),
            ("object neutral: order of section headers", permute::sections),
        ];
        for (kind, shuffle) in shuffles {
            let Ok(other) = shuffle(self.original, random.next()) else { continue };
            let records = self.records(&other)?;
            let score = report.kind(kind);
            score.tried += 1;
            score.seen += 1;
            score.strays.extend(records.iter().map(|record| format!("{record:?}")));
        }
        Ok(())
    }
}
