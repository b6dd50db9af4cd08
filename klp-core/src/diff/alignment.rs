//! Who asks for the alignment of a section that holds several objects.
//!
//! Nothing in an object tells: a section is aligned as its most aligned object is, and whatever else stands at a multiple of
//! that has this alignment by chance. Where it is more than before, one of those must be the reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::correlate::Correlation;
use crate::manifest::{DataId, ManifestData, ManifestObject};

/// The alignment to a cache line, as a power of 2: what asks for more than before is seen from there on.
pub(super) const CACHE_LINE: u8 = 6;

/// A data object of the patched object, what it was, and what it is.
type DataVersions<'a> = (DataId, Option<ManifestData<'a>>, ManifestData<'a>);

/// Data objects of `patched` of which at least one asks for a cache line or more, and for more than before.
pub(super) fn risen(
    original: &ManifestObject,
    patched: &ManifestObject,
    correlation: &Correlation,
) -> BTreeSet<DataId> {
    let mut sections: BTreeMap<&str, Vec<DataVersions<'_>>> = BTreeMap::new();
    for pair in &correlation.data {
        let Some(index) = pair.patched else { continue };
        let after = patched.data.get(index);
        if after.stand.may_ask >= CACHE_LINE {
            let before = pair.original.map(|id| original.data.get(id));
            sections.entry(after.section).or_default().push((index, before, after));
        }
    }
    // What is new, or another in any case, may ask for it, and what had as much before.
    let is_reason = |before: &Option<ManifestData<'_>>, after: &ManifestData<'_>| {
        before.is_none_or(|before| {
            before.stand.has >= after.stand.may_ask
                || after.stand.asks >= after.stand.may_ask
                || before.checksum != after.checksum
        })
    };
    sections.retain(|_, objects| !objects.iter().any(|(_, one, other)| is_reason(one, other)));
    sections.into_values().flatten().map(|(index, ..)| index).collect()
}
