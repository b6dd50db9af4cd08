//! What the section means that something stands in.
//!
//! Most sections only say how a compiler or linker likes to sort. Others decide what becomes of their content: it
//! is freed after boot, made read-only, copied for each processor, not traced, or an entry of a table that the
//! linker puts together. Sources: `include/asm-generic/vmlinux.lds.h` and `arch/x86/kernel/vmlinux.lds.S` (6.1 to 7.2).

use crate::elf::{Section, SectionClass};

/// Code that means nothing but code wherever it stands. What follows a dot is the compiler's.
const PLAIN_CODE: &[&[u8]] = &[b".text", b".ref.text"];

/// The same of data that can be written. Zeroed memory is not told from other data.
const PLAIN_DATA: &[&[u8]] = &[
    b".data",
    b".bss",
    b".sbss",
    b"COMMON",
    b".ldata",
    b".lbss",
    b".ref.data",
    b".data..read_mostly",
    b".data..cacheline_aligned",
];

/// The same of data that cannot be written.
const PLAIN_CONSTANTS: &[&[u8]] = &[b".rodata", b".data.rel.ro", b".lrodata", b".ref.rodata"];

/// Variables that each processor has a copy of, and where the linker puts some of them.
const PER_CPU: &[u8] = b".data..percpu";
const SORTED_PER_CPU: &[u8] = b".data..percpu..read_mostly";

/// Flags of what was printed once, which a debugfs file clears, and what they stood in up to Linux 6.12.
const ONCE: &[u8] = b".data..once";
const EARLIER_ONCE: &[u8] = b".data.once";

/// Sections whose names go on with what the compiler or assembler appends to them.
const EXTENDED: &[&[u8]] = &[
    b".init.text",
    b".exit.text",
    b".noinstr.text",
    b".entry.text",
    b".kprobes.text",
    b".sched.text",
    b".cpuidle.text",
    b".irqentry.text",
    b".softirqentry.text",
    b".spinlock.text",
    b".lock.text",
    b".head.text",
    b".init.data",
    b".init.rodata",
    b".init.bss",
    b".exit.data",
    b".meminit.text",
    b".memexit.text",
    b".meminit.data",
    b".memexit.data",
];

/// What a section holds, as far as its flags say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionContent {
    /// Instructions.
    Code,
    /// Data that can be written.
    Data,
    /// Data that cannot.
    Constants,
}

/// What the section's name means, beside what its flags say: nothing, or the name itself.
#[must_use]
pub fn of<'data>(section: &Section<'data>) -> &'data [u8] {
    of_name(section.name, holds(section))
}

/// The same of a section that is known by its name.
#[must_use]
pub fn of_name(name: &[u8], holds: SectionContent) -> &[u8] {
    let plain = match holds {
        SectionContent::Code => PLAIN_CODE,
        SectionContent::Data => PLAIN_DATA,
        SectionContent::Constants => PLAIN_CONSTANTS,
    };
    if name == EARLIER_ONCE {
        return ONCE;
    }
    if plain.iter().any(|start| extends(start, name)) {
        return b"";
    }
    if name == SORTED_PER_CPU {
        return PER_CPU;
    }
    if let Some(level) = initcall_level(name) {
        return level;
    }
    let known = EXTENDED.iter().find(|start| extends(start, name));
    known.and_then(|start| name.get(..start.len())).unwrap_or(name)
}

fn holds(section: &Section<'_>) -> SectionContent {
    if section.is_code() {
        SectionContent::Code
    } else if section.is_writable() || section.class == SectionClass::Zeroed {
        SectionContent::Data
    } else {
        SectionContent::Constants
    }
}

/// `.initcall2.init` of `.initcall2.init..kmod_MODULE__COUNTER_LINE_FUNCTION`: in a kernel with LTO, each initcall has a
/// section of its own, and a linker script puts those of one level together (`___initcall_id` of `include/linux/init.h`).
pub(crate) fn initcall_level(name: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b".init";
    const OWN: &[u8] = b".init..kmod_";
    let at = name.windows(OWN.len()).position(|part| part == OWN)?;
    let level = name.get(..at.checked_add(END.len())?)?;
    level.windows(8).any(|part| part == b"initcall").then_some(level)
}

