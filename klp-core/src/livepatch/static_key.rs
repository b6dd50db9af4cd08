//! Jump labels whose key lives in a module. They are set up when the livepatch is loaded, and the key
//! may not be there yet. Tracepoints and dynamic debug stay off in the replaced function; any other
//! key is a reason to refuse.

use crate::arch::{Arch, for_machine};
use crate::kernel::LinkedKernel;
use crate::record::Note;
use crate::tables::{DecodedEntry, JumpLabel};

use super::pieces::Piece;
use super::resolve::{OriginalSymbol, RelocMeaning, RelocSite, RelocUse, Resolver};
use super::target::LinkTarget;
use super::why::ReasonText;

/// A jump label that is left out.
pub(super) struct DroppedJumpLabel {
    /// The key, and the module that it lives in.
    key: (String, String),
    /// The jump that must not be taken, as section offset and the NOP for its place.
    jump: Option<(u64, &'static [u8])>,
}

impl DroppedJumpLabel {
    /// What becomes of the code behind it in `object`.
    pub(super) fn note(&self, object: &str) -> Note {
        let (key, module) = &self.key;
        let why = format!("it lives in module {module}, and stays off in replaced functions");
        Note::new("static-key", object, key, why)
    }

    /// The NOP in its place, relative to `code`.
    pub(super) fn edit(&self, code: Piece) -> Option<(u64, Vec<u8>)> {
        let (offset, nop) = self.jump?;
        Some((offset.checked_sub(code.start)?, nop.to_vec()))
    }
}

/// Whether the table entry `entry` is a jump label that must be left out.
pub(super) fn of_module(
    kernel: &LinkedKernel,
    resolver: &Resolver<'_, '_>,
    entry: Piece,
) -> Result<Option<DroppedJumpLabel>, ReasonText> {
    let analysis = &resolver.source.patched.analysis;
    let said = analysis.sites.entry_at(&analysis.elf, entry.section, entry.start);
    let said = said.transpose().map_err(|problem| problem.to_string())?;
    let Some(DecodedEntry::JumpLabel(label)) = said else { return Ok(None) };
    let (meaning, _) =
        resolver.resolve(&RelocSite { reloc: label.key, usage: RelocUse::Table, bias: 0 })?;
    let source = resolver.source;
    let (target, name) = match meaning {
        RelocMeaning::Kernel(OriginalSymbol::Global(name)) => {
            match kernel.global(source.linked, name) {
                Some(target) => (target?, String::from_utf8_lossy(name).into_owned()),
                None => return Ok(None),
            }
        }
        RelocMeaning::Kernel(OriginalSymbol::Local(symbol)) => {
            let running = source.running().ok_or("an object without original")?;
            let name = running.analysis.elf.symbol(symbol).name_lossy();
            let target = kernel.local(source, symbol)?;
            (target, name.into_owned())
        }
        // The kernel's own keys are set up before any module is there.
        RelocMeaning::Kernel(OriginalSymbol::Moved(..)) if source.linked != "vmlinux" => {
            return Err("the patch moves the key of a jump label of a module".into());
        }
        RelocMeaning::Kernel(OriginalSymbol::Moved(..))
        | RelocMeaning::Copy(_)
        | RelocMeaning::Number => {
            return Ok(None);
        }
    };
    let LinkTarget::Livepatch(symbol) = target else { return Ok(None) };
    if symbol.object == "vmlinux" {
        return Ok(None);
    }
    if !name.starts_with("__tracepoint_") {
        return Err(format!(
            "it tests the static key {name}, which lives in module {}",
            symbol.object
        ));
    }
    let jump = for_machine!(analysis.elf.machine, A => jump::<A>(resolver, entry, &label))?;
    Ok(Some(DroppedJumpLabel { key: (name, symbol.object), jump }))
}

/// The jump at the label, if it is one that only objtool or the kernel turns into a NOP.
fn jump<A: Arch>(
    resolver: &Resolver<'_, '_>,
    entry: Piece,
    label: &JumpLabel<'_>,
) -> Result<Option<(u64, &'static [u8])>, ReasonText> {
    if !label.is_to_nop() {
        return Ok(None);
    }
    let analysis = &resolver.source.patched.analysis;
    let place = analysis.sites.owner(&analysis.elf, entry.section, entry.start);
    let code = place.and_then(|(section, offset, _)| {
        Some((offset, analysis.elf.section(section).bytes(offset, 1)?))
    });
    let (offset, code) = code.ok_or("a jump label without code")?;
    Ok(A::jump(code).map(|length| (offset, A::no_jump(length))))
}
