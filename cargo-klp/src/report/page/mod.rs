//! A page for a browser: one file that needs nothing from elsewhere.

mod function;
mod hunk;
mod index;
mod obstacle;

use std::collections::BTreeMap;
use std::io::{self, Write};

use askama::Template;
use klp::{Explained, ExplainedData, FunctionReached, SourceLines, Why};
use klp_core::check::SymbolUse;
use klp_core::diff::Changes;
use klp_core::explain::MOST_ROWS;
use klp_core::record::{ChangedData, ChangedFunction, FormatVersion, ProofRecord};

use super::explained_data::values;
use super::human::{causes, word};
use super::notes::NoteGroup;
use super::verdict::{PageVerdict, VerdictKind};
use crate::printable;
use crate::words::count;

use function::{RowView, ShownFunction};
use hunk::{FunctionReason, Hunks};
use index::DirectoryView;
use obstacle::ObstacleView;

/// How the file begins, by which it is known again.
const START: &str = "<!doctype html>\n<!-- cargo klp report -->";

/// Whether a file that begins so is such a page.
pub(crate) fn is_page(start: &[u8]) -> bool {
    start.starts_with(START.as_bytes())
}

/// Rows of all functions together: a browser shows a page of 5 MB in a second.
const ROWS: usize = 20_000;

/// What a page is made of.
pub(crate) struct PageContent<'a> {
    /// What was compared, in a few words.
    pub(crate) title: &'a str,
    pub(crate) changes: &'a Changes,
    /// Both versions of the functions, as far as their objects are there.
    pub(crate) explained: &'a [Explained],
    /// The source lines of each of them, as far as they are known.
    pub(crate) lines: &'a [SourceLines],
    /// In what the data differ that changed.
    pub(crate) data: &'a [ExplainedData],
    /// Which hunks of the patches reach which of the functions.
    pub(crate) why: &'a Why,
    /// What the livepatch uses of the running kernel.
    pub(crate) uses: &'a [SymbolUse],
}

/// Writes the page. What browsers show in names of control characters is nothing, and a terminal obeys them.
pub(crate) fn write(content: &PageContent<'_>, mut out: impl Write) -> io::Result<()> {
    let page = Page::of(content).render().map_err(io::Error::other)?;
    out.write_all(printable::lines(&page).as_bytes())
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    start: &'static str,
    title: &'a str,
    tool: String,
    verdict: PageVerdict,
    kind: &'static str,
    numbers: Vec<(&'static str, usize)>,
    whole: String,
    obstacles: Vec<ObstacleView<'a>>,
    proofs: &'a [ProofRecord],
    directories: Vec<DirectoryView<'a>>,
    objects: Vec<ObjectView<'a>>,
    hunks: Hunks<'a>,
    data: Vec<DataView<'a>>,
    notes: Vec<NoteGroup<'a>>,
    ignored: Vec<(String, &'a str)>,
    imports: Vec<&'a SymbolUse>,
    positions: Vec<&'a SymbolUse>,
}

/// A Kbuild object with functions that changed.
struct ObjectView<'a> {
    id: usize,
    name: &'a str,
    module: Option<&'a str>,
    functions: Vec<FunctionView<'a>>,
}

/// A function of the changed-function set.
struct FunctionView<'a> {
    id: usize,
    word: &'static str,
    name: &'a str,
    /// The symbol, where the name is a path.
    symbol: Option<&'a str>,
    was: Option<&'a str>,
    candidates: &'a [String],
    causes: String,
    not_allowed: bool,
    reasons: Vec<FunctionReason>,
    listing: ShownFunction<'a>,
}

/// A data object, and which functions of the page read it.
struct DataView<'a> {
    data: &'a ChangedData,
    word: &'static str,
    causes: String,
    readers: Vec<(&'a str, Option<usize>)>,
    /// Offset, member, and what both versions have there.
    differs: Vec<(String, &'a str, [&'a str; 2])>,
}

/// What tells a function from all others.
type FunctionKey<'a> = (&'a str, Option<&'a str>, &'a str, Option<&'a str>, bool);

fn key(function: &ChangedFunction) -> FunctionKey<'_> {
    let ChangedFunction { object, linked, name, original_name, .. } = function;
    let is_removed = function.patched_checksum.is_none();
    (object, linked.as_deref(), name, original_name.as_deref(), is_removed)
}

