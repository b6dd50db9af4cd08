//! Of several units of one name, the last one on each side.

use super::matching::{Group, Matching};

pub(super) fn apply(matching: &mut Matching<'_>) {
    for (original, patched) in matching.groups().iter().filter_map(Group::only) {
        matching.pair(original, patched);
    }
}
