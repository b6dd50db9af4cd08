//! Which hunk each line of the patched sources comes from, through a whole series.

use camino::{Utf8Path, Utf8PathBuf};

use super::edits::definition;
use super::hunk::{HunkLine, PlacedHunk, split_lines};
use super::{PatchError, PatchSet, apply};

/// How much of the line that a hunk is in is shown.
const HEADING: usize = 60;

/// A hunk, and which lines of the sources it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracedHunk {
    /// The patch.
    pub patch: Utf8PathBuf,
    /// The line of the patch where the hunk starts, counted from 1.
    pub line: usize,
    /// `@@ -35,6 +35,7 @@ static int meminfo_proc_show(struct seq_file *m, void *v)`
    pub header: String,
    /// The file as the series leaves it, relative to the root of the sources.
    pub file: Utf8PathBuf,
    /// Its lines without line ends, each behind a space, `-` or `+`.
    pub text: Vec<String>,
    /// Lines of the original that it removes, counted from 1.
    pub removed: Vec<usize>,
    /// Lines of the patched file that it adds and no later hunk removes, counted from 1.
    pub added: Vec<usize>,
    /// Lines of the patched file before and behind what it only removes, counted from 1.
    pub around: Vec<usize>,
}

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineOrigin {
    /// A line of the original, counted from 1.
    Original(usize),
    /// A hunk, by number.
    Hunk(usize),
}

/// The lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TracedLines {
    from: Vec<LineOrigin>,
    /// Hunks that removed lines and put none there, with the line that follows, counted from 0.
    gaps: Vec<(usize, usize)>,
}

impl TracedLines {
    /// Those of a file that nothing has changed yet.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let numbers = split_lines(bytes).zip(1..);
        Self {
            from: numbers.map(|(_, number)| LineOrigin::Original(number)).collect(),
            gaps: Vec::new(),
        }
    }

    /// The lines with `hunks` of a patch, whose file becomes `file`. The hunks are added to `all`.
    pub(super) fn with(
        self,
        (patch, file): (&Utf8Path, &Utf8Path),
        bytes: &[u8],
        hunks: &[PlacedHunk],
        all: &mut Vec<TracedHunk>,
    ) -> Self {
        let text: Vec<&[u8]> = split_lines(bytes).collect();
        let mut lines = Self::default();
        let mut done = 0_usize;
        let mut gaps = self.gaps.iter().copied().peekable();
        // What stands before line `end`, as it is.
        let mut copy = |lines: &mut Self, done: usize, end: usize| {
            while let Some((at, hunk)) = gaps.next_if(|(at, _)| *at < end) {
                let moved = lines.from.len().saturating_add(at.saturating_sub(done));
                lines.gaps.push((moved, hunk));
            }
            lines.from.extend_from_slice(self.from.get(done..end).unwrap_or_default());
        };
        for (at, hunk) in hunks {
            copy(&mut lines, done, *at);
            let number = all.len();
            let start = lines.from.len();
            let mut traced = TracedHunk {
                patch: patch.to_owned(),
                line: hunk.line,
                file: file.to_owned(),
                text: hunk.lines.iter().map(HunkLine::text).collect(),
                ..TracedHunk::default()
            };
            let mut old = *at;
            // Whether lines were removed since the last one that stays, and none was added.
            let mut is_gap = false;
            let mut is_edit = false;
            for line in &hunk.lines {
                match line {
                    HunkLine::Both(_) => {
                        if std::mem::take(&mut is_gap) && !is_edit {
                            lines.gaps.push((lines.from.len(), number));
                        }
                        is_edit = false;
                        copy(&mut lines, old, old.saturating_add(1));
                        old = old.saturating_add(1);
                    }
                    HunkLine::Removed(_) => {
                        if let Some(LineOrigin::Original(line)) = self.from.get(old) {
                            traced.removed.push(*line);
                        }
                        is_gap = true;
                        old = old.saturating_add(1);
                    }
                    HunkLine::Added(_) => {
                        is_edit = true;
                        lines.from.push(LineOrigin::Hunk(number));
                    }
                }
            }
            if is_gap && !is_edit {
                lines.gaps.push((lines.from.len(), number));
            }
            let count = |start: usize, end: usize| {
                let count = end.saturating_sub(start);
                format!("{},{count}", if count == 0 { start } else { start.saturating_add(1) })
            };
            traced.header =
                format!("@@ -{} +{} @@", count(*at, old), count(start, lines.from.len()));
            if let Some(heading) = definition(&text, *at) {
                let heading = String::from_utf8_lossy(heading);
                traced.header.push(' ');
                traced.header.extend(heading.trim_end().chars().take(HEADING));
            }
            all.push(traced);
            done = old;
        }
        copy(&mut lines, done, self.from.len());
        lines.gaps.extend(gaps.map(|(_, hunk)| (lines.from.len(), hunk)));
        lines
    }

    /// Tells the hunks which lines of the file are theirs.
    pub(super) fn tell(&self, all: &mut [TracedHunk]) {
        for (from, number) in self.from.iter().zip(1..) {
            if let LineOrigin::Hunk(hunk) = from
                && let Some(hunk) = all.get_mut(*hunk)
            {
                hunk.added.push(number);
            }
        }
        for (behind, hunk) in &self.gaps {
            let Some(hunk) = all.get_mut(*hunk) else { continue };
            hunk.around.extend(Some(*behind).filter(|before| *before > 0));
            let next = behind.saturating_add(1);
            hunk.around.extend(Some(next).filter(|next| *next <= self.from.len()));
        }
    }
}

