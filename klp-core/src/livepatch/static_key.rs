//! Jump labels whose key lives in a module. They are set up when the livepatch is loaded, and the key
//! may not be there yet. Tracepoints and dynamic debug stay off in the replaced function; any other
//! key is a reason to refuse.

use crate::arch::patching;
use crate::elf::{Place, Symbol};
use crate::kernel::Kernel;
use crate::record::Note;

use super::pieces::Piece;
use super::resolve::{Meaning, Outside, Resolver, Site, Use};
use super::target::Target;
use super::why::Why;

/// Bit 1 of the key's addend: the instruction is a jump that is to become a NOP
/// (`arch/x86/include/asm/jump_label.h`, Linux 5.14).
const TO_NOP: i64 = 2;
const KEY: u64 = 8;

/// A jump label that is left out.
pub(super) struct Dropped {
    /// The key, and the module that it lives in.
    key: (String, String),
    /// The jump that must not be taken, as section offset and length.
    jump: Option<(u64, u8)>,
}

impl Dropped {
    /// What becomes of the code behind it in `object`.
    pub(super) fn note(&self, object: &str) -> Note {
        let (key, module) = &self.key;
        let why = format!("it lives in module {module}, and stays off in replaced functions");
        Note::new("static-key", object, key, why)
    }

    /// The NOP in its place, relative to `code`.
    pub(super) fn edit(&self, code: Piece) -> Option<(u64, Vec<u8>)> {
        let (offset, len) = self.jump?;
        Some((offset.checked_sub(code.start)?, patching::nop(len)))
    }
}

/// Whether the table entry `entry` is a jump label that must be left out.
pub(super) fn of_module(
    kernel: &Kernel,
    resolver: &Resolver<'_, '_>,
    entry: Piece,
) -> Result<Option<Dropped>, Why> {
    let elf = &resolver.source.patched.analysis.elf;
    let Some(section) = elf.section(entry.section).filter(|table| table.name == b"__jump_table")
    else {
        return Ok(None);
    };
    let reloc =
        section.relocs.at(entry.start.saturating_add(KEY)).ok_or("a jump label without a key")?;
    let (meaning, _) = resolver.resolve(&Site { reloc, usage: Use::Table, bias: 0 })?;
    let source = resolver.source;
    let (target, name) = match meaning {
        Meaning::Kernel(Outside::Global(name)) => match kernel.global(source.linked, name) {
            Some(target) => (target?, String::from_utf8_lossy(name).into_owned()),
            None => return Ok(None),
        },
        Meaning::Kernel(Outside::Local(symbol)) => {
            let running = source.running().ok_or("an object without original")?;
            let name = running.analysis.elf.symbol(symbol).map(Symbol::name_lossy);
            let target = kernel.local(source, symbol)?;
            (target, name.unwrap_or_default().into_owned())
        }
        // The kernel's own keys are set up before any module is there.
        Meaning::Kernel(Outside::Moved(..)) if source.linked != "vmlinux" => {
            return Err("the patch moves the key of a jump label of a module".into());
        }
        Meaning::Kernel(Outside::Moved(..)) | Meaning::Copy(_) | Meaning::Number => {
            return Ok(None);
        }
    };
    let Target::Livepatch(symbol) = target else { return Ok(None) };
    if symbol.object == "vmlinux" {
        return Ok(None);
    }
    if !name.starts_with("__tracepoint_") {
        return Err(format!(
            "it tests the static key {name}, which lives in module {}",
            symbol.object
        ));
    }
    Ok(Some(Dropped { key: (name, symbol.object), jump: jump(resolver, entry, reloc.addend)? }))
}

/// The jump at the label, if it is one that only objtool or the kernel turns into a NOP.
fn jump(resolver: &Resolver<'_, '_>, entry: Piece, addend: i64) -> Result<Option<(u64, u8)>, Why> {
    if addend & TO_NOP == 0 {
        return Ok(None);
    }
    let elf = &resolver.source.patched.analysis.elf;
    let place = elf.section(entry.section).and_then(|table| {
        let reloc = table.relocs.at(entry.start)?;
        let symbol = elf.symbol(reloc.symbol)?;
        let Place::Section(section) = symbol.place else { return None };
        let offset = symbol.value.checked_add_signed(reloc.addend)?;
        Some((offset, elf.section(section)?.bytes(offset, 1)?))
    });
    let (offset, code) = place.ok_or("a jump label without code")?;
    Ok(patching::jump(code).map(|length| (offset, length)))
}
