//! Markdown, as GitHub shows it: a page for the summary of a job.

use std::io::{self, Write};

use klp_core::diff::Changes;
use klp_core::record::Failure;

use super::human::{causes, word};
use super::notes::NoteGroup;
use super::verdict::PageVerdict;
use crate::words::count;

/// Rows of a table that are printed: a job's summary has at most a megabyte.
const MOST: usize = 500;

pub(super) fn changes(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    let verdict = PageVerdict::of(changes);
    writeln!(out, "## {}\n", text(&verdict.title))?;
    if let Some(more) = &verdict.more {
        writeln!(out, "{}\n", text(more))?;
    }
    let summary = &changes.summary;
    writeln!(
        out,
        "{} changed, {} added, {} removed of {} in {}.\n",
        summary.changed,
        summary.added,
        summary.removed,
        count(summary.functions, "function"),
        count(summary.objects, "object")
    )?;
    let refused = changes.refused.iter().map(|refused| {
        let parts = refused.patch.iter().map(|part| {
            let hunk = part.hunk.as_deref().unwrap_or_default();
            code(format!("{} {hunk}", part.file).trim_end())
        });
        [
            code(&refused.name),
            code(&refused.object),
            text(&refused.why),
            parts.collect::<Vec<_>>().join("<br>"),
        ]
    });
    table("What stands in the way", ["", "object", "why", "patch"], refused, &mut out)?;
    let functions = changes.functions.iter().map(|function| {
        let name = function.demangled.as_ref().unwrap_or(&function.name);
        let why = match function.allowed {
            Some(false) => format!("{} (not allowed)", causes(&function.causes)),
            _ => causes(&function.causes),
        };
        [word(function.change).to_owned(), code(name), code(&function.object), text(&why)]
    });
    table("Functions", ["", "function", "object", "differs in"], functions, &mut out)?;
    let data = changes.data.iter().map(|data| {
        let name = data.name.as_deref().unwrap_or("(unnamed)");
        let readers: Vec<String> = data.read_by.iter().map(|reader| code(reader)).collect();
        [word(data.change).to_owned(), code(name), code(&data.object), readers.join(", ")]
    });
    table("Data", ["", "name", "object", "read by"], data, &mut out)?;
    let notes = NoteGroup::all(&changes.notes);
    let notes = notes.iter().map(|group| {
        let names: Vec<String> = group.notes.iter().map(|note| code(&note.name)).collect();
        [names.join(", "), code(group.object()), text(group.why())]
    });
    table("Notes", ["", "object", "what"], notes, &mut out)
}

/// Why there is no result.
pub(super) fn failure(failure: &Failure, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "## cargo klp failed\n\n{}\n", text(&failure.message))?;
    for cause in &failure.causes {
        writeln!(out, "- {}", text(cause))?;
    }
    if let Some(hint) = &failure.hint {
        writeln!(out, "\nHint: {}", text(hint))?;
    }
    Ok(())
}

fn table<const N: usize>(
    title: &str,
    columns: [&str; N],
    rows: impl ExactSizeIterator<Item = [String; N]>,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = rows.len();
    if count == 0 {
        return Ok(());
    }
    writeln!(out, "### {title}\n")?;
    let mut line = |cells: &[&str]| writeln!(out, "| {} |", cells.join(" | "));
    line(&columns)?;
    line(&["---"; N])?;
    for row in rows.take(MOST) {
        line(&row.each_ref().map(String::as_str))?;
    }
    match count.checked_sub(MOST) {
        Some(more) if more > 0 => writeln!(out, "\n… and {more} more.\n"),
        _ => writeln!(out),
    }
}

/// A name, as code; what would end the code or the cell becomes HTML.
fn code(name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!("<code>{}</code>", text(name)),
    }
}

/// A text, without what Markdown, HTML or a table would take for its own.
fn text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '|' => plain.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '@' => plain.extend(['\\', sign]),
            sign if sign.is_control() => plain.push(' '),
            sign => plain.push(sign),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{code, text};

    #[test]
    fn names_stay_what_they_are() {
        assert_eq!(text("a|b <c> *d*\n"), r"a&#124;b &lt;c&gt; \*d\* ");
        assert_eq!(code("__x64_sys"), r"<code>\_\_x64\_sys</code>");
        assert_eq!(code(""), "");
    }
}
