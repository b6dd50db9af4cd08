//! What a hunk is about beside functions: names by which others use it.

use std::collections::BTreeMap;

use kbuild_glue::{BuildVersion, TracedHunk, is_word};

use super::blocks::{Block, BlockKind, Blocks, words};
use super::named::{bare, tagged};
use super::reach::ReachKind;

/// What a hunk is about in one version, beside functions.
pub(super) struct HunkSubject {
    /// Which functions and variables are exported, and nothing else.
    pub(super) is_export: bool,
    /// The names by which others use what it changes, `.name` of a member.
    pub(super) names: Vec<(ReachKind, String)>,
    /// Types that hold a type that it changes: the way from the outer one to it.
    pub(super) holders: Vec<Vec<String>>,
}

impl HunkSubject {
    pub(super) fn of(blocks: &Blocks, hunk: &TracedHunk, version: BuildVersion) -> Self {
        Self {
            is_export: is_export(blocks, hunk, version),
            names: about(blocks, hunk, version),
            holders: Vec::new(),
        }
    }

    /// The types that it changes.
    pub(super) fn types(&self) -> impl Iterator<Item = String> {
        let types = self.names.iter().filter(|(how, _)| *how == ReachKind::Type);
        types.filter(|(_, name)| !name.starts_with('.')).map(|(_, name)| bare(name).to_owned())
    }

    /// Takes in which types hold those that it changes.
    pub(super) fn held(&mut self, holders: &BTreeMap<String, Vec<Vec<String>>>) {
        let ways = |name: String| {
            let ways = holders.get(&name).into_iter().flatten();
            ways.map(|way| [way.clone(), vec![name.clone()]].concat()).collect::<Vec<_>>()
        };
        self.holders = self.types().flat_map(ways).collect();
    }
}

/// Whether all that a hunk changes in a version is which functions and variables are exported, to whom.
fn is_export(blocks: &Blocks, hunk: &TracedHunk, version: BuildVersion) -> bool {
    let lines = match version {
        BuildVersion::Original => &hunk.removed,
        BuildVersion::Patched => &hunk.added,
    };
    let mut lines = lines.iter().filter(|line| !blocks.is_blank(&[**line])).peekable();
    let is_one = |line: &usize| {
        let block = blocks.at(*line).filter(|block| block.kind == BlockKind::Declaration);
        let name = block.and_then(|block| block.names.first());
        name.is_some_and(|name| name.starts_with("EXPORT_SYMBOL"))
    };
    lines.peek().is_some() && lines.all(is_one)
}

/// What a hunk is about beside functions: the names by which others use what it changes.
pub(super) fn about(
    blocks: &Blocks,
    hunk: &TracedHunk,
    version: BuildVersion,
) -> Vec<(ReachKind, String)> {
    let lines = match version {
        BuildVersion::Original => &hunk.removed,
        BuildVersion::Patched if hunk.added.is_empty() => &hunk.around,
        BuildVersion::Patched => &hunk.added,
    };
    let mut found: Vec<(ReachKind, String)> = Vec::new();
    for line in lines {
        let Some(block) = blocks.at(*line) else { continue };
        let how = match block.kind {
            BlockKind::Function => continue,
            BlockKind::Macro => ReachKind::Macro,
            BlockKind::Type => ReachKind::Type,
            BlockKind::Data | BlockKind::Declaration => ReachKind::Data,
        };
        let is_common = |name: &str| COMMON.contains(&name);
        let is_declared = block.kind == BlockKind::Declaration;
        let is_c = hunk.file.extension() != Some("rs");
        // The name of the type comes first: it says most.
        let mut names = in_its_sense(block, blocks, is_c);
        names.retain(|name| !(is_declared && is_common(name)));
        // Whoever uses a member need not name the type; the last word of a line is the member's name.
        let text = blocks.lines.get(line.saturating_sub(1)).map_or("", |it| it.trim());
        if block.kind == BlockKind::Type
            && is_c
            && !text.starts_with(['#', '}'])
            && blocks.text(block).contains('{')
        {
            let is_member = |name: &&str| !name.starts_with("CONFIG_") && !is_common(name);
            let member = words(text).last().filter(is_member);
            names.extend(member.map(|it| format!(".{it}")));
        }
        // Enumerators before the change have the values that they had.
        let rest = blocks.lines.get(line.saturating_sub(1)..block.last).unwrap_or_default();
        let head = blocks.lines.get(block.first.saturating_sub(1)).map_or("", String::as_str);
        let is_sure = |name: &String| {
            let name = bare(name);
            is_word(head.as_bytes(), name) || rest.iter().any(|line| is_word(line.as_bytes(), name))
        };
        names.sort_by_key(|name| !is_sure(name));
        for name in names {
            if !found.contains(&(how, name.clone())) {
                found.push((how, name));
            }
        }
    }
    found
}

/// What a part is called, in the sense in which others use the names.
pub(super) fn in_its_sense(block: &Block, blocks: &Blocks, is_c: bool) -> Vec<String> {
    let tag = tag(block, blocks).filter(|_| is_c);
    let sense = |name: &String| {
        if tag.as_ref() == Some(name) { tagged(name) } else { name.clone() }
    };
    block.names.iter().map(sense).collect()
}

/// The tag of a type that has one.
fn tag(block: &Block, blocks: &Blocks) -> Option<String> {
    let text = blocks.text(block);
    let head = text.split(['{', ';']).next().unwrap_or_default();
    let mut rest = words(head).skip_while(|word| !matches!(*word, "struct" | "union" | "enum"));
    let is_type = block.kind == BlockKind::Type && text.contains('{');
    rest.nth(1).filter(|_| is_type).map(ToOwned::to_owned)
}

/// Words that stand in many declarations.
const COMMON: [&str; 22] = [
    "static",
    "extern",
    "inline",
    "const",
    "void",
    "int",
    "long",
    "unsigned",
    "char",
    "bool",
    "short",
    "struct",
    "union",
    "enum",
    "u8",
    "u16",
    "u32",
    "u64",
    "size_t",
    "ssize_t",
    "EXPORT_SYMBOL",
    "EXPORT_SYMBOL_GPL",
];
