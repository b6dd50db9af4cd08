//! What the end-to-end tests share.

pub mod attested;
pub mod axe;
pub mod compiler;
pub mod headers;
pub mod kernel;
pub mod klp;
pub mod matrix;
pub mod mutate;
pub mod permute;
pub mod qemu;
pub mod report;
pub mod rust;
pub mod said;
pub mod schema;
pub mod semantic;
pub mod shells;
pub mod small;
pub mod snapshot;
pub mod stock;
pub mod tools;
