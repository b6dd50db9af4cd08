//! Which tables describe instructions.

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum TableKind {
    Alternatives,
    Bugs,
    Exceptions,
    JumpLabels,
    StaticCalls,
    Paravirt,
    Tracing,
    Locks,
    Patchable,
    UnwindHints,
    /// One without a known layout, each word of which is a place.
    Places,
}

impl TableKind {
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b".altinstructions" => Self::Alternatives,
            b"__bug_table" => Self::Bugs,
            b"__ex_table" => Self::Exceptions,
            b"__jump_table" => Self::JumpLabels,
            b".static_call_sites" => Self::StaticCalls,
            b".parainstructions" => Self::Paravirt,
            b"__mcount_loc" => Self::Tracing,
            b".smp_locks" => Self::Locks,
            b"__patchable_function_entries" => Self::Patchable,
            b".discard.unwind_hints" => Self::UnwindHints,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alternatives => ".altinstructions",
            Self::Bugs => "__bug_table",
            Self::Exceptions => "__ex_table",
            Self::JumpLabels => "__jump_table",
            Self::StaticCalls => ".static_call_sites",
            Self::Paravirt => ".parainstructions",
            Self::Tracing => "__mcount_loc",
            Self::Locks => ".smp_locks",
            Self::Patchable => "__patchable_function_entries",
            Self::UnwindHints => ".discard.unwind_hints",
            Self::Places => "a table of places",
        }
    }

    /// Made by objtool in a last step: an object without the whole section has not come there yet.
    pub(super) fn can_lack(self) -> bool {
        matches!(self, Self::UnwindHints | Self::Tracing)
    }

    /// Whether a NOP that it describes is an instruction of its own. The others describe what is none.
    pub(super) fn counts_nop(self) -> bool {
        self != Self::UnwindHints
    }
}
