//! How values travel through code: what is known from outside, and what is found.

use std::collections::BTreeSet;
use std::ops::Range;

/// What a stretch of code does not say itself.
pub(crate) trait CodeContext {
    /// Whether control can come to a place by an address in a table, or by a branch that is filled in.
    fn is_entered(&self, place: u64) -> bool;
    /// Whether an address is filled in from one place to another.
    fn has_address(&self, places: Range<u64>) -> bool;
}

/// The call that takes a value as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TakingCall {
    /// Which argument it is, counted from 1.
    pub(crate) argument: usize,
    /// Where the call starts and ends, or the jump at the end of a function.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What is done with an address. Places are offsets in the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Instructions that write it to memory other than the stack and what it is the address of: start, and the field with
    /// the displacement, if there is one.
    pub(crate) stores: BTreeSet<(u64, Option<u64>)>,
    /// Calls and jumps to other functions while it is in a register for arguments: start and end.
    pub(crate) calls: BTreeSet<(u64, u64)>,
    /// Instructions that read into a register what is behind the address.
    pub(crate) loads: BTreeSet<u64>,
    /// It is put where nothing follows it: onto the stack, into a register of another kind, or into another number.
    pub(crate) is_lost: bool,
    pub(crate) is_compared: bool,
    pub(crate) is_returned: bool,
}
