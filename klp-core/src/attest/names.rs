//! Names that compilers make of others.

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
