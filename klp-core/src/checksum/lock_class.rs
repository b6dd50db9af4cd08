//! Lock class keys by what takes them.
//!
//! Without lockdep a `struct lock_class_key` has no size, and shares its place with whatever stands behind it. Where
//! that is a variable whose address is taken as well, nothing at the place tells which of both a reference means. The
//! function that gets the address does: those below take a key and nothing else.

use crate::arch::{Arch as _, for_machine};
use crate::elf::{Definition, ElfObject, Place, RelocKind, SectionId, SymbolId};
use crate::layout::Layout;

use super::fields::distance;

/// Functions of the kernel, and which of their arguments is a lock class key, in 6.1 and in 7.2 (`include/linux/mutex.h`,
/// `rwsem.h`, `wait.h`, `swait.h`, `kthread.h`, `percpu-rwsem.h`, `rtmutex.h`, `tty_ldisc.h`, `srcu.h`,
/// `ring_buffer.h`, `percpu_counter.h`, `rhashtable-types.h`, `blkdev.h`, `blk-mq.h`). Where the number depends on the
/// version, what the other version has there is no address.
const TAKE_A_KEY: [(&[u8], usize); 21] = [
    (b"__alloc_disk_node", 3),
    (b"__blk_alloc_disk", 2),
    (b"__blk_alloc_disk", 3),
    (b"__blk_mq_alloc_disk", 4),
    (b"__init_ldsem", 3),
    (b"__init_rwsem", 3),
    (b"__init_srcu_struct", 3),
    (b"__init_srcu_struct_fast", 3),
    (b"__init_srcu_struct_fast_updown", 3),
    (b"__init_swait_queue_head", 3),
    (b"__init_waitqueue_head", 3),
    (b"__kthread_init_worker", 3),
    (b"__mutex_init", 3),
    (b"__percpu_counter_init", 4),
    (b"__percpu_counter_init_many", 5),
    (b"__percpu_init_rwsem", 3),
    (b"__rhashtable_init_noprof", 3),
    (b"__rhltable_init_noprof", 3),
    (b"__ring_buffer_alloc", 3),
    (b"__ring_buffer_alloc_remote", 2),
    (b"__rt_mutex_init", 3),
];

/// The key whose address the instruction at `at` of `section` loads, if `symbol + addend` is where one stands: its
/// symbol, section and offset.
pub(super) fn key(
    elf: &ElfObject<'_>,
    layout: &Layout,
    Place { section, offset: at }: Place,
    (symbol, addend): (SymbolId, i64),
) -> Option<(SymbolId, SectionId, u64)> {
    if layout.empty_objects().is_empty() {
        return None;
    }
    let symbol = elf.symbol(symbol);
    let Definition::Section(data) = symbol.place else { return None };
    let offset = symbol.value.checked_add_signed(addend)?;
    let empty = layout.empty_at(data, offset)?;
    is_taken(elf, section, at).then_some((empty, data, offset))
}

/// Whether what the instruction at `at` of `section` loads goes to one that takes a key.
fn is_taken(elf: &ElfObject<'_>, section: SectionId, at: u64) -> bool {
    let header = elf.section(section);
    let code = header.bytes(at, header.size.saturating_sub(at).min(256)).unwrap_or_default();
    let Some(taken) = for_machine!(elf.machine, A => A::taken(code)) else { return false };
    let (start, end) = (at.saturating_add(taken.start as u64), at.saturating_add(taken.end as u64));
    let mut relocs = header.relocs.within(start, end);
    relocs.any(|reloc| {
        let name = elf.symbol(reloc.symbol).name;
        reloc.kind == RelocKind::Relative32
            && distance(&reloc, end) == Some(0)
            && TAKE_A_KEY.binary_search(&(name, taken.argument)).is_ok()
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
