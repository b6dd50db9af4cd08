//! The instructions of functions that others refer to the middle of, counted when the first does.

use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

use crate::layout::SpanId;

use super::numbered::InstructionStarts;

/// The instructions of one function, or why they cannot be counted.
pub(super) type CountOutcome = Result<InstructionStarts, String>;

/// Those of one object.
#[derive(Debug, Default)]
pub(crate) struct CountedFunctions(Mutex<HashMap<SpanId, Arc<CountOutcome>>>);

impl CountedFunctions {
    /// Those of `span`, which `count` counts if nobody has.
    pub(super) fn of<E: Into<String>>(
        &self,
        span: SpanId,
        count: impl FnOnce() -> Result<InstructionStarts, E>,
    ) -> Arc<CountOutcome> {
        // What another thread had put in when it panicked is whole.
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&span).map(Arc::clone);
        known.unwrap_or_else(|| {
            let counted = Arc::new(count().map_err(E::into));
            Arc::clone(lock().entry(span).or_insert(counted))
        })
    }
}
