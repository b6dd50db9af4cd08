//! What is left of a function out of line.

use std::collections::BTreeSet;

use crate::debug::{CodeStretch, Place};
use crate::demangle::{demangle, spoken};
use crate::elf::SectionId;
use crate::module::{RawElf, RawSymbol, SymbolPlace};
use crate::name;

/// A symbol with code of the function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionSymbol {
    /// The symbol.
    pub symbol: String,
    /// What it is of the function.
    pub how: FunctionSymbolKind,
    /// What the compiler appended to the name, without its numbers: `constprop`, `isra`, `part`, `cold`, `llvm`.
    pub suffixes: Vec<String>,
    /// Its size in bytes.
    pub size: u64,
    /// Where it is: section and offset, or, in a linked kernel, section and offset in that.
    pub section: SectionId,
    /// Offset in the section.
    pub offset: u64,
}

/// What a symbol is of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunctionSymbolKind {
    /// The function.
    Itself,
    /// A copy that the compiler made for some of the callers, or a part of it that was split off.
    Clone,
    /// A part that is hardly ever run, away from the rest.
    ColdPart,
}

/// The symbols of the function `name`, whose code out of line is in `code` as far as debug information says so.
pub(super) fn of(elf: &RawElf<'_>, name: &str, code: &[CodeStretch]) -> Vec<FunctionSymbol> {
    let found = elf.symbols.iter().filter(|symbol| symbol.is_function()).filter_map(|symbol| {
        let place = place(elf, symbol)?;
        let own = symbol.name_lossy();
        let is_named = is_of(&own, name);
        // A clone whose name says nothing.
        let is_there =
            code.iter().any(|it| (it.section, it.start) == (place.section, place.offset));
        let is_other = is_there && !is_named && suffixes(&own).is_empty();
        if !is_named && (!is_there || is_other) {
            return None;
        }
        let suffixes = suffixes(&own);
        let is_cold = name::cold_parent(symbol.name).is_some();
        let how = match suffixes.iter().any(|suffix| *suffix != "llvm" && *suffix != "lto_priv") {
            _ if is_cold => FunctionSymbolKind::ColdPart,
            true => FunctionSymbolKind::Clone,
            false => FunctionSymbolKind::Itself,
        };
        let suffixes = suffixes.into_iter().map(ToOwned::to_owned).collect();
        let Place { section, offset } = place;
        Some(FunctionSymbol {
            symbol: own.into_owned(),
            how,
            suffixes,
            size: symbol.size,
            section,
            offset,
        })
    });
    let found: BTreeSet<FunctionSymbol> = found.collect();
    found.into_iter().collect()
}

/// Other functions at the same address.
pub(super) fn merged(elf: &RawElf<'_>, name: &str, copies: &[FunctionSymbol]) -> BTreeSet<String> {
    let functions = elf.symbols.iter().filter(|symbol| symbol.is_function());
    let merged = functions.filter_map(|symbol| {
        let place = place(elf, symbol)?;
        let is_same =
            |it: &FunctionSymbol| (it.section, it.offset) == (place.section, place.offset);
        let own = symbol.name_lossy();
        (copies.iter().any(is_same) && !is_of(&own, name)).then(|| spoken(&own))
    });
    merged.collect()
}

/// The symbol of the function that has the code at the start of `stretch`.
pub(super) fn symbol_at(elf: &RawElf<'_>, stretch: CodeStretch) -> Option<String> {
    let functions = elf.symbols.iter().filter(|symbol| symbol.is_function());
    let mut holding = functions.filter(|symbol| {
        place(elf, symbol).is_some_and(|place| {
            let end = place.offset.saturating_add(symbol.size);
            place.section == stretch.section && (place.offset..end).contains(&stretch.start)
        })
    });
    holding.next().map(|symbol| spoken(&symbol.name_lossy()))
}

/// Where a symbol is, as section and offset in it.
fn place(elf: &RawElf<'_>, symbol: &RawSymbol<'_>) -> Option<Place> {
    let SymbolPlace::Section(section) = symbol.place else { return None };
    let base = if elf.is_relocatable() { 0 } else { elf.section(section).address };
    Some(Place { section, offset: symbol.value.checked_sub(base)? })
}

/// Whether the symbol `own` is `name`, with or without what compilers append.
pub(super) fn is_of(own: &str, name: &str) -> bool {
    if own == name || demangle(own).is_some_and(|path| path == name) {
        return true;
    }
    let plain = own.split('.').next().unwrap_or(own);
    plain == name || (plain != own && demangle(plain).is_some_and(|path| path == name))
}

/// What a compiler appended to a name, without numbers.
fn suffixes(own: &str) -> Vec<&str> {
    let parts = own.split('.').skip(1);
    parts
        .filter(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_of, suffixes};

    #[test]
    fn what_compilers_append_is_told_from_names() {
        for own in ["f", "f.isra.0", "f.constprop.0.cold", "f.llvm.123"] {
            assert!(is_of(own, "f"), "{own}");
        }
        assert!(!is_of("ff", "f"));
        assert!(is_of("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"));
        assert_eq!(suffixes("f.constprop.0.cold"), ["constprop", "cold"]);
        assert_eq!(suffixes("f.llvm.123"), ["llvm"]);
        assert!(suffixes("f").is_empty());
    }
}