/// Whether `name` is `start`, or with what a compiler puts behind it: `.data.count`, `.rodata..L__const.f`,
/// `.data..L__unnamed_1`, `.data..Lubsan_type1`, `.data..compoundliteral.3`. A second dot elsewhere (`.data..percpu`) is a
/// section of the kernel's.
fn extends(start: &[u8], name: &[u8]) -> bool {
    match name.strip_prefix(start) {
        Some([b'.', b'.', rest @ ..]) => {
            start == b".rodata" || rest.starts_with(b"L") || rest.starts_with(b"compoundliteral")
        }
        Some([] | [b'.', ..]) => true,
        _ => false,
    }
}

/// Whether the section is a table that the linker puts together from what many objects have in it, in the order of
/// the link: the place of an entry among the others means something.
#[must_use]
pub fn is_linker_table(section: &Section<'_>) -> bool {
    let meaning = of(section);
    let holds_variables = meaning.is_empty()
        || EXTENDED.contains(&meaning)
        || [&b".data.."[..], b".bss.."].iter().any(|start| meaning.starts_with(start));
    // Its lists are data objects, each with an order of its own.
    let is_btf_ids = meaning == b".BTF_ids";
    section.is_allocated() && !section.is_code() && !holds_variables && !is_btf_ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Machine;
    use crate::elf::{Relocs, StringEnds};
    use object::elf::{SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE};

    fn section(name: &str, flags: u64) -> Section<'_> {
        Section {
            name: name.as_bytes(),
            class: SectionClass::Bytes,
            flags: SHF_ALLOC.0 | flags,
            raw: 1,
            align: 1,
            size: 1,
            entsize: 0,
            link: None,
            data: &[0],
            relocs: Relocs::none(Machine::X86_64),
            string_ends: StringEnds::default(),
        }
    }

    fn meaning(name: &str, flags: u64) -> String {
        String::from_utf8_lossy(of(&section(name, flags))).into_owned()
    }

    #[test]
    fn compilers_sort_and_the_kernel_means_something() {
        for name in
            [".text", ".text.f", ".text.unlikely", ".text.unlikely.f", ".text.hot.f", ".ref.text"]
        {
            assert_eq!(meaning(name, SHF_EXECINSTR.0), "", "{name}");
        }
        for (name, expected) in [
            (".init.text", ".init.text"),
            (".init.text.f", ".init.text"),
            (".noinstr.text", ".noinstr.text"),
            (".text..__x86.return_thunk", ".text..__x86.return_thunk"),
        ] {
            assert_eq!(meaning(name, SHF_EXECINSTR.0), expected);
        }
        for name in
            [".data", ".data.count.3", ".bss.x", ".data..L__unnamed_1", ".data..compoundliteral.3"]
        {
            assert_eq!(meaning(name, SHF_WRITE.0), "", "{name}");
        }
        assert_eq!(meaning(".data..percpu..read_mostly", SHF_WRITE.0), ".data..percpu");
        assert_eq!(meaning(".data.once", SHF_WRITE.0), ".data..once");
        for name in [
            ".data..ro_after_init",
            ".data..percpu..shared_aligned",
            ".bss..page_aligned",
            "__param",
        ] {
            assert_eq!(meaning(name, SHF_WRITE.0), name);
        }
        for name in
            [".rodata", ".rodata.str1.1", ".rodata..Lanon.1.2", ".rodata.cst16", ".data.rel.ro.x"]
        {
            assert_eq!(meaning(name, 0), "", "{name}");
        }
        assert_eq!(meaning(".init.rodata.str1.1", 0), ".init.rodata");
        assert_eq!(meaning(".initcall6.init", 0), ".initcall6.init");
        for (name, level) in [
            (".initcall2.init..kmod_tty_io__501_3573_tty_class_init", ".initcall2.init"),
            (".con_initcall.init..kmod_x__1_2_f", ".con_initcall.init"),
        ] {
            assert_eq!(meaning(name, 0), level);
        }
        assert_eq!(meaning("own.init..kmod_x", 0), "own.init..kmod_x");
    }

    #[test]
    fn tables_of_the_linker_have_an_order() {
        for name in [".initcall6.init", ".pci_fixup_early", "__param", ".init.setup"] {
            assert!(is_linker_table(&section(name, 0)), "{name}");
        }
        for name in
            [".data..percpu", ".data.x", ".init.data", ".data", ".data..ro_after_init", ".BTF_ids"]
        {
            assert!(!is_linker_table(&section(name, SHF_WRITE.0)), "{name}");
        }
    }
}
