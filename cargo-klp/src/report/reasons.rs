//! Why functions changed: hunks of the patches, and what they reached.

use std::io::{self, Write};

use klp::{CompilerChoice, FunctionReached, HunkReached, HunkReason, Why, hunk_words};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::printable::PrintableLines;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum WhyRecord<'a> {
    /// `explain`: why a function is in the changed-function set.
    Why {
        /// The Kbuild object where it is known, else the linked file.
        object: &'a str,
        /// The symbol.
        name: &'a str,
        /// The hunks that reach it; empty: the compiler chose otherwise, or nobody knows.
        because: Vec<BecauseRecord<'a>>,
        /// What the compiler did otherwise, where no hunk reaches the function.
        #[serde(skip_serializing_if = "Option::is_none")]
        compiler: Option<ChoiceRecord<'a>>,
    },
    /// `explain`: a hunk of the patches, and what it reached.
    Hunk {
        /// The patch.
        patch: &'a str,
        /// The line of the patch where the hunk starts.
        line: usize,
        /// `@@ -35,6 +35,7 @@ DEFINITION`
        hunk: &'a str,
        /// The file, relative to the root of the sources.
        file: &'a str,
        /// The symbols of the functions that it reached.
        functions: Vec<&'a str>,
        /// Why it reached none: `not-source`, `not-built`, `comment`, `compiled-out`, `only-data`, `no-code`, or `not-traced`: what it does is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        no_effect: Option<&'static str>,
        /// The same for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'a str>,
    },
}

/// A hunk that reaches a function.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "WhyHunk")]
pub(super) struct BecauseRecord<'a> {
    /// `direct`, `inlined`, through a `macro`, a `type` or `data`, through a header that is included in one version only: `include`,
    /// through a `call` of a static function or the `use` of a static variable that it changes, through how objects are compiled:
    /// `build`; or `untraced`: it may be a reason, and nothing tells what it changes.
    how: &'static str,
    /// What was inlined, the outermost first; or the header, macro, type or variable, or the function with the call.
    through: &'a [String],
    /// How that is known: by `lines` of debug information, by the `extent` of a function's text that is in the code, by a
    /// name in the `text`, or because nothing else in a `file` of the object tells.
    evidence: &'static str,
    /// The patch.
    patch: &'a str,
    /// The line of the patch where the hunk starts.
    line: usize,
    /// `@@ -35,6 +35,7 @@ DEFINITION`
    hunk: &'a str,
    /// The file, relative to the root of the sources.
    file: &'a str,
}

/// What a compiler did otherwise in a function whose source is the same.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "WhyCompiler")]
pub(super) struct ChoiceRecord<'a> {
    /// Functions that it calls and that changed.
    callees: &'a [String],
    /// What is inlined into it now.
    inlined: &'a [String],
    /// What is not inlined into it any more.
    not_inlined: &'a [String],
}

impl<'a> WhyRecord<'a> {
    fn of_function(reached: &'a FunctionReached, why: &'a Why) -> Self {
        let FunctionReached { function, because, choice, .. } = reached;
        let compiler = (because.is_empty() && !choice.is_none()).then_some(choice);
        Self::Why {
            object: &function.object,
            name: &function.name,
            because: because.iter().filter_map(|it| BecauseRecord::of(it, why)).collect(),
            compiler: compiler.map(|CompilerChoice { callees, inlined, not_inlined }| {
                ChoiceRecord { callees, inlined, not_inlined }
            }),
        }
    }

    fn of_hunk(reached: &'a HunkReached, why: &'a Why) -> Self {
        let HunkReached { hunk, functions, nothing, .. } = reached;
        let functions = functions.iter().filter_map(|number| why.functions.get(*number));
        Self::Hunk {
            patch: hunk.patch.as_str(),
            line: hunk.line,
            hunk: &hunk.header,
            file: hunk.file.as_str(),
            functions: functions.map(|reached| reached.function.name.as_str()).collect(),
            no_effect: nothing.as_ref().map(|(nothing, _)| nothing.word()),
            why: nothing.as_ref().map(|(_, why)| why.as_str()),
        }
    }
}

impl<'a> BecauseRecord<'a> {
    fn of(because: &'a HunkReason, why: &'a Why) -> Option<Self> {
        let hunk = &why.hunks.get(because.hunk)?.hunk;
        Some(Self {
            how: because.how.word(),
            through: &because.through,
            evidence: because.evidence.word(),
            patch: hunk.patch.as_str(),
            line: hunk.line,
            hunk: &hunk.header,
            file: hunk.file.as_str(),
        })
    }
}

pub(super) fn json(why: &Why, mut out: impl Write) -> io::Result<()> {
    for reached in &why.functions {
        json::line(&WhyRecord::of_function(reached, why), &mut out)?;
    }
    why.hunks.iter().try_for_each(|reached| json::line(&WhyRecord::of_hunk(reached, why), &mut out))
}

/// Why one function changed.
pub(super) fn of_function(
    reached: &FunctionReached,
    why: &Why,
    out: &mut PrintableLines<'_>,
) -> io::Result<()> {
    for because in &reached.because {
        let Some(hunk) = why.hunks.get(because.hunk) else { continue };
        writeln!(out, "  because of {},", hunk_words(&hunk.hunk))?;
        writeln!(out, "    {}", because.words())?;
    }
    match reached.without_hunk() {
        Some(words) => writeln!(out, "  {words}"),
        None => Ok(()),
    }
}

/// The hunks that reached no function.
pub(super) fn without_effect(why: &Why, out: &mut PrintableLines<'_>) -> io::Result<()> {
    for HunkReached { hunk, nothing, .. } in &why.hunks {
        if let Some((nothing, why)) = nothing {
            writeln!(out)?;
            writeln!(out, "no function through {}", hunk_words(hunk))?;
            writeln!(out, "  {}: {why}", nothing.word())?;
        }
    }
    Ok(())
}
