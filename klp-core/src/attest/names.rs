//! Names that compilers and the kernel's macros give.

use crate::slices::SliceParts as _;

/// Whether compilers give the name to what they write to be run once, when its object is loaded: with KASAN it only tells
/// where the variables of the object end. GCC puts two numbers behind it; in C, no name has a dot.
pub(super) fn is_constructor(name: &[u8]) -> bool {
    let numbers = [&b"_sub_I_"[..], b"_sub_D_"].iter().find_map(|start| name.strip_prefix(*start));
    let mut parts = numbers.into_iter().flat_map(|text| text.split(|byte| *byte == b'_'));
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let is_gcc = parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number);
    is_gcc && parts.next().is_none()
        || [&b"asan.module_ctor"[..], b"asan.module_dtor"].contains(&name)
}

/// Whether the kernel's macros give the name to lock class keys. Clang puts the function's name in front.
pub(super) fn is_key(name: &[u8]) -> bool {
    base(name).rsplit(|byte| *byte == b'.').next() == Some(b"__key")
}

/// Whether GCC or LLVM give sections such names in which they describe code.
pub(super) fn is_description(section: &[u8]) -> bool {
    [&b".data..Lubsan_"[..], b".data..L__unnamed_"].iter().any(|start| section.starts_with(start))
}

/// Whether a variable belongs to one place in the code, which macros put there with it: once flags, rate limits,
/// lock classes, descriptors of messages.
///
/// A macro's variable is one of a function: GCC puts a number behind its name, clang the function in front. What has the name
/// alone, or is in a section in which no such macro puts it, is somebody's variable of that name. The flag of `DO_ONCE()`
/// (`___done`) is no such one: with another flag, what is done only once would be done again.
pub(super) fn is_of_one_place(name: &[u8], section: &[u8]) -> bool {
    const SECTIONS: &[&[u8]] = &[b"__dyndbg", b"__bug_table"];
    let own = base(name);
    let last = own.rsplit(|byte| *byte == b'.').next().unwrap_or(own);
    let is_in = |starts: &[&str]| starts.iter().any(|start| section.starts_with(start.as_bytes()));
    let is_of_function = last.len() < name.len();
    let fits = match last {
        b"__warned" | b"__already_done" => {
            is_in(&[".data..once", ".data.once", ".data..unlikely", ".data.unlikely"])
        }
        b"__print_once" => is_in(&[".data", ".bss"]),
        b"__key" => is_in(&[".bss"]),
        b"_rs" => is_in(&[".data"]),
        b"descriptor" => is_in(&["__verbose"]),
        b"_entry" | b"_entry_ptr" => is_in(&[".printk_index", ".rodata"]),
        b"__func__" => true,
        _ => false,
    };
    (is_of_function && fits)
        || last.starts_with(b"__UNIQUE_ID")
        || (last.starts_with(b"__compound_literal") && is_in(&[".rodata", ".data.rel.ro"]))
        || SECTIONS.contains(&section)
}

/// A name without what compilers count: `count.3`, `foo.llvm.123`, but not `foo.isra.0`'s word.
pub(super) fn base(name: &[u8]) -> &[u8] {
    let mut name = name;
    loop {
        let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else { return name };
        let (before, after) = name.split_at(dot);
        let after = after.starting(1);
        let is_number = !after.is_empty() && after.iter().all(u8::is_ascii_digit);
        if before.is_empty() || !(is_number || after == b"llvm") {
            return name;
        }
        name = before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors_have_numbers() {
        for name in ["_sub_I_65535_1", "_sub_D_00099_0", "asan.module_ctor", "asan.module_dtor"] {
            assert!(is_constructor(name.as_bytes()), "{name}");
        }
        for name in ["_sub_I_", "_sub_I_file", "_sub_I_1", "_sub_I_1_2_3", "asan.module_", "asan"] {
            assert!(!is_constructor(name.as_bytes()), "{name}");
        }
    }
}
