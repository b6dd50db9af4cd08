//! What stands in the way of a livepatch module, each reason once.

use klp_core::record::{PatchPart, Refused};

/// A reason, and all that it is about.
pub(super) struct Obstacle<'a> {
    pub(super) why: &'a str,
    /// Names, each with its object.
    pub(super) things: Vec<(&'a str, &'a str)>,
    /// The parts of the patch that it comes from.
    pub(super) parts: Vec<&'a PatchPart>,
}

/// The reasons in the order in which they come first.
pub(super) fn grouped(refused: &[Refused]) -> Vec<Obstacle<'_>> {
    let mut found: Vec<Obstacle<'_>> = Vec::new();
    for one in refused {
        let name = one.demangled.as_deref().unwrap_or(&one.name);
        let thing = (name, one.object.as_str());
        match found.iter_mut().find(|it| it.why == one.why) {
            Some(known) => {
                known.things.push(thing);
                let new = one.patch.iter().filter(|part| !known.parts.contains(part));
                known.parts.extend(new.collect::<Vec<_>>());
            }
            None => found.push(Obstacle {
                why: &one.why,
                things: vec![thing],
                parts: one.patch.iter().collect(),
            }),
        }
    }
    found
}
