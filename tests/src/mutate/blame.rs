//! Which of many mutations that were tried together changed a digest that none of them may change.

use std::collections::BTreeSet;

use anyhow::Result;
use klp_core::checksum::Analysis;

use super::image::Image;
use super::site::Mutation;
use super::unit::UnitId;
use super::{Digests, digests};

/// Searches by halves.
pub(super) struct Blame<'a> {
    pub(super) image: &'a Image,
    pub(super) bytes: &'a [u8],
    pub(super) before: &'a Digests,
}

impl Blame<'_> {
    /// For each of `strays` that one of `batch` changes alone, that one. Those that it takes several
    /// for come with the last ones that were left.
    pub(super) fn search<'m>(
        &self,
        batch: &[&'m Mutation],
        strays: &BTreeSet<UnitId>,
    ) -> Result<Vec<(UnitId, Vec<&'m Mutation>)>> {
        let mut copy = self.bytes.to_vec();
        for mutation in batch {
            self.image.apply(&mut copy, mutation);
        }
        let after = digests(&Analysis::of(&copy)?);
        let changed: BTreeSet<UnitId> = strays
            .iter()
            .filter(|unit| self.before.get(unit) != after.get(unit))
            .copied()
            .collect();
        if changed.is_empty() || batch.len() < 2 {
            return Ok(changed.into_iter().map(|unit| (unit, batch.to_vec())).collect());
        }
        let (one, other) = batch.split_at(batch.len() / 2);
        let mut found = self.search(one, &changed)?;
        let left = |found: &[(UnitId, Vec<&Mutation>)]| -> BTreeSet<UnitId> {
            let known: BTreeSet<UnitId> = found.iter().map(|(unit, _)| *unit).collect();
            changed.difference(&known).copied().collect()
        };
        let more = self.search(other, &left(&found))?;
        found.extend(more);
        let together = left(&found);
        found.extend(together.into_iter().map(|unit| (unit, batch.to_vec())));
        Ok(found)
    }
}
