//! Which symbol names mean the same thing in two builds.

mod of_macros;

use std::borrow::Cow;

use crate::demangle;

use of_macros::OF_MACROS;
pub(crate) use of_macros::is_own_variable;

/// How far a symbol's name identifies it across builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// The name is the identity.
    Stable,
    /// The name up to what the compiler chose: `count.3`, `foo.isra.0`, and all Rust names, which
    /// number closures and impl blocks.
    Numbered,
    /// The name says nothing; only the content identifies it.
    Unstable,
}

/// Names that compilers give to things nobody can refer to by name. A trailing `.N` is taken off before the comparison.
const UNSTABLE: &[&[u8]] = &[
    b"CSWTCH",
    b"__func__",
    b"__FUNCTION__",
    b"__PRETTY_FUNCTION__",
    // Clang's strings with KASAN, and what it counts with: gcov, KCOV and KASAN.
    b".str",
    b"__llvm_gcov_ctr",
    b"___asan_gen_",
    // And its other constants: of what a function fills in as a whole.
    CONSTINIT,
];

/// What clang calls a constant of a compound literal or an initialiser; with KASAN it has a symbol.
const CONSTINIT: &[u8] = b"constinit";

/// Starts of such names.
const UNSTABLE_PREFIX: &[&[u8]] = &[
    b".L",
    b"switch.table.",
    b"__UNIQUE_ID_",
    b"__initcall_",
    b"__compound_literal",
    b".compoundliteral",
    b"__sancov_gen_",
    b"__const.",
    b"__unnamed_",
    b"anon.",
];

/// How far `name` identifies its symbol; `local` if it is visible in its object only.
#[must_use]
pub fn stability(name: &[u8], local: bool) -> Stability {
    if name.is_empty() {
        return Stability::Unstable;
    }
    if is_rust(name) || initcall_stub(name).is_some() {
        return Stability::Numbered;
    }
    if !local {
        // LLVM made it global, and numbers it.
        let is_promoted = name.contains(&b'.') && base(name).len() < name.len();
        return match is_promoted {
            true if is_private_constant(name) => Stability::Unstable,
            true => Stability::Numbered,
            false => Stability::Stable,
        };
    }
    if btf_id(name).is_some() {
        return Stability::Numbered;
    }
    // Nearly all names have no dot, and the rest is about numbers behind one.
    if !name.contains(&b'.') {
        let is_unstable = UNSTABLE.contains(&name)
            || UNSTABLE_PREFIX.iter().any(|prefix| name.starts_with(prefix))
            || is_rust_allocation(name);
        return if is_unstable { Stability::Unstable } else { Stability::Stable };
    }
    let numberless = strip_number(name).unwrap_or(name);
    let innermost = clang_static_local(numberless);
    let has_prefix = |prefix: &&[u8]| name.starts_with(prefix) || innermost.starts_with(prefix);
    if UNSTABLE.contains(&innermost)
        || OF_MACROS.contains(&innermost)
        || UNSTABLE_PREFIX.iter().any(has_prefix)
        || is_rust_allocation(name)
    {
        return Stability::Unstable;
    }
    if matches!(base(name), Cow::Borrowed(same) if same.len() == name.len()) {
        Stability::Stable
    } else {
        Stability::Numbered
    }
}

/// The key of a static call, or its trampoline (`include/linux/static_call_types.h`).
pub(crate) fn is_of_static_call(name: &[u8]) -> bool {
    name.starts_with(b"__SCK__") || name.starts_with(b"__SCT__")
}

/// Whether nothing in `name` can be what a compiler numbers or hashes.
pub(crate) fn is_plain(name: &[u8]) -> bool {
    !is_rust(name)
        && !name.starts_with(INITCALL_STUB)
        && !name.starts_with(BTF_ID)
        && !name.contains(&b'.')
}

/// `name` without what a compiler numbers or hashes: `foo.isra.0` is `foo.isra`, `count.3` is
/// `count`, `bar.llvm.123` is `bar`, `foo.constprop.0.cold` is `foo.constprop.cold`. Of a Rust name it
/// is the path without numbers and hashes, and of an initcall's stub the name without counter and line.
#[must_use]
pub fn base(name: &[u8]) -> Cow<'_, [u8]> {
    if is_rust(name)
        && let Some(path) = std::str::from_utf8(name).ok().and_then(demangle::numberless)
    {
        let path = path.into_bytes();
        // LLVM numbers what it splits a static into, also where one part is left: `_RNvC1t1A.0`.
        return Cow::Owned(strip_number(&path).map(<[u8]>::to_vec).unwrap_or(path));
    }
    if let Some((module, function)) = initcall_stub(name) {
        return Cow::Owned([module, function].concat());
    }
    if let Some(own) = btf_id(name) {
        return Cow::Borrowed(own);
    }
    if !name.contains(&b'.') {
        return Cow::Borrowed(name);
    }
    let mut parts = name.split(|byte| *byte == b'.');
    let mut out = parts.next().unwrap_or_default().to_vec();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if matches!(part, b"llvm" | b"lto_priv") && parts.peek().is_some_and(|next| is_number(next))
        {
            parts.next();
        } else if !is_number(part) {
            out.push(b'.');
            out.extend_from_slice(part);
        }
    }
    if out.is_empty() || out.len() == name.len() { Cow::Borrowed(name) } else { Cow::Owned(out) }
}

