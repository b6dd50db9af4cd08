//! What may differ between an object and what was shipped.

use crate::rules::Exclusion;

/// All of it; everything else is a difference.
pub const RULES: &[Exclusion] = &[
    Exclusion {
        name: "shipped-jump-label",
        leaves_out: "whether a place that __jump_table lists holds a jump or a NOP of the same length",
        why: "objtool makes the jump a NOP, in the object or in the linked kernel; the kernel writes there again",
        sections: &[],
    },
    Exclusion {
        name: "shipped-merged",
        leaves_out: "where strings and constants are that linkers put together; their content is compared",
        why: "the linker keeps one of those that are equal",
        sections: &[],
    },
    Exclusion {
        name: "shipped-btf-ids",
        leaves_out: "numbers of types and functions in .BTF_ids",
        why: "resolve_btfids fills them in when the kernel or module is linked, from the types of all objects",
        sections: &[".BTF_ids"],
    },
    Exclusion {
        name: "shipped-discarded",
        leaves_out: "what the last link leaves out of vmlinux",
        why: "it is not in the running kernel",
        sections: &[".exit.*", ".discard.*"],
    },
];
