//! Weak symbols that nobody defines: their address is 0, and what they would do is behind a test for that.

use crate::arch::Arch;
use crate::elf::{Definition, RelocKind, Section};

use super::resolve::{RelocSite, RelocUse, Resolver};
use super::why::ReasonText;

/// What becomes of a reference to such a symbol.
pub(super) enum AbsentSymbol {
    /// The address 0, plus the addend.
    Zero,
    /// These bytes are in the place of the call, at an offset of its section.
    Call(u64, Vec<u8>),
}

/// Whether `site` refers to a weak symbol that its object does not define.
pub(super) fn is_weak(resolver: &Resolver<'_, '_>, site: &RelocSite) -> bool {
    let symbol = resolver.source.patched.analysis.elf.symbol(site.reloc.symbol);
    symbol.weak && symbol.place == Definition::Undefined
}

/// What `site` in `section` becomes if nobody defines its symbol.
pub(super) fn reference<A: Arch>(
    section: &Section<'_>,
    site: &RelocSite,
) -> Result<AbsentSymbol, ReasonText> {
    match (site.usage, site.reloc.kind) {
        (RelocUse::Branch, _) => {
            let start = site.reloc.offset.checked_sub(u64::from(A::CALL_DISTANCE.offset));
            let code = |at: u64| section.range(at, section.size);
            let start = start.filter(|at| code(*at).is_some_and(A::is_call));
            let start = start.ok_or("a jump to a weak symbol that nobody defines")?;
            Ok(AbsentSymbol::Call(start, A::NO_CALL.to_vec()))
        }
        (_, RelocKind::Abs64 | RelocKind::Abs32 | RelocKind::Abs32Signed) => Ok(AbsentSymbol::Zero),
        _ => Err("the distance to a weak symbol that nobody defines".into()),
    }
}
