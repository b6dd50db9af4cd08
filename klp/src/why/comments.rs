//! What a hunk changes beside comments and space.

use kbuild_glue::{BuildVersion, TracedHunk};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::blocks::Blocks;
use super::sources::Sources;

/// Lines of one version that stand one behind the other in a hunk: their numbers and what they say.
#[derive(Default)]
struct HunkRun {
    numbers: Vec<usize>,
    texts: Vec<String>,
}

/// `hunk` without the lines that it leaves as they are but for comments and space.
pub(super) fn without_comments(hunk: &TracedHunk, sources: &Sources) -> TracedHunk {
    let count = |sign: char| hunk.text.iter().filter(|line| line.starts_with(sign)).count();
    // Lines of a series that a later patch removes have no number.
    let has_numbers = count('-') == hunk.removed.len() && count('+') == hunk.added.len();
    if !has_numbers || !matches!(hunk.file.extension(), Some("c" | "h")) {
        return hunk.clone();
    }
    let [original, patched] = [BuildVersion::Original, BuildVersion::Patched]
        .map(|version| sources.blocks(&hunk.file, version));
    let (mut removed, mut added) = (hunk.removed.iter(), hunk.added.iter());
    let mut left = TracedHunk { removed: Vec::new(), added: Vec::new(), ..hunk.clone() };
    let (mut old, mut new) = (HunkRun::default(), HunkRun::default());
    for line in hunk.text.iter().map(String::as_str).chain([" "]) {
        if let Some(text) = line.strip_prefix('-') {
            old.push(removed.next(), text, &original);
        } else if let Some(text) = line.strip_prefix('+') {
            new.push(added.next(), text, &patched);
        } else {
            for operation in capture_diff_slices(Algorithm::Myers, &old.texts, &new.texts) {
                if matches!(operation, DiffOp::Equal { .. }) {
                    continue;
                }
                left.removed.extend(old.numbers.get(operation.old_range()).unwrap_or_default());
                left.added.extend(new.numbers.get(operation.new_range()).unwrap_or_default());
            }
            (old, new) = (HunkRun::default(), HunkRun::default());
        }
    }
    left
}

impl HunkRun {
    /// Takes in a line that is `text` in the hunk. What is in comments does not count; the parts have no literals, so that a
    /// line with one counts as it stands.
    fn push(&mut self, number: Option<&usize>, text: &str, blocks: &Blocks) {
        let Some(number) = number.copied() else { return };
        let code = blocks.lines.get(number.saturating_sub(1)).map_or("", String::as_str);
        let says = if code.contains(['"', '\'']) { text } else { code };
        let says = says.split_whitespace().collect::<Vec<_>>().join(" ");
        if !says.is_empty() {
            self.numbers.push(number);
            self.texts.push(says);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kbuild_glue::FileChange;

    /// The lines that are left of a change of all of `old` to all of `new`.
    fn left(old: &str, new: &str) -> (Vec<usize>, Vec<usize>) {
        let change = FileChange {
            path: "a.c".into(),
            old: Some(old.as_bytes().to_vec()),
            new: Some(new.as_bytes().to_vec()),
            mode: None,
        };
        let sources = Sources::new("/".into(), vec![change]);
        let lines = |sign: char, text: &str| -> Vec<String> {
            text.lines().map(|line| format!("{sign}{line}")).collect()
        };
        let hunk = TracedHunk {
            file: "a.c".into(),
            text: [lines('-', old), lines('+', new)].concat(),
            removed: (1..=old.lines().count()).collect(),
            added: (1..=new.lines().count()).collect(),
            ..TracedHunk::default()
        };
        let left = without_comments(&hunk, &sources);
        (left.removed, left.added)
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(left("int x; /* one */\n", "int\tx;\n/* two */\n"), (vec![], vec![]));
        let (old, new) = ("int x; /* one */\nchar y;\n", "int x; /* two */\nlong y;\n");
        assert_eq!(left(old, new), (vec![2], vec![2]));
    }

    #[test]
    fn what_is_said_otherwise_is_not() {
        assert_eq!(left("f(\"a\");\n", "f(\"b\");\n"), (vec![1], vec![1]));
        let (removed, added) = left("f(1);\nf(2);\n", "f(2);\nf(1);\n");
        assert_eq!((removed.len(), added.len()), (1, 1));
    }
}
