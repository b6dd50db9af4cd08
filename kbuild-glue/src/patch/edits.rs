//! The edits of a changed file, as hunks of `diff -up` name them.

use similar::{Algorithm, ChangeTag, DiffOp};

use super::FileChange;
use super::hunk::split_lines;
use crate::word::is_word;

/// Lines of context of a hunk.
const CONTEXT: usize = 3;

/// How much of the line that a hunk is in is shown.
const HEADING: usize = 60;

/// A hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// `@@ -35,6 +35,7 @@ static int meminfo_proc_show(struct seq_file *m, void *v)`
    pub header: String,
    /// The lines that are removed or added, and those in which the definitions start that they are in.
    lines: Vec<Vec<u8>>,
}

impl Edit {
    /// Whether the edit is one of what is called `name`, or has that word in it.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.lines.iter().any(|line| is_word(line, name))
    }
}

impl FileChange {
    /// The hunks that lead from the file before to the file after.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        let old: Vec<&[u8]> = split_lines(self.old.as_deref().unwrap_or_default()).collect();
        let new: Vec<&[u8]> = split_lines(self.new.as_deref().unwrap_or_default()).collect();
        let operations = similar::capture_diff_slices(Algorithm::Patience, &old, &new);
        let hunks = similar::group_diff_ops(operations, CONTEXT);
        hunks.iter().filter_map(|hunk| edit(hunk, &old, &new)).collect()
    }
}

fn edit(hunk: &[DiffOp], old: &[&[u8]], new: &[&[u8]]) -> Option<Edit> {
    let (first, last) = (hunk.first()?, hunk.last()?);
    let (from, to) = (first.old_range().start, first.new_range().start);
    let range = |start: usize, end: usize| {
        let count = end.saturating_sub(start);
        // An empty side names the line behind which it stands.
        let line = if count == 0 { start } else { start.saturating_add(1) };
        format!("{line},{count}")
    };
    let mut header = format!(
        "@@ -{} +{} @@",
        range(from, last.old_range().end),
        range(to, last.new_range().end)
    );
    if let Some(line) = definition(old, from) {
        let line = String::from_utf8_lossy(line);
        header.push(' ');
        header.extend(line.trim_end().chars().take(HEADING));
    }
    let mut lines = Vec::new();
    for operation in hunk {
        let edited =
            operation.iter_changes(old, new).filter(|change| change.tag() != ChangeTag::Equal);
        let before = lines.len();
        lines.extend(edited.map(|change| change.value().to_vec()));
        if lines.len() > before {
            lines.extend(definition(old, operation.old_range().start).map(<[u8]>::to_vec));
        }
    }
    Some(Edit { header, lines })
}

/// The line before line `at` in which the definition starts that it is in.
pub(super) fn definition<'a>(lines: &[&'a [u8]], at: usize) -> Option<&'a [u8]> {
    let starts = |line: &&&[u8]| {
        line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_$".contains(byte))
            // Labels of `goto` stand there, too.
            && !line.trim_ascii_end().ends_with(b":")
    };
    lines.get(..at)?.iter().rev().find(starts).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_and_what_they_are_in() {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        let old = "int a;\nint first(int n)\n{\n\tn++;\nout:\n\treturn n;\n}\n\n\n\n\n\n\nint second(void)\n{\n\treturn 0;\n}\n";
        let new = old.replace("n++;", "n += first(1);").replace("return 0;", "return third();");
        let change =
            FileChange { path: "a.c".into(), old: bytes(old), new: bytes(&new), mode: None };
        let edits = change.edits();
        let headers: Vec<&str> = edits.iter().map(|edit| edit.header.as_str()).collect();
        assert_eq!(headers, ["@@ -1,7 +1,7 @@", "@@ -13,5 +13,5 @@ int first(int n)"]);
        let named = |name: &str| edits.iter().map(|edit| edit.names(name)).collect::<Vec<_>>();
        assert_eq!(named("first"), [true, false]);
        assert_eq!(named("second"), [false, true]);
        assert_eq!(named("third"), [false, true]);
        assert_eq!(named("hird"), [false, false]);
        let added = FileChange { old: None, ..change };
        let headers: Vec<String> = added.edits().into_iter().map(|edit| edit.header).collect();
        assert_eq!(headers, ["@@ -0,0 +1,17 @@"]);
    }
}
