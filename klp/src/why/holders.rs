//! Types that hold other types: where a member of the inner one comes or goes, members of the outer one move.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use kbuild_glue::{BuildVersion, is_word};

use super::blocks::{Block, BlockKind, Blocks, words};
use super::sources::Sources;

/// For each of `types`, those of `headers` that hold it, directly or through others: the way from the outer type to it,
/// without it.
pub(super) fn holders(
    types: BTreeSet<String>,
    headers: &BTreeSet<Utf8PathBuf>,
    sources: &Sources,
) -> BTreeMap<String, Vec<Vec<String>>> {
    let texts: Vec<(&Utf8PathBuf, Vec<u8>)> = headers
        .iter()
        .filter_map(|path| Some((path, sources.bytes(path, BuildVersion::Patched)?)))
        .collect();
    let mut found: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    // The type that changes, a type that holds it, and the way between them.
    let mut open: Vec<(String, String, Vec<String>)> =
        types.into_iter().map(|name| (name.clone(), name, Vec::new())).collect();
    while let Some((changed, inner, way)) = open.pop() {
        for (path, _) in texts.iter().filter(|(_, text)| is_word(text, &inner)) {
            for outer in outer_types(&sources.blocks(path, BuildVersion::Patched), &inner) {
                if seen.insert((changed.clone(), outer.clone())) {
                    let way = [vec![outer.clone()], way.clone()].concat();
                    found.entry(changed.clone()).or_default().push(way.clone());
                    open.push((changed.clone(), outer, way));
                }
            }
        }
    }
    found
}

/// The types of a header that have a member of the type `inner`.
fn outer_types(blocks: &Blocks, inner: &str) -> Vec<String> {
    let holds = |block: &&Block| {
        let lines = blocks.lines.get(block.first.saturating_sub(1)..block.last);
        block.kind == BlockKind::Type
            && lines.unwrap_or_default().iter().any(|it| is_member(it, inner))
    };
    let outer = blocks.blocks.iter().filter(holds).filter_map(|block| block.names.first());
    outer.filter(|name| *name != inner).cloned().collect()
}

/// Whether a line of a type declares a member of the type `inner`, not one that points to it.
fn is_member(line: &str, inner: &str) -> bool {
    let Some((before, behind)) = line.split_once(inner) else { return false };
    let before = before.trim();
    let is_start = before.is_empty() || words(before).all(|word| QUALIFIERS.contains(&word));
    let is_name = |sign: char| sign.is_ascii_alphabetic() || sign == '_';
    is_start && behind.starts_with(char::is_whitespace) && behind.trim_start().starts_with(is_name)
}

/// What can stand before the name of a member's type.
const QUALIFIERS: [&str; 4] = ["struct", "union", "const", "volatile"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_held_by_those_that_have_it_and_not_by_those_that_point_to_it() {
        let header = "struct inner {\n\tint n;\n};\n\nstruct outer {\n\tlong m;\n\tstruct inner one;\n};\n\n\
                      struct pointer {\n\tstruct inner *one;\n};\n\nstruct all {\n\tstruct outer both[2];\n};\n";
        let blocks = Blocks::of(header.as_bytes());
        assert_eq!(outer_types(&blocks, "inner"), ["outer"]);
        assert_eq!(outer_types(&blocks, "outer"), ["all"]);
        assert!(is_member("\tconst struct inner one;", "inner"));
        assert!(!is_member("\tstruct inner2 one;", "inner"));
        assert!(!is_member("struct inner {", "inner"));
    }
}
