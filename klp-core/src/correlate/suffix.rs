//! The same name up to what a compiler numbers or hashes (`foo.isra.0` and `foo.isra.1`, a Rust closure
//! with another number), where there is one on each side.

use super::matching::{Group, Matching};

pub(super) fn apply<Of>(matching: &mut Matching<'_, Of>) {
    for pair in matching.groups().iter().filter_map(Group::only) {
        matching.pair(pair);
    }
}
