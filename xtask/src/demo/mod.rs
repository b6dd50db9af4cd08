//! `cargo xtask demo`: a kernel before and after a patch.

mod explanation;
mod mini;
mod real;

pub(crate) use mini::mini;
pub(crate) use real::{real, rust};
