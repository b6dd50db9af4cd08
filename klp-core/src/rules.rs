//! What a checksum leaves out, and why: the only place where that is decided.
//!
//! A section that no rule names is compared; bytes that no reader understands make a function
//! refused, never unchanged.

use schemars::JsonSchema;
use serde::Serialize;

/// One thing that is left out.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Exclusion {
    /// Name, as causes and refusals cite it.
    pub name: &'static str,
    /// What is left out.
    pub leaves_out: &'static str,
    /// Why that cannot hide a change.
    pub why: &'static str,
    /// Sections that are left out whole; a trailing `*` stands for any ending.
    pub sections: &'static [&'static str],
}

const UNWIND: &str = "unwind";

/// All rules.
pub const RULES: &[Exclusion] = &[
    Exclusion {
        name: "padding",
        leaves_out: "NOP instructions (what special sections say about them is kept), NOPs, traps and \
                     jumps over NOPs between functions, zeros behind the last byte of an unnamed constant",
        why: "they are there for alignment and change when code moves",
        sections: &[],
    },
    Exclusion {
        name: "branch-encoding",
        leaves_out: "whether a direct branch is short or near, and has a relocation or not (PC32, PLT32)",
        why: "the assembler chooses it by distance and section; the target is compared instead",
        sections: &[],
    },
    Exclusion {
        name: "place",
        leaves_out: "section, address, alignment and order of functions and data objects",
        why: "code refers to them by symbol",
        sections: &[],
    },
    Exclusion {
        name: "line-number",
        leaves_out: "file and line in bug entries and dynamic debug descriptors, line and column in Rust panic \
                     locations",
        why: "they move when lines are added elsewhere; the text of a message is compared",
        sections: &[],
    },
    Exclusion {
        name: "no-relocation",
        leaves_out: "relocations of type R_X86_64_NONE",
        why: "they do nothing; objtool leaves them where it takes a relocation away",
        sections: &[],
    },
    Exclusion {
        name: "ftrace-call",
        leaves_out: "whether a place in __mcount_loc holds a call to __fentry__ or a NOP",
        why: "compilers, objtool and the boot turn one into the other; the place is compared",
        sections: &[],
    },
    Exclusion {
        name: "jump-label-instruction",
        leaves_out: "the instruction at a jump label whose entry says that objtool may make it a NOP",
        why: "objtool rewrites it before or after the link; key, branch and target are compared",
        sections: &[],
    },
    Exclusion {
        name: "derived-static-call-site",
        leaves_out: "a static call site whose key and flags follow from the call instruction",
        why: "objtool makes the table from the calls, which are compared; other entries are too",
        sections: &[],
    },
    Exclusion {
        name: UNWIND,
        leaves_out: "unwind tables",
        why: "they are made from the instructions, which are compared",
        sections: &[".orc_unwind", ".orc_unwind_ip", ".orc_header", ".orc_lookup", ".eh_frame"],
    },
    Exclusion {
        name: "derived-sites",
        leaves_out: "tables of places that objtool or the compiler makes from the instructions",
        why: "each entry follows from the instruction it points to, which is compared; which ENDBR the kernel takes \
              away is a note",
        sections: &[
            ".retpoline_sites",
            ".return_sites",
            ".call_sites",
            ".cfi_sites",
            ".ibt_endbr_seal",
            ".kcfi_traps",
            ".sframe",
        ],
    },
    Exclusion {
        name: "not-loaded",
        leaves_out: "sections that are not loaded (without SHF_ALLOC), but for functions in them, and tables of the \
                     object file itself",
        why: "they are not in the memory of the kernel; what holds a function is compared, since a linker script \
              can load it",
        sections: &[],
    },
    Exclusion {
        name: "annotations",
        leaves_out: "notes to objtool and the linker that are discarded from the kernel, but for unwind hints",
        why: "they are not in the running kernel; unwind tables are made from hints and instructions",
        sections: &[".discard.*", ".klp.rela.*", ".init.klp_funcs", ".init.klp_objects"],
    },
    Exclusion {
        name: "exports",
        leaves_out: "export tables, versions and module information",
        why: "they describe the object to the module loader, not its code",
        sections: &[
            "__ksymtab*",
            "___ksymtab*",
            "__kcrctab*",
            "___kcrctab*",
            ".export_symbol",
            "__ksymtab_strings",
            ".modinfo",
            "__versions",
            "__modver",
            "__version_ext_*",
            ".gnu.linkonce.this_module",
        ],
    },
    Exclusion {
        name: "bookkeeping",
        leaves_out: "printk index, allocation tags, names of used tracepoints, type and build information, notes",
        why: "they name source positions, types and tools; code does not depend on their content",
        sections: &[
            ".printk_index",
            "alloc_tags",
            ".codetag.alloc_tags",
            "__tracepoint_check",
            ".BTF",
            ".BTF.ext",
            ".note.gnu.build-id",
            ".note.gnu.property",
            ".note.Linux",
        ],
    },
];

