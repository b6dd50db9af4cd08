//! Hunks of the patches, and the functions that they reach.

use klp::{Because, FunctionReached, HunkReached, Why};
use klp_core::record::Function;

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

/// All hunks; `number` is that of a function on the page.
pub(super) fn hunks<'a>(
    why: &'a Why,
    number: impl Fn(&Function) -> Option<usize>,
) -> Vec<HunkView<'a>> {
    let view = |(id, reached): (usize, &'a HunkReached)| {
        let HunkReached { hunk, functions, nothing } = reached;
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
    why.hunks.iter().enumerate().map(view).collect()
}

fn class(line: &str) -> &'static str {
    match line.as_bytes().first() {
        Some(b'-') => "minus",
        Some(b'+') => "plus",
        _ => "both",
    }
}

/// Why a function is in the set.
pub(super) struct Reason {
    /// The hunk's number and a name for it.
    pub(super) hunk: Option<(usize, String)>,
    /// How it reaches the function.
    pub(super) words: String,
}

/// The reasons of a function.
pub(super) fn reasons(reached: &FunctionReached, why: &Why) -> Vec<Reason> {
    let reason = |because: &Because| {
        let hunk = why.hunks.get(because.hunk).map(|it| &it.hunk);
        let name = hunk.map(|hunk| {
            let patch = hunk.patch.file_name().unwrap_or(hunk.patch.as_str());
            format!("{patch}:{}", hunk.line)
        });
        Reason { hunk: name.map(|name| (because.hunk, name)), words: because.words() }
    };
    match reached.without_hunk() {
        Some(words) => vec![Reason { hunk: None, words }],
        None => reached.because.iter().map(reason).collect(),
    }
}
