//! Names that compilers make of others.

/// Whether compilers give the name to what they write for KASAN: it runs once, when its object is loaded, and only tells where
/// the variables of the object end. In C, no name has a dot, and none of the kernel's begins so.
pub(super) fn is_for_kasan(name: &[u8]) -> bool {
    [&b"_sub_I_"[..], b"_sub_D_", b"asan.module_"].iter().any(|start| name.starts_with(start))
}

/// A name without what compilers count: `count.3`, `foo.llvm.123`, but not `foo.isra.0`'s word.
pub(super) fn base(name: &[u8]) -> &[u8] {
    let mut name = name;
    loop {
        let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else { return name };
        let (before, after) = name.split_at(dot);
        let after = after.get(1..).unwrap_or_default();
        let is_number = !after.is_empty() && after.iter().all(u8::is_ascii_digit);
        if before.is_empty() || !(is_number || after == b"llvm") {
            return name;
        }
        name = before;
    }
}
