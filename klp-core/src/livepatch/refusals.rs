//! What stands in the way of a livepatch.

use crate::obstacle::Obstacle;
use crate::record::Refused;

/// Each reason once, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Refusals(Vec<Refused>);

impl Refusals {
    pub(super) fn add(&mut self, code: Obstacle, object: &str, name: &str, why: impl Into<String>) {
        let refused = Refused::new(code, object, name, why);
        if !self.0.contains(&refused) {
            self.0.push(refused);
        }
    }

    /// All of these, then all of `others`.
    pub(super) fn and(mut self, others: Self) -> Vec<Refused> {
        self.0.extend(others.0);
        self.0
    }
}
