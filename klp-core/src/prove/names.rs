//! Names without what compilers number or hash.

use std::borrow::Cow;

/// `name` without numbers and hashes that a compiler makes: names that are equal without them can be one thing,
/// but need not.
pub(super) fn base(name: &[u8]) -> Cow<'_, [u8]> {
    let mut rest = without_legacy_hash(name);
    // LLVM numbers the parts of a static of Rust, too.
    while let Some(shorter) = without_number(rest) {
        rest = shorter;
    }
    if rest.starts_with(b"_R") {
        return Cow::Owned(without_crate_hashes(rest));
    }
    Cow::Borrowed(rest)
}

fn without_number(name: &[u8]) -> Option<&[u8]> {
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let (start, number) = (name.get(..dot)?, name.get(dot + 1..)?);
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let start = start.strip_suffix(b".llvm").unwrap_or(start);
    (is_number && !start.is_empty()).then_some(start)
}

/// `_ZN…17h0123456789abcdefE`
fn without_legacy_hash(name: &[u8]) -> &[u8] {
    let hash = name.strip_suffix(b"E").and_then(|rest| rest.split_last_chunk::<19>());
    match hash {
        Some((start, hash)) if name.starts_with(b"_ZN") && hash.starts_with(b"17h") => start,
        _ => name,
    }
}

/// Rust's v0 mangling: a crate is `C`, `s` and a hash in base 62 that ends with `_`, then its name.
fn without_crate_hashes(name: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, behind)) = rest.split_first() {
        kept.push(*first);
        rest = behind;
        if *first == b'C'
            && let Some(hash) = behind.strip_prefix(b"s")
        {
            let len = hash.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if let Some(after) = hash.get(len..).and_then(|after| after.strip_prefix(b"_")) {
                rest = after;
            }
        }
    }
    kept
}

/// The name of what stands in front of a function: the hash of its type, room for patching.
pub(super) fn is_prefix(name: &[u8]) -> bool {
    name.starts_with(b"__cfi_") || name.starts_with(b"__pfx_")
}

/// The function that LLVM calls a block by: `f` of `f.__part.3`.
pub(super) fn function_of_block(name: &[u8]) -> Option<&[u8]> {
    without_number(name)?.strip_suffix(b".__part")
}

/// A name that exists for the assembler only.
pub(super) fn is_temporary(name: &[u8]) -> bool {
    name.is_empty() || name.starts_with(b".L")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_hashes_are_taken_off() {
        for (name, short) in [
            ("count.3", "count"),
            ("foo.llvm.123", "foo"),
            ("foo.isra.0", "foo.isra"),
            ("_RNvCs1a2b_1x1f", "_RNvC1x1f"),
            ("_ZN1a1b17h0123456789abcdefE", "_ZN1a1b"),
            ("plain", "plain"),
            (".5", ".5"),
        ] {
            assert_eq!(base(name.as_bytes()), short.as_bytes());
        }
    }
}
