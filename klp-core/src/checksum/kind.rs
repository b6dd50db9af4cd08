//! The kinds of content that a function's digest is made of.

use bitcode::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a stretch of a function's content is. A cause of a change names one of these.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    Encode,
    Decode,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum ContentKind {
    /// Opcodes, registers, plain operands, branches inside the function.
    Instruction = 1,
    /// What the code refers to by name.
    Relocation = 2,
    /// Text that the code refers to.
    String = 3,
    /// Other unnamed data that the code refers to.
    Constant = 4,
    /// Tables of places in the function.
    JumpTable = 5,
    /// Alternatives and paravirt sites, with their replacement code.
    Alternative = 6,
    /// BUG and WARN sites.
    BugTable = 7,
    /// Exception fixups.
    ExceptionTable = 8,
    /// Static keys at jump labels.
    StaticKey = 9,
    /// Static call sites that do not follow from the call.
    StaticCall = 10,
    /// The call to ftrace at the function's start.
    Traceable = 11,
    /// The stretch in front of the function: the kCFI type.
    Prefix = 12,
    /// Instructions of the cold part.
    ColdPart = 13,
    /// The size of a data object.
    Size = 14,
    /// What the section means: code or data that is freed after boot, must not be traced, becomes read-only, ...
    Section = 15,
    /// The alignment of a data object.
    Alignment = 16,
    /// The place among the entries of a table that the linker puts together.
    Order = 17,
    /// What control runs on into behind the end of the function.
    FallThrough = 18,
    /// The digests are equal, and the second opinion cannot prove that both versions are.
    Unproven = 19,
}

impl ContentKind {
    /// All kinds, in the order in which they enter a digest. Never renumber; add at the end.
    pub const ALL: [Self; 19] = [
        Self::Instruction,
        Self::Relocation,
        Self::String,
        Self::Constant,
        Self::JumpTable,
        Self::Alternative,
        Self::BugTable,
        Self::ExceptionTable,
        Self::StaticKey,
        Self::StaticCall,
        Self::Traceable,
        Self::Prefix,
        Self::ColdPart,
        Self::Size,
        Self::Section,
        Self::Alignment,
        Self::Order,
        Self::FallThrough,
        Self::Unproven,
    ];

    /// The rule of [`crate::rules`] that says what is left out of this kind, where something is.
    #[must_use]
    pub fn rule(self) -> Option<&'static str> {
        match self {
            Self::Instruction | Self::ColdPart => Some("branch-encoding"),
            Self::Constant | Self::Alternative | Self::Prefix => Some("padding"),
            Self::BugTable => Some("line-number"),
            Self::StaticKey => Some("jump-label-instruction"),
            Self::StaticCall => Some("derived-static-call-site"),
            Self::Traceable => Some("ftrace-call"),
            Self::Relocation | Self::Section | Self::Order => Some("place"),
            Self::String
            | Self::JumpTable
            | Self::ExceptionTable
            | Self::Size
            | Self::Alignment
            | Self::FallThrough
            | Self::Unproven => None,
        }
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self as u8 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_are_named_are_there() {
        for rule in ContentKind::ALL.into_iter().filter_map(ContentKind::rule) {
            assert!(crate::rules::RULES.iter().any(|known| known.name == rule), "{rule}");
        }
    }
}
