//! Of several units of one name, the last one on each side.

use super::matching::{Group, Matching};

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    for pair in matching.groups().iter().filter_map(Group::only) {
        matching.pair(pair);
    }
}
