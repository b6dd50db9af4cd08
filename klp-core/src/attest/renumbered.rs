//! Functions of Rust that have another number with the patch: rustc counts the closures of a function.

use crate::demangle::demangle;
use crate::elf::SymbolId;

use super::alike::{extent, is_same};
use super::judge::JudgedObject;
use super::running::ImagePlace;

/// Whether the kernel has at `spot` the function of the patched object's symbol `index`, under another number.
pub(super) fn is_renumbered(source: &JudgedObject<'_>, index: SymbolId, spot: ImagePlace) -> bool {
    let Some(original) = &source.original else { return false };
    let name = unnumbered(source.patched.symbol(index).name);
    let (Some(name), Some(now)) = (name, extent(&source.patched, index)) else { return false };
    let mut candidates = original
        .names()
        .filter(|(other, _)| unnumbered(other).is_some_and(|other| other == name))
        .flat_map(|(_, symbols)| symbols.iter().copied());
    candidates.any(|was| {
        source.spot(was) == Some(spot)
            && extent(original, was).is_some_and(|was| is_same(source, now, original, was))
    })
}

/// The path of a function of Rust with a closure in it, without the numbers of closures.
fn unnumbered(name: &[u8]) -> Option<String> {
    const CLOSURE: &str = "{closure#";
    let path = demangle(std::str::from_utf8(name).ok()?)?;
    let (start, rest) = path.split_once(CLOSURE)?;
    let rest =
        rest.split(CLOSURE).map(|part| part.trim_start_matches(|it: char| it.is_ascii_digit()));
    Some(rest.fold(start.to_owned(), |all, part| all + CLOSURE + part))
}

#[cfg(test)]
mod tests {
    use super::unnumbered;

    #[test]
    fn closures_lose_their_numbers() {
        // small::get::{closure#0} and {closure#1}
        let first = unnumbered(b"_RNCNvCs1234_5small3get0B3_");
        let second = unnumbered(b"_RNCNvCs1234_5small3gets_0B3_");
        assert!(first.is_some());
        assert_eq!(first, second);
        assert_eq!(unnumbered(b"_RNvCs1234_5small3get"), None);
        assert_eq!(unnumbered(b"get.0"), None);
    }
}
