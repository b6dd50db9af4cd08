//! Lock class keys by what takes them.
//!
//! Without lockdep a `struct lock_class_key` has no size, and shares its place with whatever stands behind it. Where
//! that is a variable whose address is taken as well, nothing at the place tells which of both a reference means. The
//! function that gets the address does: those below take a key and nothing else.

use crate::arch;
use crate::elf::{ElfObject, Place, RelocKind};
use crate::layout::Layout;

use super::fields::distance;

/// Functions of the kernel whose third argument is a lock class key, in 6.1 and in 7.2 (`include/linux/mutex.h`,
/// `rwsem.h`, `wait.h`, `swait.h`, `kthread.h`, `percpu-rwsem.h`, `rtmutex.h`, `tty_ldisc.h`, `srcu.h`,
/// `ring_buffer.h`).
const TAKE_A_KEY: [&[u8]; 12] = [
    b"__init_ldsem",
    b"__init_rwsem",
    b"__init_srcu_struct",
    b"__init_srcu_struct_fast",
    b"__init_srcu_struct_fast_updown",
    b"__init_swait_queue_head",
    b"__init_waitqueue_head",
    b"__kthread_init_worker",
    b"__mutex_init",
    b"__percpu_init_rwsem",
    b"__ring_buffer_alloc",
    b"__rt_mutex_init",
];

/// The key whose address the instruction at `at` of `section` loads, if `symbol + addend` is where one stands: its
/// symbol, section and offset.
pub(super) fn key(
    elf: &ElfObject<'_>,
    layout: &Layout,
    (section, at): (u32, u64),
    (symbol, addend): (u32, i64),
) -> Option<(u32, u32, u64)> {
    if layout.empty_objects().is_empty() {
        return None;
    }
    let symbol = elf.symbol(symbol)?;
    let Place::Section(data) = symbol.place else { return None };
    let offset = symbol.value.checked_add_signed(addend)?;
    let empty = layout.empty_at(data, offset)?;
    is_taken(elf, section, at).then_some((empty, data, offset))
}

/// Whether what the instruction at `at` of `section` loads goes to one that takes a key.
fn is_taken(elf: &ElfObject<'_>, section: u32, at: u64) -> bool {
    let Some(header) = elf.section(section) else { return false };
    let code = header.bytes(at, header.size.saturating_sub(at).min(256)).unwrap_or_default();
    let Some((start, end)) = arch::argument::third_of_call(code) else { return false };
    let (start, end) = (at.saturating_add(start as u64), at.saturating_add(end as u64));
    let mut relocs = header.relocs.within(start, end);
    relocs.any(|reloc| {
        let name = elf.symbol(reloc.symbol).map(|symbol| symbol.name);
        reloc.kind == RelocKind::Relative32
            && distance(&reloc, end) == Some(0)
            && name.is_some_and(|name| TAKE_A_KEY.binary_search(&name).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(TAKE_A_KEY.is_sorted());
    }
}
