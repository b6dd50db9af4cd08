//! Where control ends in a walk over instructions.

use std::ops::Range;

use crate::arch::{Decoded, Form};

/// Where control ended last, if only padding came since then.
#[derive(Debug, Default)]
pub(super) struct Flow {
    ended: Option<usize>,
}

impl Flow {
    /// Takes the instruction at `at` and the plain ones from `before` on, and tells whether code starts at `before` that
    /// is behind padding and that control does not run into. What a table stands for can be a jump or a NOP: it is no
    /// padding, and control can run on behind it.
    pub(super) fn starts_behind_padding(
        &mut self,
        before: usize,
        at: Range<usize>,
        decoded: &Decoded,
        is_replaced: bool,
    ) -> bool {
        let is_plain = before < at.start;
        let is_padding = decoded.form == Form::Nop && !is_replaced;
        let is_behind = self.ended.is_some_and(|end| end < before) && (is_plain || !is_padding);
        self.ended = if is_replaced {
            None
        } else if decoded.ends_flow {
            Some(at.end)
        } else {
            self.ended.filter(|_| is_padding && !is_plain)
        };
        is_behind
    }
}
