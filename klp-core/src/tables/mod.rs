//! Special sections: tables whose entries belong to places in code.
//!
//! Each section has a file, which decodes an entry from bytes and relocations into named fields. A new section is a
//! file here with its format, a line in [`FORMATS`], one in [`DecodedEntry`], its name in [`crate::rules::ATTRIBUTED`],
//! and what the digest makes of its fields (`checksum/entries.rs`). `listed.rs` reads what has no file and holds nothing
//! but such places.

mod alternatives;
mod bug_table;
mod exception_table;
mod jump_table;
mod listed;
mod lock_prefix;
mod mcount;
mod paravirt;
mod patchable;
mod sites;
mod static_call;
mod unwind_hint;

use crate::elf::{Reloc, Section};

pub(crate) use alternatives::Alternative;
pub(crate) use bug_table::Bug;
pub(crate) use exception_table::Exception;
pub(crate) use jump_table::JumpLabel;
pub(crate) use listed::TableMention;
pub(crate) use paravirt::ParavirtCall;
pub(crate) use sites::{SiteRef, Sites};
pub(crate) use static_call::StaticCall;
pub(crate) use unwind_hint::UnwindHint;

/// What an entry says about the code that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DecodedEntry<'d> {
    Alternative(Alternative<'d>),
    Bug(Bug<'d>),
    Exception(Exception<'d>),
    JumpLabel(JumpLabel<'d>),
    StaticCall(StaticCall),
    ParavirtCall(ParavirtCall<'d>),
    /// ftrace can be called here.
    Ftrace,
    /// A LOCK prefix that a kernel on one processor takes out.
    LockPrefix,
    /// NOPs that can be patched start here.
    PatchableNops,
    UnwindHint(UnwindHint<'d>),
    /// A table that no other reader knows has this place.
    Listed(TableMention<'d>),
}

/// A field of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EntryField<'d> {
    /// What it refers to.
    Reference(Reloc),
    /// A number.
    Bytes(&'d [u8]),
}

/// How a special section is read.
#[derive(Debug)]
struct TableFormat {
    /// Name of the section.
    section: &'static str,
    /// The sizes in bytes that an entry has had, each with the places of the fields that can refer to something.
    sizes: &'static [(u64, &'static [u64])],
    /// Where an entry, by its size, says how many bytes of code from its place on it replaces, if it does.
    length: Option<fn(u64) -> u64>,
    decode: for<'d> fn(&Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed>,
}

const FORMATS: &[TableFormat] = &[
    alternatives::FORMAT,
    bug_table::FORMAT,
    exception_table::FORMAT,
    jump_table::FORMAT,
    static_call::FORMAT,
    paravirt::FORMAT,
    mcount::FORMAT,
    lock_prefix::FORMAT,
    patchable::FORMAT,
    unwind_hint::FORMAT,
];

/// Why an entry says nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl From<&str> for Malformed {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// The bytes of an entry, and the relocations in them.
struct Raw<'a, 'data> {
    section: &'a Section<'data>,
    start: u64,
    size: u64,
    /// Of 12 bytes in a bug table: see [`bug_table::names_source_files`].
    names_source_file: bool,
}

impl<'data> Raw<'_, 'data> {
    /// The relocation of the field at `at`.
    fn reloc(&self, at: u64) -> Option<Reloc> {
        self.section.relocs.at(self.start.checked_add(at)?)
    }

    /// `len` bytes of the field at `at`.
    fn bytes(&self, at: u64, len: u64) -> Result<&'data [u8], Malformed> {
        let bytes = self.start.checked_add(at).and_then(|start| self.section.bytes(start, len));
        bytes.ok_or_else(|| {
            Malformed(format!("an entry of {} is cut off", self.section.name_lossy()))
        })
    }

    /// The byte at `at`.
    fn byte(&self, at: u64) -> Result<u8, Malformed> {
        match self.bytes(at, 1)? {
            [byte] => Ok(*byte),
            _ => Err("a byte of several".into()),
        }
    }

    /// The field of 32 bits at `at`.
    fn field(&self, at: u64) -> Result<EntryField<'data>, Malformed> {
        match self.reloc(at) {
            Some(reloc) => Ok(EntryField::Reference(reloc)),
            None => Ok(EntryField::Bytes(self.bytes(at, 4)?)),
        }
    }
}