impl PatchSet {
    /// All hunks in their order, with the lines that they are about. Nothing is written.
    pub fn trace(&self, root: &Utf8Path) -> Result<Vec<TracedHunk>, PatchError> {
        Ok(apply::apply(&self.patches, root, self.fuzz)?.hunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Patch;

    fn traced(files: &[(&str, &str)], patches: &[&str]) -> Vec<TracedHunk> {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        for (name, text) in files {
            fs_err::write(root.join(name), text).unwrap();
        }
        let parsed = patches.iter().zip(1..).map(|(text, number)| {
            Patch::parse(text.as_bytes(), Utf8Path::new(&format!("{number}.patch"))).unwrap()
        });
        let set = PatchSet::new(parsed.collect());
        set.keep(&root.join("kept")).unwrap();
        assert_eq!(PatchSet::kept(&root.join("kept")).unwrap().as_ref(), Some(&set));
        set.trace(root).unwrap()
    }

    const FILE: &str = "int f(void)\n{\n\ta();\n\tb();\n\tc();\n}\n";

    #[test]
    fn hunks_know_their_lines() {
        let patch = "--- a/f.c\n+++ b/f.c\n@@ -2,5 +2,6 @@\n {\n-\ta();\n+\ta(1);\n+\ta(2);\n \tb();\n-\tc();\n+\tc(1);\n }\n";
        let hunks = traced(&[("f.c", FILE)], &[patch]);
        assert_eq!(hunks.len(), 1);
        let hunk = &hunks[0];
        assert_eq!((hunk.line, hunk.header.as_str()), (3, "@@ -2,5 +2,6 @@ int f(void)"));
        assert_eq!((hunk.removed.as_slice(), hunk.added.as_slice()), (&[3, 5][..], &[3, 4, 6][..]));
        assert!(hunk.around.is_empty());
    }

    #[test]
    fn what_is_only_removed_leaves_neighbours() {
        let patch = "--- a/f.c\n+++ b/f.c\n@@ -3,3 +3,2 @@\n \ta();\n-\tb();\n \tc();\n";
        let hunks = traced(&[("f.c", FILE)], &[patch]);
        assert_eq!(
            (hunks[0].removed.as_slice(), hunks[0].around.as_slice()),
            (&[4][..], &[3, 4][..])
        );
    }

    #[test]
    fn hunks_go_with_their_file() {
        let first = "--- a/f.c\n+++ b/f.c\n@@ -3,3 +3,2 @@\n \ta();\n-\tb();\n \tc();\n";
        let second =
            "diff --git a/f.c b/g.c\nsimilarity index 100%\nrename from f.c\nrename to g.c\n";
        let hunks = traced(&[("f.c", FILE)], &[first, second]);
        assert_eq!((hunks[0].file.as_str(), hunks[0].around.as_slice()), ("g.c", &[3, 4][..]));
    }

    #[test]
    fn lines_are_followed_through_a_series() {
        let first = "--- a/f.c\n+++ b/f.c\n@@ -3,3 +3,2 @@\n \ta();\n-\tb();\n \tc();\n";
        let second = "--- a/f.c\n+++ b/f.c\n@@ -1,3 +1,4 @@\n+int g;\n int f(void)\n {\n \ta();\n";
        let third = "--- a/f.c\n+++ b/f.c\n@@ -1,2 +1,2 @@\n-int g;\n+long g;\n int f(void)\n";
        let hunks = traced(&[("f.c", FILE)], &[first, second, third]);
        let lines: Vec<_> = hunks
            .iter()
            .map(|it| (it.removed.clone(), it.added.clone(), it.around.clone()))
            .collect();
        assert_eq!(lines[0], (vec![4], vec![], vec![4, 5]));
        assert_eq!(lines[1], (vec![], vec![], vec![]));
        assert_eq!(lines[2], (vec![], vec![1], vec![]));
        assert_eq!(hunks[2].patch, "3.patch");
    }
}
