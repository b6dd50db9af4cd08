//! The texts of a linked kernel, so that a livepatch need not bring its own of what the kernel has.
//!
//! A pointer to a text can be kept for longer than the livepatch is there, and the kernel asks of some whether they are
//! its own constants: `kfree_const` frees all others (`is_kernel_rodata` in include/asm-generic/sections.h).

use std::sync::Arc;

use memchr::memmem;

use crate::module::RawElf;

/// The constants of a linked kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    bytes: Arc<[u8]>,
    /// How far behind [`Strings::START`] they start.
    from: u64,
}

impl Strings {
    /// What a linker script calls the start of a kernel's constants.
    pub(crate) const START: &[u8] = b"__start_rodata";

    /// Those of `vmlinux`; none where it does not tell where they are.
    #[must_use]
    pub fn of(vmlinux: &RawElf<'_>) -> Self {
        let start = vmlinux.symbols.iter().find(|symbol| symbol.name == Self::START);
        let section = vmlinux.section_named(".rodata").filter(|section| section.is_allocated());
        let found = start.zip(section).and_then(|(start, section)| {
            let from = section.address.checked_sub(start.value)?;
            Some(Self { bytes: section.data.into(), from })
        });
        found.unwrap_or_default()
    }

    /// How far behind [`Strings::START`] the kernel has `text`, which ends with a zero byte.
    pub(crate) fn find(&self, text: &[u8]) -> Option<i64> {
        let at = u64::try_from(memmem::find(&self.bytes, text)?).ok()?;
        i64::try_from(self.from.checked_add(at)?).ok()
    }
}
