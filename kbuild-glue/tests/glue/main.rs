//! The crate from the outside, on trees that the tests make and on the mini kernel.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod build;
mod common;
mod lines;
mod mirror;
mod objects;
mod patched_files;
mod patches;
