//! The image of a kernel that was built elsewhere: the kernel in `vmlinuz`, and its own symbol table.

mod kallsyms;
pub mod proof;
mod symbols;
mod told;
mod x86_64;

use std::borrow::Cow;
use std::io;

use crate::elf::ElfError;
use crate::module::RawElf;

pub use kallsyms::ImageSymbol;
pub use symbols::with_symbols;
pub use told::{Banner, configuration};

/// Why an image tells nothing about its kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Something else.
    #[error("it is neither a kernel that boots nor an ELF file")]
    NotAnImage,
    /// Shorter than it says.
    #[error("it is cut off")]
    CutOff,
    /// The packed kernel is damaged.
    #[error("the kernel in it cannot be unpacked")]
    Unpack(#[source] io::Error),
    /// Packed in a way that is not known.
    #[error("the kernel in it is packed in a way that is not known here (LZO is not)")]
    NoKernel,
    /// The kernel is damaged.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// No symbol table, or one of a kind that came later.
    #[error("no kallsyms table is found in it")]
    Kallsyms,
    /// The kernel cannot be written with its symbols.
    #[error("it cannot be written with its symbols: {0}")]
    Write(String),
}

/// The kernel in `image` (packed as it boots, or an ELF file as it is), an ELF file.
pub fn kernel(image: &[u8]) -> Result<Cow<'_, [u8]>, ImageError> {
    x86_64::kernel(image)
}

/// The symbols that a kernel lists of itself, in its own order.
pub fn symbols(kernel: &RawElf<'_>) -> Result<Vec<ImageSymbol>, ImageError> {
    let mut sections = kernel.sections.iter().filter(|section| section.is_allocated());
    sections
        .find_map(|section| kallsyms::symbols(section.data, section.address))
        .ok_or(ImageError::Kallsyms)
}
