//! What nothing tells: functions and data that changed for no known reason, and hunks that have no known effect. The latter may
//! be the reason of the former.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{TracedHunk, is_word};
use klp_core::record::{ChangedData, Record};

use super::about::HunkSubject;
use super::blocks::BlockKind;
use super::named::bare;
use super::nothing::variables;
use super::reach::{Evidence, HunkReason, ReachKind, VERSIONS};
use super::{FunctionReached, NoEffect, WhyQuestion};

/// All that is left open.
pub(super) struct OpenChanges<'a> {
    /// What is open, and the object that has it, with the files that this is made from.
    changes: Vec<OpenChange<'a>>,
    files: BTreeMap<&'a Utf8Path, BTreeSet<Utf8PathBuf>>,
}

struct OpenChange<'a> {
    object: &'a Utf8Path,
    /// What people call it.
    name: String,
    /// The function's number.
    function: Option<usize>,
}

impl<'a> OpenChanges<'a> {
    /// Those of `functions`, and of the data among `records`.
    pub(super) fn of(
        asked: &WhyQuestion<'_>,
        functions: &'a [FunctionReached],
        records: &'a [Record],
    ) -> Self {
        let mut changes: Vec<OpenChange<'_>> = functions
            .iter()
            .enumerate()
            .filter(|(_, reached)| reached.because.is_empty() && !is_explained(reached, functions))
            .map(|(number, reached)| OpenChange {
                object: Utf8Path::new(&reached.function.object),
                name: format!("{}()", reached.function.name),
                function: Some(number),
            })
            .collect();
        let reasons = DataReasons::of(asked);
        let data = records.iter().filter_map(|record| match record {
            Record::Data(data) if !reasons.is_known(data, functions) => Some(OpenChange {
                object: Utf8Path::new(&data.object),
                name: data.name.clone().unwrap_or_else(|| format!("data in {}", data.section)),
                function: None,
            }),
            _ => None,
        });
        changes.extend(data);
        let objects: BTreeSet<&Utf8Path> = changes.iter().map(|it| it.object).collect();
        let files = objects.into_iter().map(|it| (it, asked.files_of(it))).collect();
        Self { changes, files }
    }

    /// What of it is in objects that are made from `file`. Nobody knows that of an object whose record cannot be read.
    fn made_from(&self, file: &Utf8Path) -> Vec<&OpenChange<'a>> {
        let is_made = |change: &&OpenChange<'_>| {
            let files = self.files.get(change.object);
            files.is_none_or(|files| files.is_empty() || files.contains(file))
        };
        self.changes.iter().filter(is_made).collect()
    }

    /// What can be said of a hunk in `file` that reaches no function, of which is known that its own functions are the same.
    pub(super) fn no_effect(&self, file: &Utf8Path, is_alone: bool) -> (NoEffect, String) {
        let open = self.made_from(file);
        if !open.is_empty() {
            let mut names: Vec<String> =
                open.iter().take(MOST).map(|it| format!("{} in {}", it.name, it.object)).collect();
            if open.len() > MOST {
                names.push(format!("{} more", open.len().saturating_sub(MOST)));
            }
            let why = format!(
                "what it changes is not traced; it may be a reason for {}, of which no other is known",
                names.join(", ")
            );
            return (NoEffect::NotTraced, why);
        }
        let why = if is_alone {
            "the compiler makes the same code with it"
        } else {
            "no function that it stands in changed, and all that changed in objects made from its file has other \
             reasons"
        };
        (NoEffect::NoCode, why.to_owned())
    }
}

/// How much of what is open is named.
const MOST: usize = 4;

/// Takes in that hunk number `hunk`, in `file`, may be the reason of those of `functions` that are open.
pub(super) fn keep(
    open: &OpenChanges<'_>,
    hunk: usize,
    file: &Utf8Path,
    functions: &mut [FunctionReached],
) {
    for change in open.made_from(file) {
        let Some(reached) = change.function.and_then(|number| functions.get_mut(number)) else {
            continue;
        };
        reached.is_open = true;
        if reached.choice.is_none() {
            let (how, evidence) = (ReachKind::Untraced, Evidence::File);
            reached.because.push(HunkReason { hunk, how, through: Vec::new(), evidence });
        }
    }
}

