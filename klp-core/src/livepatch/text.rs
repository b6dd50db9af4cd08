//! Texts that the running kernel has as well: what takes the address of one gets the kernel's.

use crate::arch::Access;
use crate::kernel::{Kernel, Strings};

use super::pieces::Piece;
use super::resolve::{Resolver, Site, Use};
use super::target::Target;

/// The start of the kernel's constants, and the addend with which `site`, which takes the address of something `addend`
/// bytes behind the start of `piece`, gets the kernel's text instead; none where that is no text of the kernel.
pub(super) fn of_kernel(
    kernel: &Kernel,
    resolver: &Resolver<'_, '_>,
    site: &Site,
    (piece, addend): (Piece, i64),
) -> Option<(Target, i64)> {
    if resolver.source.linked != "vmlinux" || site.usage != Use::Operand(Access::Open) {
        return None;
    }
    let section = resolver.elf().section(piece.section).filter(|section| section.is_strings() && section.entsize == 1)?;
    let start = piece.start.checked_add_signed(addend.checked_add(site.bias)?)?;
    let rest = section.bytes(start, section.size.checked_sub(start)?)?;
    let text = rest.get(..=rest.iter().position(|byte| *byte == 0)?)?;
    let found = kernel.strings.find(text)?;
    let target = kernel.unexported(Strings::START)?.ok()?;
    Some((target, found.checked_sub(site.bias)?))
}