/// What LLVM made global for another unit: its own name, and the hash of its unit. Few names have a dot, and
/// to look for one is much faster than to look for text.
pub(crate) fn promoted(name: &str) -> Option<(&str, &str)> {
    name.contains('.').then(|| name.split_once(".llvm."))?
}

/// The function that a `.cold` part belongs to: `foo` for `foo.cold` and `foo.cold.3`, and for `foo.__part.3`, which is
/// one of its blocks in a section of its own.
#[must_use]
pub fn cold_parent(name: &[u8]) -> Option<&[u8]> {
    let own = strip_number(name).unwrap_or(name);
    own.strip_suffix(b".cold").or_else(|| own.strip_suffix(BLOCK))
}

/// Whether LLVM gave a block of a function this name: `foo.__part.3`.
pub(crate) fn is_block(name: &[u8]) -> bool {
    strip_number(name).is_some_and(|own| own.ends_with(BLOCK))
}

const BLOCK: &[u8] = b".__part";

/// The function that a prefix symbol stands before: `foo` for `__cfi_foo` and `__pfx_foo`.
#[must_use]
pub fn prefix_parent(name: &[u8]) -> Option<&[u8]> {
    name.strip_prefix(b"__cfi_").or_else(|| name.strip_prefix(b"__pfx_"))
}

fn strip_number(name: &[u8]) -> Option<&[u8]> {
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let (head, tail) = name.split_at(dot);
    (dot > 0 && is_number(tail.get(1..)?)).then_some(head)
}

/// What the source calls a variable: without the function that clang writes before it, and without numbers.
pub(crate) fn of_source(name: &[u8]) -> &[u8] {
    let promoted = name.windows(6).position(|part| part == b".llvm.");
    let name = promoted.and_then(|end| name.get(..end)).unwrap_or(name);
    clang_static_local(strip_number(name).unwrap_or(name))
}

/// Clang names a static local `function.name`.
fn clang_static_local(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 => name.get(dot.saturating_add(1)..).unwrap_or(name),
        _ => name,
    }
}

/// What an initcall of an LTO kernel is called through; see `initcall_stub`.
const INITCALL_STUB: &[u8] = b"__initstub__";

/// What stands before and behind counter and line in the name of an initcall's stub, as
/// `include/linux/init.h` (5.11 to 7.2) pastes it together: `__initstub__kmod_driver__344_27_start6`.
fn initcall_stub(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let number = |rest: &[u8]| {
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        (digits > 0 && rest.get(digits) == Some(&b'_')).then(|| digits.saturating_add(1))
    };
    let own = name.strip_prefix(INITCALL_STUB)?;
    let starts = own.windows(2).enumerate().filter(|(_, pair)| pair == b"__");
    let mut found = starts.filter_map(|(start, _)| {
        let start = start.saturating_add(2);
        let line = start.saturating_add(number(own.get(start..)?)?);
        let end = line.saturating_add(number(own.get(line..)?)?);
        Some((start, end))
    });
    let (start, end) = found.next_back()?;
    Some((name.get(..start.saturating_add(INITCALL_STUB.len()))?, own.get(end..)?))
}

/// The function that the stub of an initcall calls, whose level's `identifier` its name ends with.
pub(crate) fn called_by_stub<'n>(name: &'n [u8], identifier: &[u8]) -> Option<&'n [u8]> {
    initcall_stub(name)?.1.strip_suffix(identifier)
}

/// What LLVM calls constants that have no name in the source: `.str.5.llvm.HASH`, `__const.f.x.llvm.HASH`.
fn is_private_constant(name: &[u8]) -> bool {
    let is_one = [&b".str"[..], b"__const.", b"switch.table.", b"anon."];
    is_one.iter().any(|it| name.starts_with(it)) || &*base(name) == CONSTINIT
}

/// What an entry of a set of BTF ids is called by, whose number is a counter and a line
/// (`include/linux/btf_ids.h`): `__BTF_ID__func__bpf_foo__` of `__BTF_ID__func__bpf_foo__12310`.
pub(crate) fn btf_id(name: &[u8]) -> Option<&[u8]> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let own = name.get(..name.len().checked_sub(digits)?)?;
    (digits > 0 && own.starts_with(BTF_ID) && own.ends_with(b"__")).then_some(own)
}

/// How all symbols in `.BTF_ids` begin that are no one's but the macros'.
pub(crate) const BTF_ID: &[u8] = b"__BTF_ID__";

