//! The bytes of an object file.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use crate::packed::unpacked;

/// Files below this size are read: a mapping costs more than the copy.
const WORTH_MAPPING: u64 = 1 << 20;

/// The bytes of a file, mapped or read.
#[derive(Debug)]
pub enum Input {
    /// In memory.
    Read(Vec<u8>),
    /// Mapped. The file must not be written while this lives.
    Mapped(memmap2::Mmap),
}

impl Input {
    /// Opens a file that nobody writes any more, mapping it when it is large.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = fs_err::File::open(path)?.into_file();
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.len() >= WORTH_MAPPING {
            return map(&file).map(Self::Mapped);
        }
        Self::read(path)
    }

    /// Opens such a file, unpacked where it is packed, as installed modules are.
    pub fn open_unpacked(path: &Path) -> io::Result<Self> {
        let input = Self::open(path)?;
        let owned = match unpacked(&input)? {
            Cow::Owned(bytes) => Some(bytes),
            Cow::Borrowed(_) => None,
        };
        Ok(owned.map_or(input, Self::Read))
    }

    /// Reads a file whole. For files that make may write again.
    pub fn read(path: &Path) -> io::Result<Self> {
        fs_err::read(path).map(Self::Read)
    }

    /// Gives the memory of a mapped file back. What is read of it later comes from the page cache again.
    #[expect(unsafe_code, reason = "for other mappings than of a file this would lose data")]
    pub fn give_back(&self) {
        if let Self::Mapped(mapping) = self {
            // SAFETY: the mapping is of a file and was never written to, so that the same bytes are read
            // again. That it fails is no harm: the memory just stays.
            let _ = unsafe { mapping.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

#[expect(unsafe_code, reason = "a mapping is unsafe if another process truncates the file")]
fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: callers open only outputs of a make that has ended; see `Input::open`.
    unsafe { memmap2::Mmap::map(file) }
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(mapping) => mapping,
        }
    }
}
