//! What means nothing to the code that runs: one list of rules.

use crate::elf::{Section, SectionClass};

/// Name of the rule, patterns of section names (`*` at the end: whatever follows), and why.
const SECTIONS: [(&str, &[&[u8]], &str); 10] = [
    (
        "unwind",
        &[b".orc_*", b".eh_frame*", b".sframe*", b".init.orc*"],
        "how to unwind follows from the instructions and the unwind hints",
    ),
    (
        "sites",
        &[b".retpoline_sites", b".return_sites", b".call_sites", b".cfi_sites", b".kcfi_traps"],
        "each entry follows from the instruction it stands for",
    ),
    (
        "sealed",
        &[b".ibt_endbr_seal"],
        "who lists a function there is compared by name, in `seals.rs`",
    ),
    ("discarded", &[b".discard*"], "read by objtool, then thrown away by the linker"),
    ("livepatch", &[b".klp.rela.*", b".init.klp_*"], "made by the tools that make livepatches"),
    (
        "exports",
        &[
            b"__ksymtab*",
            b"___ksymtab*",
            b"__kcrctab*",
            b"___kcrctab*",
            b".export_symbol*",
            b"__versions",
            b"__version_ext_*",
            b"__modver",
        ],
        "made from the symbols; who imports is another object",
    ),
    ("modinfo", &[b".modinfo*", b".gnu.linkonce.this_module"], "describes the module to tools"),
    ("printk-index", &[b".printk_index*"], "an index of messages with their lines"),
    (
        "codetag",
        &[b"alloc_tags", b".codetag.alloc_tags", b"__tracepoint_check"],
        "names places of the source",
    ),
    (
        "description",
        &[b".BTF", b".BTF.ext", b".note.gnu.build-id", b".note.gnu.property", b".note.Linux"],
        "describes the code to debuggers and tools",
    ),
];

/// The rule that leaves `section` out.
pub(super) fn section(section: &Section<'_>) -> Option<&'static str> {
    let matches = |pattern: &&[u8]| match pattern.strip_suffix(b"*") {
        Some(start) => section.name.starts_with(start),
        None => section.name == *pattern,
    };
    let named = SECTIONS.iter().find(|(_, patterns, _)| patterns.iter().any(&matches));
    if let Some((rule, ..)) = named {
        return Some(rule);
    }
    let loaded = section.is_allocated() && section.class != SectionClass::Container;
    (!loaded).then_some("not-loaded")
}

/// `struct _ddebug`: the low bits of this word are the line.
pub(super) const DYNDBG_WORD: u64 = 32;
/// Behind the names of module, function and file, which do not count either.
pub(super) const DYNDBG_NAMES: u64 = 24;
/// Sizes of the structure, with and without a static key.
pub(super) const DYNDBG_ENTRIES: [u64; 2] = [56, 40];
pub(super) const DYNDBG_LINE: u32 = (1 << 18) - 1;