impl<'a> Page<'a> {
    fn of(content: &PageContent<'a>) -> Self {
        let PageContent { title, changes, explained, lines, data, why, uses } = *content;
        let reached: BTreeMap<FunctionKey<'_>, &FunctionReached> =
            why.functions.iter().map(|reached| (key(&reached.function), reached)).collect();
        let numbered = explained.iter().enumerate();
        let rows: BTreeMap<FunctionKey<'_>, (usize, &Explained)> =
            numbered.map(|(number, it)| (key(&it.function), (number, it))).collect();
        let mut budget = ROWS;
        let functions = changes.functions.iter().enumerate().map(|(id, function)| FunctionView {
            id,
            word: word(function.change),
            name: function.demangled.as_ref().unwrap_or(&function.name),
            symbol: function.demangled.as_ref().map(|_| function.name.as_str()),
            was: function.original_name.as_deref(),
            candidates: &function.candidates,
            causes: causes(&function.causes),
            not_allowed: function.allowed == Some(false),
            reasons: reached
                .get(&key(function))
                .map(|reached| hunk::reasons(reached, why))
                .unwrap_or_default(),
            listing: match rows.get(&key(function)) {
                Some((number, explained)) => {
                    ShownFunction::within(&mut budget, explained, lines.get(*number))
                }
                None => ShownFunction::Absent,
            },
        });
        let mut objects: Vec<ObjectView<'_>> = Vec::new();
        for (function, view) in changes.functions.iter().zip(functions) {
            let module = function.linked.as_deref().filter(|linked| *linked != "vmlinux");
            match objects.last_mut() {
                Some(object) if object.name == function.object && object.module == module => {
                    object.functions.push(view);
                }
                _ => {
                    let id = objects.len();
                    objects.push(ObjectView {
                        id,
                        name: &function.object,
                        module,
                        functions: vec![view],
                    });
                }
            }
        }
        let summary = &changes.summary;
        let numbers = [
            ("changed", summary.changed),
            ("added", summary.added),
            ("removed", summary.removed),
            (
                if summary.data_changed == 1 { "data object" } else { "data objects" },
                summary.data_changed,
            ),
            ("refused", summary.refused),
            ("not allowed", summary.not_allowed),
            ("ignored", summary.ignored),
            (if summary.notes == 1 { "note" } else { "notes" }, summary.notes),
        ];
        let verdict = PageVerdict::of(changes);
        let (imports, positions) = uses.iter().partition(|one| one.place.is_none());
        Self {
            start: START,
            title,
            tool: FormatVersion::default().tool,
            kind: match verdict.kind {
                VerdictKind::Module => "module",
                VerdictKind::Changes | VerdictKind::Unchanged => "plain",
                VerdictKind::Refused => "refused",
            },
            verdict,
            numbers: numbers
                .into_iter()
                .filter(|(what, number)| *number > 0 || *what == "changed")
                .collect(),
            whole: format!(
                "of {} in {}",
                count(summary.functions, "function"),
                count(summary.objects, "object")
            ),
            obstacles: obstacle::grouped(&changes.refused, why),
            proofs: &changes.proofs,
            directories: index::directories(&changes.functions, &objects),
            objects,
            hunks: Hunks::of(why, |function| {
                let wanted = key(function);
                changes.functions.iter().position(|other| key(other) == wanted)
            }),
            data: data_rows(changes, data),
            notes: NoteGroup::all(&changes.notes),
            ignored: changes.ignored.iter().filter_map(index::ignored).collect(),
            imports,
            positions,
        }
    }
}

fn data_rows<'a>(changes: &'a Changes, explained: &'a [ExplainedData]) -> Vec<DataView<'a>> {
    let id = |object: &str, name: &str| {
        let is_it = |function: &ChangedFunction| function.object == object && function.name == name;
        changes.functions.iter().position(is_it)
    };
    let rows = changes.data.iter().map(|data| DataView {
        word: word(data.change),
        causes: causes(&data.causes),
        readers: data.read_by.iter().map(|name| (name.as_str(), id(&data.object, name))).collect(),
        differs: differs(data, explained),
        data,
    });
    rows.collect()
}

/// The places where both versions of `data` differ.
fn differs<'a>(
    data: &ChangedData,
    explained: &'a [ExplainedData],
) -> Vec<(String, &'a str, [&'a str; 2])> {
    let rows = explained.iter().filter(|it| it.data == *data).flat_map(|it| &it.rows);
    let row = |row: &'a klp_core::explain::DataRow| {
        let member = row.member.as_deref().unwrap_or_default();
        (format!("+{:#x}", row.offset), member, values(row))
    };
    rows.map(row).collect()
}
