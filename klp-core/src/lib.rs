//! Function checksums of x86-64 kernel objects, and what changed between two of them.
//!
//! The way of the data: [`elf`] reads an object; [`layout`] says which bytes are one function or one
//! data object; `tables` decodes special sections and says which code an entry belongs to; [`checksum`] digests each
//! function with everything it reaches that has no stable name; [`manifest`] keeps the digests in a
//! file; [`correlate`] says what in one build is what in another; [`diff`] compares two manifests;
//! [`allowlist`] says which changes are expected. [`prove`] is a second opinion, which shares none of that.
//!
//! The core never prints, never reads the environment and never starts a process. Its input is
//! untrusted: on any bytes it returns an error or refuses a function, and does not panic.
//!
//! Nothing may be skipped in silence. Where code goes on without something, that cannot be by its type, or a comment or a
//! name says why it is right, or it is one of two: a section, symbol, span or function is looked up by an id ([`ids`]) in a
//! list that another reader made of the same object, or a place that an object refers to is looked for in it and is another
//! object's.

pub mod allowlist;
mod arch;
pub mod attest;
pub mod check;
pub mod checksum;
pub mod correlate;
pub mod debug;
pub mod demangle;
pub mod diff;
pub mod elf;
pub mod explain;
pub mod ids;
pub mod image;
pub mod inlined;
pub mod input;
pub mod kernel;
pub mod layout;
pub mod lists;
pub mod livepatch;
pub mod manifest;
pub mod meaning;
pub mod module;
pub mod name;
pub mod obstacle;
pub mod origin;
pub mod packed;
mod places;
pub mod prove;
mod reach;
pub mod record;
pub mod rules;
mod slices;
mod tables;

pub use allowlist::Allowlist;
pub use elf::ElfError;
pub use manifest::Manifest;
