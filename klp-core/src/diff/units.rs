//! What functions and data objects have in common when they are correlated.

use std::borrow::Cow;

use crate::checksum::Digest;
use crate::manifest::{Data, Function};
use crate::name::{self, Stability};

/// Something with a name, a scope and a digest.
pub(super) trait Unit {
    /// The name up to what a compiler numbers.
    fn base(&self) -> Cow<'_, str>;
    /// Other names for it, the same way.
    fn aliases(&self) -> Vec<Cow<'_, str>> {
        Vec::new()
    }
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

    fn aliases(&self) -> Vec<Cow<'_, str>> {
        self.aliases.iter().map(|alias| text(name::base(alias.as_bytes()))).collect()
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
            None => Cow::Owned(format!("{} (unnamed)", section_base(&self.section))),
        }
    }

    fn file(&self) -> Option<u32> {
        self.file
    }

    fn digest(&self) -> Option<Digest> {
        self.checksum
    }
}

/// The section's name up to what is put behind it with data sections, where that says nothing:
/// `.rodata` for `.rodata..Lanon.HASH.0`, `.bss` for `.bss.__key.3`, `.data.count` for `.data.count.2`.
fn section_base(section: &str) -> Cow<'_, str> {
    for start in [".rodata", ".data.rel.ro", ".data", ".bss"] {
        let Some(own) = section.strip_prefix(start).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        return match name::stability(own.as_bytes(), true) {
            Stability::Unstable => Cow::Borrowed(start),
            _ => Cow::Owned(format!("{start}.{}", text(name::base(own.as_bytes())))),
        };
    }
    Cow::Borrowed(section)
}

fn text(name: Cow<'_, [u8]>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}