/// rustc names constants by a hash of their content: `alloc_` and 32 hexadecimal digits.
fn is_rust_allocation(name: &[u8]) -> bool {
    let hash =
        name.strip_prefix(b"alloc_").and_then(|rest| rest.split(|byte| *byte == b'.').next());
    hash.is_some_and(|hash| hash.len() == 32 && hash.iter().all(u8::is_ascii_hexdigit))
}

fn is_number(part: &[u8]) -> bool {
    !part.is_empty() && part.iter().all(u8::is_ascii_digit)
}

/// Whether a data object without a size is one without content. rustc gives all others their size; `__IS_RUST_MODULE` of
/// each module in Rust has none, and constants of others can stand behind it.
pub(crate) fn is_empty_of_rust(name: &[u8], size: u64) -> bool {
    size == 0 && is_rust(name)
}

/// Whether rustc made this name (v0 mangling, as the kernel has it).
pub(crate) fn is_rust(name: &[u8]) -> bool {
    name.starts_with(b"_R")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stub_of_an_initcall_is_known_without_counter_and_line() {
        let stub: &[u8] = b"__initstub__kmod_a__b__344_27_start6";
        assert_eq!(stability(stub, false), Stability::Numbered);
        assert_eq!(&*base(stub), b"__initstub__kmod_a__b__start6");
        assert_eq!(called_by_stub(stub, b"6"), Some(&b"start"[..]));
        assert_eq!(called_by_stub(stub, b"7"), None);
        assert_eq!(called_by_stub(b"start6", b"6"), None);
        assert_eq!(stability(b"__initstub__other", false), Stability::Stable);
        assert!(!is_plain(stub));
    }

    #[test]
    fn compiler_numbers_and_hashes_are_not_identity() {
        for (name, expected) in [
            ("foo", "foo"),
            ("foo.isra.0", "foo.isra"),
            ("foo.constprop.0.isra.3", "foo.constprop.isra"),
            ("foo.part.0.cold", "foo.part.cold"),
            ("count.3", "count"),
            ("foo.count", "foo.count"),
            ("foo.count.12", "foo.count"),
            ("bar.llvm.8812345", "bar"),
            ("bar.lto_priv.0", "bar"),
            (".L123", ".L123"),
            ("_RNvC3foo3bar.llvm.1", "foo::bar"),
            ("_RNvC3foo3bar.0", "foo::bar"),
            ("_RNvC3foo3bar.0.llvm.1", "foo::bar"),
            ("_RNCNvCs15kBYyAo9fc_3foo3bars_0", "foo::bar::{closure}"),
            (
                "_RNCNvNvXsa_NtCs1peUGmbrgHn_4core4timeNtB9_8DurationNtNtBb_3fmt5Debug3fmt\
                 11fmt_decimals_0Bb_",
                "<core::time::Duration as core::fmt::Debug>::fmt::fmt_decimal::{closure}",
            ),
            ("_RNvMs2_NtB5_3Bar3baz", "_RNvMs2_NtB5_3Bar3baz"),
            ("_Rubbish.3", "_Rubbish"),
        ] {
            assert_eq!(base(name.as_bytes()), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn unstable_names_are_known_in_both_compilers_spelling() {
        for name in [
            "CSWTCH.12",
            "__func__.3",
            "__func__",
            "foo.__already_done",
            "descriptor.7",
            ".LC0",
            "__sancov_gen_.3",
            "__sancov_gen_cov_switch_values.12",
            "constinit",
            "constinit.4",
        ] {
            assert_eq!(stability(name.as_bytes(), true), Stability::Unstable, "{name}");
        }
        // A file's own variables of such names.
        for name in ["__warned", "_rs", "descriptor"] {
            assert_eq!(stability(name.as_bytes(), true), Stability::Stable, "{name}");
        }
        assert_eq!(stability(b"count.3", true), Stability::Numbered);
        assert_eq!(stability(b"foo.isra.0", true), Stability::Numbered);
        assert_eq!(stability(b"table", true), Stability::Stable);
        assert_eq!(stability(b"constinit_size", true), Stability::Stable);
        assert_eq!(stability(b"constinit.1.llvm.77", false), Stability::Unstable);
        assert_eq!(stability(b"constinit", false), Stability::Stable);
        assert_eq!(stability(b"__key", false), Stability::Stable);
    }

    #[test]
    fn parts_name_their_function() {
        assert_eq!(cold_parent(b"foo.cold"), Some(&b"foo"[..]));
        assert_eq!(cold_parent(b"foo.isra.0.cold.2"), Some(&b"foo.isra.0"[..]));
        assert_eq!(cold_parent(b"foo.__part.12"), Some(&b"foo"[..]));
        assert_eq!(cold_parent(b"foo"), None);
        assert_eq!(prefix_parent(b"__cfi_foo"), Some(&b"foo"[..]));
    }
}
