//! What the entries of special sections say about an instruction.

use crate::elf::{Reloc, RelocKind};
use crate::tables::{Alternative, Bug, DecodedEntry, Exception, JumpLabel, SiteRef, StaticCall};

use super::{ContentKind, EntrySite, Refusal, UnitWriter};

/// What an entry means for the instruction it is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The instruction is digested as usual.
    Keep,
    /// The entry stands for the instruction.
    Replace,
}

impl<'data> UnitWriter<'_, 'data, '_> {
    /// Writes what the special entries of the instruction at `at` say.
    pub(super) fn entries(
        &mut self,
        site: &mut EntrySite<'_>,
        at: u64,
        entries: &[SiteRef],
    ) -> Result<Effect, Refusal> {
        let mut effect = Effect::Keep;
        for entry in entries {
            site.address = entry.address;
            site.delta = u8::try_from(entry.offset.saturating_sub(at)).unwrap_or(u8::MAX);
            let covering = self.cx.sites.covering(entry);
            site.covering = covering.ok_or_else(|| Refusal::new("more than 255 alternatives"))?;
            site.is_loaded = self.cx.sites.is_loaded(self.cx.elf, entry);
            let entry = self.cx.sites.entry(self.cx.elf, entry);
            let entry = entry.map_err(|why| Refusal::new(why.to_string()))?;
            site.has_static_call |= matches!(entry, DecodedEntry::StaticCall(_));
            if self.special(&entry, site)? == Effect::Replace {
                effect = Effect::Replace;
            }
        }
        site.delta = 0;
        site.is_loaded = true;
        if self.cx.sites.lists_static_calls && site.static_call().is_some() && !site.has_static_call
        {
            self.entry(ContentKind::StaticCall, site);
        }
        if site.calls_fentry() && !self.cx.sites.lists_mcount {
            self.traceable(site);
            effect = Effect::Replace;
        }
        Ok(effect)
    }

    fn special(
        &mut self,
        entry: &DecodedEntry<'data>,
        site: &EntrySite<'_>,
    ) -> Result<Effect, Refusal> {
        match entry {
            DecodedEntry::Alternative(alternative) => self.alternative(alternative, site)?,
            DecodedEntry::Bug(bug) => self.bug(bug, site)?,
            DecodedEntry::Exception(exception) => self.exception(exception, site)?,
            DecodedEntry::JumpLabel(label) => return self.jump_label(label, site),
            DecodedEntry::StaticCall(call) => self.static_call(call, site)?,
            DecodedEntry::ParavirtCall(call) => {
                self.entry(ContentKind::Alternative, site);
                self.streams.bytes(ContentKind::Alternative, call.what);
            }
            // The call can be `call __fentry__` or, after objtool or with `-mnop-mcount`, a NOP.
            DecodedEntry::Ftrace => {
                self.traceable(site);
                let calls = site.calls_fentry();
                return Ok(if calls { Effect::Replace } else { Effect::Keep });
            }
            DecodedEntry::LockPrefix => self.entry(ContentKind::Alternative, site),
            DecodedEntry::PatchableNops => self.patchable(site),
            DecodedEntry::UnwindHint(hint) => {
                self.entry(ContentKind::Instruction, site);
                self.streams.bytes(ContentKind::Instruction, hint.said);
            }
            DecodedEntry::Listed(listed) => {
                self.entry(ContentKind::Instruction, site);
                self.streams.bytes(ContentKind::Instruction, listed.table);
                self.streams.number(ContentKind::Instruction, listed.flags);
            }
        }
        Ok(Effect::Keep)
    }

