//! Why debug information cannot be read.

use crate::elf::ElfError;

/// Why debug information cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebugError {
    /// The file is no object.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// There is none.
    #[error("the file has no debug information")]
    Missing,
    /// It is in another file, which this one names.
    #[error("the debug information is in another file, {0}")]
    Elsewhere(String),
    /// A section that is compressed, and how.
    #[error("{0} is compressed in a way that is not known ({1})")]
    Compressed(String, String),
    /// A section with a relocation that does not belong there.
    #[error("{0} has a relocation of type {1}, which is not known there")]
    Relocation(String, u32),
    /// It contradicts itself, or ends too early.
    #[error("the debug information is truncated or corrupt")]
    Malformed(#[from] gimli::Error),
    /// It says the same thing over and over.
    #[error("the debug information says more than a file of its size can mean")]
    TooMuch,
}

impl DebugError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Elf(error) => error.hint(),
            Self::Missing => Some(
                "compile the object with -g (KCFLAGS=-g does so for a whole build), or name a file that has it",
            ),
            Self::Elsewhere(_) => {
                Some("name that file, or compile without -gsplit-dwarf and without dwz")
            }
            Self::Compressed(..) => Some("compile with -gz=none"),
            Self::Relocation(..) | Self::Malformed(_) | Self::TooMuch => None,
        }
    }
}
