//! What special sections say about an instruction, in words.

use std::fmt::{self, Write as _};

use crate::arch::{Access, Arch as _, Machine, for_machine};
use crate::checksum::Analysis;
use crate::elf::{Place, Reloc};
use crate::tables::{Alternative, DecodedEntry, EntryField, SiteRef};

use super::fact::InstructionFact;
use super::place;
use super::reference::{self, Reference, hex};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryInWords {
    /// Places in the function are not part of what is compared.
    pub(super) fact: InstructionFact,
    /// The places in the function that it names, as part and offset.
    pub(super) places: Vec<(usize, u64)>,
}

/// The code around the instruction.
pub(super) trait SurroundingCode {
    /// The part of the function that a place in code is in, and the offset there.
    fn inside(&self, place: Place) -> Option<(usize, u64)>;
    /// The instructions that an alternative replaces others by.
    fn replacement(&self, reloc: &Reloc, length: u8) -> Vec<Replacing>;
}

/// An instruction of an alternative.
pub(super) struct Replacing {
    pub(super) text: String,
    pub(super) bare: String,
    pub(super) facts: Vec<InstructionFact>,
    pub(super) inside: Option<(usize, u64)>,
}

impl EntryInWords {
    fn plain(text: String) -> Self {
        Self { fact: InstructionFact::plain("said", text), places: Vec::new() }
    }

    /// Adds `text`.
    fn and(mut self, text: &str) -> Self {
        self.fact.shown.push_str(text);
        self.fact.means.push_str(text);
        self
    }

    /// Adds what a field refers to.
    fn to(mut self, around: &dyn SurroundingCode, to: &Reference) -> Self {
        if let Some(inside) = to.code.and_then(|code| around.inside(code)) {
            self.fact.shown.push_str(&place::shown(inside));
            self.places.push(inside);
        } else {
            // A text is told as a whole.
            let is_text = to.fact.what == "string";
            self.fact.shown.push_str(if is_text { &to.fact.shown } else { &to.text });
            self.fact.means.push_str(&to.fact.means);
        }
        self
    }

    /// Adds instructions.
    fn by(mut self, lines: &[Replacing]) -> Self {
        for line in lines {
            append(&mut self.fact.shown, format_args!("; {}", line.text));
            append(&mut self.fact.means, format_args!("; {}", line.bare));
            for fact in &line.facts {
                append(&mut self.fact.means, format_args!(" {} {}", fact.what, fact.means));
            }
            self.places.extend(line.inside);
        }
        self
    }
}

fn append(text: &mut String, more: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(more);
}

/// What the entry `site` says of the instruction at `at`.
pub(super) fn said(
    analysis: &Analysis<'_>,
    around: &dyn SurroundingCode,
    site: &SiteRef,
    at: u64,
) -> EntryInWords {
    let cx = analysis.context();
    let origin = analysis.origin(site.section, site.offset);
    let refers = |reloc: &Reloc| {
        let target = cx.resolve(origin, reloc.symbol, reloc.addend);
        reference::of(analysis, &target, Access::Open)
    };
    let field = |said: EntryInWords, field: &EntryField<'_>| match field {
        EntryField::Reference(reloc) => said.to(around, &refers(reloc)),
        EntryField::Bytes(bytes) => said.and(&hex(bytes, " ")),
    };
    let plain = |text: &str| EntryInWords::plain(text.to_owned());
    match analysis.sites.entry(&analysis.elf, site) {
        Ok(DecodedEntry::Alternative(it)) => {
            let head = format!(
                "{} of {} bytes by {}",
                feature(analysis.elf.machine, &it),
                it.covered,
                it.length
            );
            let lines = it.replacement.map(|reloc| around.replacement(&reloc, it.length));
            EntryInWords::plain(head).by(&lines.unwrap_or_default())
        }
        Ok(DecodedEntry::Bug(it)) => {
            let flags = plain("BUG or WARN with flags ").and(&hex(it.flags, " "));
            match &it.format {
                None => flags,
                Some(format) => field(flags.and(" and format "), format),
            }
        }
        Ok(DecodedEntry::Exception(it)) => {
            let to = field(plain("if it faults: "), &it.fixup);
            field(to.and(", handled by "), &it.handler)
        }
        Ok(DecodedEntry::JumpLabel(it)) => {
            let key = plain("jump label asks for key ").to(around, &refers(&it.key));
            let flags = match it.flags {
                0 => key,
                flags => key.and(&format!(" with flags {flags:#x}")),
            };
            field(flags.and(", jumps to "), &it.target)
        }
        Ok(DecodedEntry::StaticCall(it)) => {
            let key = plain("static call of key ").to(around, &refers(&it.key));
            match it.flags {
                0 => key,
                flags => key.and(&format!(" with flags {flags:#x}")),
            }
        }
        Ok(DecodedEntry::ParavirtCall(it)) => plain("paravirt call ").and(&hex(it.what, " ")),
        Ok(DecodedEntry::Ftrace) => plain("ftrace"),
        Ok(DecodedEntry::LockPrefix) => plain("LOCK prefix that one processor does without"),
        Ok(DecodedEntry::PatchableNops) => plain("NOPs for patching"),
        Ok(DecodedEntry::UnwindHint(it)) => plain("unwind hint ").and(&hex(it.said, " ")),
        Ok(DecodedEntry::Listed(it)) => {
            let table = String::from_utf8_lossy(it.table);
            EntryInWords::plain(format!(
                "byte {} of it is in {table}",
                site.offset.saturating_sub(at)
            ))
        }
        Err(why) => EntryInWords::plain(why.to_string()),
    }
}

/// The feature that an alternative is for, as the kernel's headers count it.
fn feature(machine: Machine, alternative: &Alternative<'_>) -> String {
    let feature = for_machine!(machine, A => A::feature(alternative.feature));
    let Some(feature) = feature else {
        return format!("alternative for feature {}", hex(alternative.feature, " "));
    };
    let (word, bit) = (feature.number / 32, feature.number % 32);
    let without = if feature.is_inverted { "its lack of " } else { "" };
    let flags = match feature.flags {
        0 => String::new(),
        flags => format!(" with flags {flags:#x}"),
    };
    format!("alternative for {without}feature {word}*32+{bit}{flags}")
}
