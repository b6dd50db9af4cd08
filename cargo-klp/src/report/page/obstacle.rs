//! What stands in the way of a livepatch module, each thing and each reason once.

use klp::Why;
use klp_core::record::{PatchPart, Refused};

use crate::report::blamed;

/// Things, and why they are in the way.
pub(super) struct ObstacleView<'a> {
    /// Names, each with its object.
    pub(super) things: Vec<(&'a str, &'a str)>,
    pub(super) reasons: Vec<&'a str>,
    /// The parts of the patch that it comes from.
    pub(super) parts: Vec<ObstaclePart<'a>>,
}

/// A part of the patch, and the number of its hunk on the page.
#[derive(PartialEq)]
pub(super) struct ObstaclePart<'a> {
    pub(super) file: &'a str,
    pub(super) header: Option<&'a str>,
    pub(super) hunk: Option<usize>,
}

/// The obstacles in the order in which they come first.
pub(super) fn grouped<'a>(refused: &'a [Refused], why: &'a Why) -> Vec<ObstacleView<'a>> {
    let mut by_reason: Vec<ObstacleView<'_>> = Vec::new();
    for one in refused {
        let name = one.demangled.as_deref().unwrap_or(&one.name);
        let parts = one.patch.iter().map(|part| ObstaclePart::of(part, why));
        let obstacle = ObstacleView {
            things: vec![(name, one.object.as_str())],
            reasons: vec![&one.why],
            parts: parts.collect(),
        };
        add(&mut by_reason, obstacle, |known, new| known.reasons == new.reasons);
    }
    let mut by_things: Vec<ObstacleView<'_>> = Vec::new();
    for obstacle in by_reason {
        add(&mut by_things, obstacle, |known, new| known.things == new.things);
    }
    by_things
}

/// Adds `new` to the one that it `belongs` to, or as another one.
fn add<'a>(
    all: &mut Vec<ObstacleView<'a>>,
    new: ObstacleView<'a>,
    belongs: impl Fn(&ObstacleView<'a>, &ObstacleView<'a>) -> bool,
) {
    let Some(known) = all.iter_mut().find(|known| belongs(known, &new)) else {
        all.push(new);
        return;
    };
    extend(&mut known.things, new.things);
    extend(&mut known.reasons, new.reasons);
    extend(&mut known.parts, new.parts);
}

fn extend<T: PartialEq>(all: &mut Vec<T>, new: Vec<T>) {
    for one in new {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

impl<'a> ObstaclePart<'a> {
    fn of(part: &'a PatchPart, why: &'a Why) -> Self {
        let (file, header) = (part.file.as_str(), part.hunk.as_deref());
        Self { file, header, hunk: blamed::hunk(part, why) }
    }
}

#[cfg(test)]
mod tests {
    use kbuild_glue::TracedHunk;
    use klp::HunkReached;
    use klp_core::obstacle::Obstacle as Code;

    use super::*;

    fn refused(name: &str, why: &str, hunk: Option<&str>) -> Refused {
        let part = PatchPart { file: "fs/a.c".to_owned(), hunk: hunk.map(str::to_owned) };
        Refused { patch: vec![part], ..Refused::new(Code::ChangedData, "fs/a.o", name, why) }
    }

    #[test]
    fn a_thing_and_a_reason_are_told_once() {
        let hunk = |header: &str| HunkReached {
            hunk: TracedHunk {
                header: header.to_owned(),
                file: "fs/a.c".into(),
                ..TracedHunk::default()
            },
            functions: Vec::new(),
            data: Vec::new(),
            nothing: None,
        };
        let why = Why {
            hunks: vec![hunk("@@ -1,2 +1,3 @@ one"), hunk("@@ -9,2 +10,2 @@ a longer heading")],
            functions: Vec::new(),
        };
        let all = [
            refused("table", "it changed", Some("@@ -9,2 +10,2 @@ a longer")),
            refused("list", "it changed", None),
            refused("ops", "it is freed", Some("@@ -70,2 +71,2 @@")),
            refused("ops", "it grew", Some("@@ -9,2 +10,2 @@")),
        ];
        let grouped = grouped(&all, &why);
        let [changed, ops] = grouped.as_slice() else { panic!("{} obstacles", grouped.len()) };
        assert_eq!(changed.things, [("table", "fs/a.o"), ("list", "fs/a.o")]);
        assert_eq!(
            changed.parts.iter().map(|part| part.hunk).collect::<Vec<_>>(),
            [Some(1), Some(0)]
        );
        assert_eq!(ops.reasons, ["it is freed", "it grew"]);
        assert_eq!(ops.parts.iter().map(|part| part.hunk).collect::<Vec<_>>(), [None, Some(1)]);
    }
}
