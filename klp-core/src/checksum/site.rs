//! The instruction that a special entry is attached to.

use crate::arch::Form;
use crate::elf::RelocKind;

/// The instruction that a special entry is attached to.
pub(crate) struct EntrySite<'a> {
    /// Index of the part, and of the next instruction that counts.
    pub(super) part: u8,
    pub(super) index: u32,
    pub(super) offset: u64,
    /// How the entry points to the instruction: the relocation, and how far into it (0 for all that
    /// is well formed).
    pub(super) address: RelocKind,
    pub(super) delta: u8,
    /// Whether the entry is there when the kernel runs.
    pub(super) is_loaded: bool,
    /// How many entries that stand before it in their table replace some of the same code.
    pub(super) covering: u8,
    pub(super) has_static_call: bool,
    pub(super) len: u8,
    pub(super) form: Form,
    pub(super) branch_symbol: Option<&'a [u8]>,
    pub(super) short_or_near_jump: bool,
}

impl<'a> EntrySite<'a> {
    /// The symbol that a direct branch goes to through a relocation, and whether it is a call.
    pub(crate) fn branch_symbol(&self) -> Option<(&'a [u8], bool)> {
        let Form::Branch { call, .. } = self.form else { return None };
        Some((self.branch_symbol?, call))
    }

    pub(crate) fn calls_fentry(&self) -> bool {
        self.branch_symbol() == Some((b"__fentry__", true))
    }

    /// The name behind `__SCT__` and whether it is a call, for a direct branch to a static call's
    /// trampoline.
    pub(crate) fn static_call(&self) -> Option<(&'a [u8], bool)> {
        let (symbol, call) = self.branch_symbol()?;
        Some((symbol.strip_prefix(b"__SCT__")?, call))
    }

    /// The length of a NOP, 0 for anything else.
    pub(crate) fn nop_length(&self) -> u8 {
        if self.form == Form::Nop { self.len } else { 0 }
    }

    /// Whether the entry is loaded and points to the instruction as the kernel's own tools do.
    pub(crate) fn is_exact(&self) -> bool {
        self.is_loaded && self.delta == 0 && self.address == RelocKind::Relative32
    }

    pub(crate) fn is_jump_or_nop(&self) -> bool {
        self.form == Form::Nop || self.short_or_near_jump
    }
}