    fn alternative(
        &mut self,
        alternative: &Alternative<'_>,
        site: &EntrySite<'_>,
    ) -> Result<(), Refusal> {
        let Alternative { feature, covered, length, padding, replacement } = alternative;
        self.entry(ContentKind::Alternative, site);
        self.streams.bytes(ContentKind::Alternative, feature);
        self.streams.byte(ContentKind::Alternative, *covered);
        self.covers(ContentKind::Alternative, site, *covered);
        self.streams.byte(ContentKind::Alternative, *length);
        if let Some(padding) = padding {
            self.streams.byte(ContentKind::Alternative, *padding);
        }
        match replacement {
            Some(reloc) => self.replacement(site, reloc, *length),
            None => Ok(()),
        }
    }

    /// Writes where the last byte is that the entry `covered` bytes from `site` on covers: it covers instructions.
    fn covers(&mut self, kind: ContentKind, site: &EntrySite<'_>, covered: u8) {
        self.streams.byte(kind, site.covering);
        let part = self.parts.get(usize::from(site.part)).filter(|_| covered > 0);
        if let Some(part) = part {
            let at = part.start.saturating_add(site.offset).saturating_add(u64::from(site.delta));
            let section = part.section;
            let last = at.saturating_add(u64::from(covered)).saturating_sub(1);
            self.streams.fixup(kind, section, last);
        }
    }

    /// Rule `line-number`: file and line are left out.
    fn bug(&mut self, bug: &Bug<'_>, site: &EntrySite<'_>) -> Result<(), Refusal> {
        self.entry(ContentKind::BugTable, site);
        self.streams.bytes(ContentKind::BugTable, bug.flags);
        match bug.format {
            Some(format) => self.field(ContentKind::BugTable, format),
            None => Ok(()),
        }
    }

    fn exception(
        &mut self,
        exception: &Exception<'_>,
        site: &EntrySite<'_>,
    ) -> Result<(), Refusal> {
        self.entry(ContentKind::ExceptionTable, site);
        self.field(ContentKind::ExceptionTable, exception.fixup)?;
        self.field(ContentKind::ExceptionTable, exception.handler)
    }

    fn jump_label(
        &mut self,
        label: &JumpLabel<'_>,
        site: &EntrySite<'_>,
    ) -> Result<Effect, Refusal> {
        let JumpLabel { target, key, flags } = label;
        self.entry(ContentKind::StaticKey, site);
        self.streams.number(ContentKind::StaticKey, flags.cast_unsigned());
        let length = if label.is_to_nop() { 0 } else { site.nop_length() };
        self.streams.byte(ContentKind::StaticKey, length);
        self.field(ContentKind::StaticKey, *target)?;
        self.reloc(ContentKind::StaticKey, key.kind, key.symbol, key.addend)?;
        let replaces = label.is_to_nop() && site.is_jump_or_nop();
        Ok(if replaces { Effect::Replace } else { Effect::Keep })
    }

    fn static_call(&mut self, call: &StaticCall, site: &EntrySite<'_>) -> Result<(), Refusal> {
        if self.is_derived(call, site) {
            return Ok(());
        }
        let Reloc { kind, symbol, addend, .. } = call.key;
        self.entry(ContentKind::StaticCall, site);
        self.streams.number(ContentKind::StaticCall, call.flags.cast_unsigned());
        self.reloc(ContentKind::StaticCall, kind, symbol, addend)
    }

    /// Rule `derived-static-call-site`: `call __SCT__x` with key `__SCK__x`, or in a module that cannot
    /// see the key the trampoline itself; the tail flag if it is a jump.
    fn is_derived(&self, call: &StaticCall, site: &EntrySite<'_>) -> bool {
        let Some((trampoline, is_call)) = site.static_call().filter(|_| site.is_exact()) else {
            return false;
        };
        let key = self.cx.elf.symbol(call.key.symbol);
        let name = key.name;
        let named = name.strip_prefix(b"__SCK__").or_else(|| name.strip_prefix(b"__SCT__"));
        named == Some(trampoline)
            && call.key.kind == RelocKind::Relative32
            && call.key.addend == 0
            && call.flags == if is_call { 0 } else { StaticCall::TAIL }
    }
}
