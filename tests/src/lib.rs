//! What the end-to-end tests share.

pub mod kernel;
pub mod klp;
pub mod matrix;
pub mod report;
pub mod snapshot;
pub mod tools;
