//! Hunks of the patches, and the functions that they reach.

use std::collections::BTreeMap;

use klp::{Evidence, FunctionReached, HunkReached, HunkReason, NoEffect, Why};
use klp_core::record::ChangedFunction;

/// A hunk.
pub(super) struct HunkView<'a> {
    pub(super) id: usize,
    pub(super) patch: &'a str,
    pub(super) line: usize,
    pub(super) file: &'a str,
    pub(super) header: &'a str,
    /// Class and text of each line.
    pub(super) lines: Vec<(&'static str, &'a str)>,
    /// The functions that it reaches: numbers of the page, and names.
    pub(super) functions: Vec<(usize, &'a str)>,
    /// Why it reaches none.
    pub(super) nothing: Option<&'a str>,
}

/// All hunks.
pub(super) struct Hunks<'a> {
    pub(super) count: usize,
    /// Those that reach functions.
    pub(super) reaching: Vec<HunkView<'a>>,
    /// Those that may be why functions differ of which nothing else tells it.
    pub(super) maybe: Vec<HunkView<'a>>,
    /// The others, by why they do not.
    pub(super) without: BTreeMap<&'static str, Vec<HunkView<'a>>>,
}

impl<'a> Hunks<'a> {
    /// Those that `why` knows; `number` is that of a function on the page.
    pub(super) fn of(why: &'a Why, number: impl Fn(&ChangedFunction) -> Option<usize>) -> Self {
        let count = why.hunks.len();
        let mut hunks =
            Self { count, reaching: Vec::new(), maybe: Vec::new(), without: BTreeMap::new() };
        for (reached, view) in why.hunks.iter().zip(views(why, number)) {
            match &reached.nothing {
                _ if is_known(why, view.id, &reached.functions) => hunks.reaching.push(view),
                _ if !view.functions.is_empty() => hunks.maybe.push(view),
                Some((nothing, _)) => hunks.without.entry(all(*nothing)).or_default().push(view),
                None => hunks.without.entry(UNKNOWN).or_default().push(view),
            }
        }
        hunks
    }
}

/// Whether hunk `id` reaches one of the functions for more reason than that nothing else does.
fn is_known(why: &Why, id: usize, functions: &[usize]) -> bool {
    let reached = functions.iter().filter_map(|index| why.functions.get(*index));
    let mut because = reached.flat_map(|function| &function.because);
    because.any(|it| it.hunk == id && it.evidence != Evidence::File)
}

const UNKNOWN: &str = "it is not known that they reach a function";

/// Why several hunks reach no function.
fn all(nothing: NoEffect) -> &'static str {
    match nothing {
        NoEffect::NotSource => "their files are no sources",
        NoEffect::NotBuilt => "nothing of this kernel is made from their files",
        NoEffect::Comment => "they change comments and space only",
        NoEffect::CompiledOut => "this configuration leaves them out",
        NoEffect::OnlyData => "they change data, and no code",
        NoEffect::NotTraced => {
            "what they change is not traced, and may be a reason for what has no other"
        }
        NoEffect::NoCode => "the functions that they stand in are the same with them",
    }
}

fn views<'a>(
    why: &'a Why,
    number: impl Fn(&ChangedFunction) -> Option<usize>,
) -> impl Iterator<Item = HunkView<'a>> {
    let view = move |(id, reached): (usize, &'a HunkReached)| {
        let HunkReached { hunk, functions, nothing, .. } = reached;
        let functions = functions.iter().filter_map(|index| {
            let function = &why.functions.get(*index)?.function;
            let name = function.demangled.as_deref().unwrap_or(&function.name);
            Some((number(function)?, name))
        });
        HunkView {
            id,
            patch: hunk.patch.file_name().unwrap_or(hunk.patch.as_str()),
            line: hunk.line,
            file: hunk.file.as_str(),
            header: &hunk.header,
            lines: hunk.text.iter().map(|line| (class(line), line.as_str())).collect(),
            functions: functions.collect(),
            nothing: nothing.as_ref().map(|(_, why)| why.as_str()),
        }
    };
    why.hunks.iter().enumerate().map(view)
}

fn class(line: &str) -> &'static str {
    match line.as_bytes().first() {
        Some(b'-') => "minus",
        Some(b'+') => "plus",
        _ => "both",
    }
}

/// Why a function is in the set.
pub(super) struct FunctionReason {
    /// The hunk's number and a name for it.
    pub(super) hunk: Option<(usize, String)>,
    /// How it reaches the function.
    pub(super) words: String,
}

/// The reasons of a function.
pub(super) fn reasons(reached: &FunctionReached, why: &Why) -> Vec<FunctionReason> {
    let reason = |because: &HunkReason| {
        let hunk = why.hunks.get(because.hunk).map(|it| &it.hunk);
        let name = hunk.map(|hunk| {
            let patched = hunk.added.iter().chain(&hunk.around).min();
            let line = patched.or_else(|| hunk.removed.iter().min()).unwrap_or(&1);
            format!("{}:{line}", hunk.file)
        });
        FunctionReason { hunk: name.map(|name| (because.hunk, name)), words: because.words() }
    };
    match reached.without_hunk() {
        Some(words) => vec![FunctionReason { hunk: None, words }],
        None => reached.because.iter().map(reason).collect(),
    }
}