/// Sections whose entries a reader in `special` attributes to code.
pub const ATTRIBUTED: &[&str] = &[
    ".altinstructions",
    "__bug_table",
    "__ex_table",
    "__jump_table",
    ".static_call_sites",
    ".parainstructions",
    "__mcount_loc",
    ".smp_locks",
    "__patchable_function_entries",
    ".discard.unwind_hints",
];

/// Code without symbols that belongs to the functions that jump to it or patch it in.
const REACHED_FROM_CODE: &[&str] = &[".altinstr_replacement", ".altinstr_aux", ".fixup"];

/// The rule that leaves out the section `name` whole.
#[must_use]
pub fn for_section(name: &[u8]) -> Option<&'static Exclusion> {
    let leaves_out = |rule: &&Exclusion| rule.sections.iter().any(|pattern| matches(pattern, name));
    RULES.iter().find(leaves_out).filter(|_| !is_attributed(name))
}

/// Whether section `name` is an unwind table, whose relocations say nothing but places in code.
#[must_use]
pub(crate) fn is_unwind(name: &[u8]) -> bool {
    for_section(name).is_some_and(|rule| rule.name == UNWIND)
}

/// Whether the entries of section `name` are digested with the code they belong to.
#[must_use]
pub fn is_attributed(name: &[u8]) -> bool {
    ATTRIBUTED.iter().any(|section| section.as_bytes() == name)
}

/// Whether section `name` holds code that is digested with the functions that reach it.
#[must_use]
pub fn is_reached_from_code(name: &[u8]) -> bool {
    REACHED_FROM_CODE.iter().any(|section| section.as_bytes() == name)
}

/// Whether the data object `name` belongs to the printk index (rule `bookkeeping`).
#[must_use]
pub fn is_bookkeeping_object(name: &[u8]) -> bool {
    let own = name.split(|byte| *byte == b'.');
    own.into_iter().any(|part| matches!(part, b"_entry" | b"_entry_ptr"))
}

fn matches(pattern: &str, name: &[u8]) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == pattern.as_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwind_hints_are_read_and_other_notes_to_objtool_are_not() {
        assert!(for_section(b".discard.unwind_hints").is_none());
        assert!(for_section(b".discard.reachable").is_some());
        assert!(for_section(b".BTF").is_some() && for_section(b".BTF_ids").is_none());
    }

    #[test]
    fn ordinary_sections_are_never_left_out() {
        for section in [".text", ".rodata", ".data", ".bss", ".data..once", "__param", ".init.data"]
        {
            assert!(for_section(section.as_bytes()).is_none(), "{section}");
        }
        // These are loaded only where somebody put a variable there.
        for section in [".debug_x", ".note.Xen", ".llvm.x", ".gnu.data", ".klp.x", ".codetag.x"] {
            assert!(for_section(section.as_bytes()).is_none(), "{section}");
        }
    }
}
