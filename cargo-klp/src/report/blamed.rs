//! The hunks of patches that stand in the way of a livepatch.

use klp::{HunkReached, Why};
use klp_core::record::PatchPart;

/// The number of the hunk that `part` names; of a part that is a whole file, its first one.
pub(super) fn hunk(part: &PatchPart, why: &Why) -> Option<usize> {
    let header = part.hunk.as_deref();
    let is_it = |reached: &HunkReached| {
        let is_there = header.is_none_or(|it| lines(it) == lines(&reached.hunk.header));
        reached.hunk.file == part.file.as_str() && is_there
    };
    why.hunks.iter().position(is_it)
}

/// The lines that a hunk is about: `-35,6 +35,7` of `@@ -35,6 +35,7 @@ DEFINITION`.
fn lines(header: &str) -> Option<&str> {
    header.split("@@").nth(1)
}