/// Whether what the compiler did otherwise in a function comes from another one that a hunk reaches.
pub(super) fn is_explained(reached: &FunctionReached, all: &[FunctionReached]) -> bool {
    let choice = &reached.choice;
    let mut others: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = [&choice.callees, &choice.inlined, &choice.not_inlined]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    while let Some(name) = open.pop() {
        if !others.insert(name) {
            continue;
        }
        for other in all.iter().filter(|it| is_called(it, name)) {
            if !other.because.is_empty() {
                return true;
            }
            open.extend(other.choice.callees.iter().map(String::as_str));
        }
    }
    false
}

/// Whether `name` is a name of the function, also without what a compiler appends.
fn is_called(reached: &FunctionReached, name: &str) -> bool {
    let own = &reached.function.name;
    let spoken = reached.function.demangled.as_deref().unwrap_or(own);
    own == name || spoken == name || source_name(own) == source_name(name)
}

/// The name without what a compiler appends.
pub(super) fn source_name(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Whether `symbol` is what compilers call the variable `name`: gcc `name.0` in a function, and clang `function.name`.
pub(super) fn is_symbol_of(symbol: &str, name: &str) -> bool {
    symbol.split('.').take(2).any(|part| part == name)
}

/// The data that hunks are a reason for.
struct DataReasons<'q> {
    asked: &'q WhyQuestion<'q>,
    /// What each hunk is about: names, in both versions.
    about: Vec<BTreeSet<String>>,
}

impl<'q> DataReasons<'q> {
    fn of(asked: &'q WhyQuestion<'q>) -> Self {
        let of = |hunk: &TracedHunk| {
            let mut names = variables(hunk, asked.sources).unwrap_or_default();
            for version in VERSIONS {
                let blocks = asked.sources.blocks(&hunk.file, version);
                let about = HunkSubject::of(&blocks, hunk, version).names.into_iter();
                names.extend(about.map(|(_, name)| bare(&name).to_owned()));
            }
            names
        };
        Self { asked, about: asked.hunks.iter().map(of).collect() }
    }

    /// Whether there is a reason for `data`: a hunk is about it, or about something that stands in its text, or a hunk reaches a
    /// function that reads what has no name, or is a function's own.
    fn is_known(&self, data: &ChangedData, functions: &[FunctionReached]) -> bool {
        let name = data.name.as_deref().unwrap_or_default();
        if name.is_empty() || name.contains('.') {
            let is_reader = |it: &&FunctionReached| data.read_by.contains(&it.function.name);
            if functions.iter().filter(is_reader).any(|it| !it.because.is_empty()) {
                return true;
            }
        }
        let files = self.asked.files_of(Utf8Path::new(&data.object));
        let text = self.text(name, &files);
        let hunks = self.asked.hunks.iter().zip(&self.about);
        let mut about =
            hunks.filter(|(hunk, _)| files.contains(&hunk.file)).flat_map(|(_, about)| about);
        about.any(|it| is_symbol_of(name, it) || is_word(text.as_bytes(), it))
    }

    /// The text that defines the data of the symbol `name` in a source among `files`.
    fn text(&self, name: &str, files: &BTreeSet<Utf8PathBuf>) -> String {
        let mut found = String::new();
        for file in files.iter().filter(|file| matches!(file.extension(), Some("c" | "rs"))) {
            for version in VERSIONS {
                let blocks = self.asked.sources.blocks(file, version);
                let own = blocks.blocks.iter().filter(|block| {
                    block.kind == BlockKind::Data
                        && block.names.iter().any(|it| is_symbol_of(name, it))
                });
                found.extend(own.map(|block| blocks.text(block)));
            }
        }
        found
    }
}
