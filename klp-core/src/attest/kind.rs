//! What memory a place is in, as far as that decides who may use it and how.

use crate::elf::Section;

/// The kinds that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MemoryKind {
    /// Instructions.
    Text,
    /// Instructions that are gone once the kernel or module has started.
    FreedText,
    /// Data that nobody writes.
    Constant,
    /// Data.
    Data,
    /// Data that is gone once the kernel or module has started.
    FreedData,
    /// A variable of each processor.
    PerCpu,
    /// Data that cannot be written once the kernel or module has started.
    RoAfterInit,
}

/// The one section in which the module loader looks for variables of each processor.
pub(super) const PER_CPU: &[u8] = b".data..percpu";
/// The one of data to be made read-only.
const RO_AFTER_INIT: &[u8] = b".data..ro_after_init";

impl MemoryKind {
    /// That of an object's or module's section, by its name (`include/linux/init.h`, `cache.h`,
    /// `percpu-defs.h`, `asm-generic/vmlinux.lds.h`) and flags.
    pub(super) fn of(section: &Section<'_>) -> Self {
        Self::of_named(section.name, section.is_code(), section.is_writable())
    }

    pub(super) fn of_named(name: &[u8], is_code: bool, is_writable: bool) -> Self {
        let starts = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        if starts(&[b".init.", b".exit."]) && !name.starts_with(b".init.klp") {
            return if is_code { Self::FreedText } else { Self::FreedData };
        }
        if starts(&[PER_CPU]) {
            Self::PerCpu
        } else if starts(&[RO_AFTER_INIT]) {
            Self::RoAfterInit
        } else if is_code {
            Self::Text
        } else if is_writable && !starts(&[b".data.rel.ro", b".rodata"]) {
            Self::Data
        } else {
            Self::Constant
        }
    }

    /// Whether the memory is given back.
    pub(super) fn is_freed(self) -> bool {
        matches!(self, Self::FreedText | Self::FreedData)
    }

    /// The section of a module where such a variable must be for the loader to treat it as one.
    pub(super) fn needs(self) -> Option<&'static [u8]> {
        match self {
            Self::PerCpu => Some(PER_CPU),
            Self::RoAfterInit => Some(RO_AFTER_INIT),
            _ => None,
        }
    }

    /// For people.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Text => "code",
            Self::FreedText => "code that is freed after the start",
            Self::Constant => "a constant",
            Self::Data => "data",
            Self::FreedData => "data that is freed after the start",
            Self::PerCpu => "a variable of each processor",
            Self::RoAfterInit => "data that is read-only after the start",
        }
    }
}
