//! `cargo xtask demo`: a kernel before and after a patch.

mod mini;
mod real;

pub(crate) use mini::mini;
pub(crate) use real::real;

/// Exit status of `cargo klp build`: changed functions were found.
const CHANGED: i32 = 0;
/// Exit status of `cargo klp build`: nothing changed.
const UNCHANGED: i32 = 3;
