//! Calls to ftrace that objtool has made NOPs (`--mnop`), in what an LTO build linked. objtool makes
//! `__mcount_loc` of the livepatch from the calls, so they are put back.

use crate::arch::Arch;
use crate::elf::{Place, RelocKind};
use crate::kernel::LinkedKernel;

use super::copy::{CopiedPiece, Link, OutReloc};
use super::pieces::Piece;
use super::resolve::Resolver;
use super::why::ReasonText;

/// Where in `code` the NOP is that the table entry `entry` says; none if it is no such entry.
pub(super) fn nop<A: Arch>(resolver: &Resolver<'_, '_>, entry: Piece, code: Piece) -> Option<u64> {
    let elf = &resolver.source.patched.analysis.elf;
    let table = Some(elf.section(entry.section)).filter(|table| table.name == b"__mcount_loc")?;
    let reloc = table.relocs.at(entry.start)?;
    let Place { section, offset } = elf.place_of(&reloc)?;
    let section = elf.section(section);
    let mut relocs = section.relocs.within(offset, offset.checked_add(A::NO_CALL.len() as u64)?);
    let was_call = relocs.any(|reloc| reloc.kind == RelocKind::None);
    let is_nop = section.bytes(offset, A::NO_CALL.len() as u64)? == A::NO_CALL;
    (was_call && is_nop).then(|| offset.checked_sub(code.start))?
}

impl CopiedPiece {
    /// Puts the call back at `offset`. The code is linked into `linked`.
    pub(super) fn call_fentry<A: Arch>(
        &mut self,
        kernel: &LinkedKernel,
        linked: &str,
        offset: u64,
    ) -> Result<(), ReasonText> {
        let target = kernel.global(linked, b"__fentry__").ok_or("there is no __fentry__")??;
        let distance = A::CALL_DISTANCE;
        self.replace(offset, A::CALL.to_vec());
        self.relocs.push(OutReloc {
            offset: offset.saturating_add(u64::from(distance.offset)),
            raw: A::BRANCH,
            link: Link::Kernel(target),
            // The processor counts from behind the call.
            addend: -i64::from(distance.mask.width),
        });
        Ok(())
    }
}
