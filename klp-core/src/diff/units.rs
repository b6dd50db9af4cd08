//! What functions and data objects have in common when they are correlated.

use std::borrow::Cow;

use crate::checksum::Digest;
use crate::manifest::{Data, Function};
use crate::name;

/// Something with a name, a scope and a digest.
pub(super) trait Unit {
    /// The name up to what a compiler numbers.
    fn base(&self) -> Cow<'_, str>;
    /// Index of the source file that it is local to.
    fn file(&self) -> Option<u32>;
    fn digest(&self) -> Option<Digest>;
}

impl Unit for Function {
    fn base(&self) -> Cow<'_, str> {
        // Code without a symbol is named after its place, which says nothing.
        match self.name.split_once('+') {
            Some((section, _)) if section.starts_with('.') => Cow::Borrowed(section),
            _ => text(name::base(self.name.as_bytes())),
        }
    }

    fn file(&self) -> Option<u32> {
        self.file
    }

    fn digest(&self) -> Option<Digest> {
        self.checksum
    }
}

impl Unit for Data {
    fn base(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => text(name::base(name.as_bytes())),
            None => Cow::Owned(format!("{} (unnamed)", self.section)),
        }
    }

    fn file(&self) -> Option<u32> {
        self.file
    }

    fn digest(&self) -> Option<Digest> {
        self.checksum
    }
}

fn text(name: Cow<'_, [u8]>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
