//! `.static_call_sites`: objtool's list of static calls. Entry, 8 bytes: s32 address, s32 key; the
//! key's low bits are flags (`include/linux/static_call_types.h`).

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};
use crate::elf::{Reloc, RelocKind};

pub(crate) const READER: Reader =
    Reader { section: ".static_call_sites", sizes: &[8], length: None, write };

const KEY: u64 = 4;
const FLAGS: i64 = 3;
const TAIL: i64 = 1;

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    let key = entry.reloc(KEY).ok_or_else(|| Refusal::new("a static call site without a key"))?;
    if !is_derived(unit, site, &key) {
        let flags = key.addend & FLAGS;
        unit.entry(Kind::StaticCall, site);
        unit.number(Kind::StaticCall, flags.cast_unsigned());
        unit.reloc(Kind::StaticCall, key.kind, key.symbol, key.addend.wrapping_sub(flags))?;
    }
    Ok(Effect::Keep)
}

/// Rule `derived-static-call-site`: `call __SCT__x` with key `__SCK__x`, or in a module that cannot
/// see the key the trampoline itself; the tail flag if it is a jump.
fn is_derived(unit: &Unit<'_, '_, '_>, site: &Site<'_>, reloc: &Reloc) -> bool {
    let Some((tramp, call)) = site.static_call().filter(|_| site.is_exact()) else { return false };
    let Some(key) = unit.elf().symbol(reloc.symbol) else { return false };
    let named = key.name.strip_prefix(b"__SCK__").or_else(|| key.name.strip_prefix(b"__SCT__"));
    named == Some(tramp)
        && reloc.kind == RelocKind::Relative32
        && reloc.addend == if call { 0 } else { TAIL }
}
