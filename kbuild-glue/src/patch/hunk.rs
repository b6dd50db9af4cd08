//! One hunk, and finding the lines that it changes.

/// One hunk of a unified diff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The line of the patch where it starts, counted from 1.
    pub(super) line: usize,
    /// As it stands in the patch: counted from 1, 0 for an empty side.
    pub(super) old_start: usize,
    pub(super) new_start: usize,
    pub(super) lines: Vec<HunkLine>,
}

/// One line of a hunk, its line end included where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HunkLine {
    Both(Vec<u8>),
    Removed(Vec<u8>),
    Added(Vec<u8>),
}

impl HunkLine {
    /// The line without its end, behind its sign.
    pub(super) fn text(&self) -> String {
        let (sign, bytes) = match self {
            Self::Both(bytes) => (' ', bytes),
            Self::Removed(bytes) => ('-', bytes),
            Self::Added(bytes) => ('+', bytes),
        };
        format!("{sign}{}", String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']))
    }
}

/// The hunk that does not apply, counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HunkMismatch(pub(super) usize);

impl Hunk {
    /// The hunk without up to `fuzz` lines of context at each end, and how many it lost at the start.
    fn trimmed(&self, fuzz: usize) -> (Self, usize) {
        let context = |line: &&HunkLine| matches!(line, HunkLine::Both(_));
        let start = self.lines.iter().take_while(context).count().min(fuzz);
        let end = self.lines.iter().rev().take_while(context).count().min(fuzz);
        let kept = start..self.lines.len().saturating_sub(end).max(start);
        let lines = self.lines.get(kept).unwrap_or_default().to_vec();
        (Self { lines, ..self.clone() }, start)
    }

    /// Whether it says that it stands at the start of the file: there is less context before it than behind it.
    fn begins_file(&self, start: usize) -> bool {
        let (before, behind) = self.context();
        start <= 1 && before < behind
    }

    /// Whether it says that it stands at the end of the file: there is context before it, and none behind it.
    fn ends_file(&self) -> bool {
        let (before, behind) = self.context();
        before > 0 && behind == 0
    }

    /// How many lines of context are before and behind its changes.
    fn context(&self) -> (usize, usize) {
        let is_context = |line: &&HunkLine| matches!(line, HunkLine::Both(_));
        let before = self.lines.iter().take_while(is_context).count();
        let behind = self.lines.iter().rev().take_while(is_context).count();
        (before, behind)
    }

    /// The lines before (or after, for the reverse).
    fn side(&self, reverse: bool, after: bool) -> Vec<&[u8]> {
        self.lines
            .iter()
            .filter_map(|line| match line {
                HunkLine::Both(bytes) => Some(bytes),
                HunkLine::Removed(bytes) => (reverse == after).then_some(bytes),
                HunkLine::Added(bytes) => (reverse != after).then_some(bytes),
            })
            .map(Vec::as_slice)
            .collect()
    }
}

/// Applies all hunks of a file, or tells the first that does not apply.
///
/// Each hunk goes to the place nearest to where it says (moved as far as the hunk before it)
/// where all of its lines are found, behind the hunk before it; one of the start of the file or of its end only there. Where
/// there is no such place, up to `fuzz` lines of context at each end of the hunk do not have to be found.
pub(super) fn apply(
    bytes: &[u8],
    hunks: &[Hunk],
    reverse: bool,
    fuzz: usize,
) -> Result<Vec<u8>, HunkMismatch> {
    Ok(placed(bytes, hunks, reverse, fuzz)?.0)
}

/// A hunk with the line of the file before, counted from 0, that it begins at.
pub(super) type PlacedHunk = (usize, Hunk);

/// The same, and where each hunk went, without the context that it lost.
pub(super) fn placed(
    bytes: &[u8],
    hunks: &[Hunk],
    reverse: bool,
    fuzz: usize,
) -> Result<(Vec<u8>, Vec<PlacedHunk>), HunkMismatch> {
    let mut all = Vec::with_capacity(hunks.len());
    let lines: Vec<&[u8]> = split_lines(bytes).collect();
    let mut result = Vec::with_capacity(bytes.len());
    let mut done = 0_usize;
    let mut moved = 0_i64;
    for (index, hunk) in hunks.iter().enumerate() {
        let start = if reverse { hunk.new_start } else { hunk.old_start };
        let place = |fuzz| {
            let (hunk, trimmed) = hunk.trimmed(fuzz);
            let old = hunk.side(reverse, false);
            if fuzz > 0 && old.is_empty() {
                // Nothing would be left that says where it goes.
                return None;
            }
            // An empty side names the line behind which it stands.
            let stated = if old.is_empty() { start } else { start.saturating_sub(1) };
            let stated = stated.saturating_add(trimmed);
            let expected = usize::try_from(signed(stated).saturating_add(moved)).unwrap_or(0);
            let at = if hunk.ends_file() {
                let end = lines.len().checked_sub(old.len());
                end.filter(|end| *end >= done && lines.ends_with(&old))
            } else {
                find(&lines, &old, done, expected)
            }?;
            if fuzz == 0 && at > 0 && hunk.begins_file(start) {
                return None;
            }
            Some((at, signed(at).saturating_sub(signed(stated)), old.len(), hunk))
        };
        let (at, distance, length, hunk) = (0..=fuzz).find_map(place).ok_or(HunkMismatch(index))?;
        moved = distance;
        for line in lines.get(done..at).unwrap_or_default() {
            put(&mut result, line).ok_or(HunkMismatch(index.saturating_sub(1)))?;
        }
        for line in hunk.side(reverse, true) {
            put(&mut result, line).ok_or(HunkMismatch(index))?;
        }
        done = at.saturating_add(length);
        all.push((at, hunk));
    }
    for line in lines.get(done..).unwrap_or_default() {
        put(&mut result, line).ok_or(HunkMismatch(hunks.len().saturating_sub(1)))?;
    }
    Ok((result, all))
}

/// Puts a line behind the others, unless the last one has no end.
fn put(lines: &mut Vec<u8>, line: &[u8]) -> Option<()> {
    let is_whole = lines.last().is_none_or(|byte| *byte == b'\n');
    is_whole.then(|| lines.extend_from_slice(line))
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The place of `old` in `lines` at or behind `from` that is nearest to `expected`.
fn find(lines: &[&[u8]], old: &[&[u8]], from: usize, expected: usize) -> Option<usize> {
    let last = lines.len().checked_sub(old.len())?;
    if old.is_empty() {
        // Nothing tells that another place is the right one.
        return (from..=last).contains(&expected).then_some(expected);
    }
    let matches = |at: usize| {
        (from..=last).contains(&at)
            && lines.get(at..at.saturating_add(old.len())).is_some_and(|found| found == old)
    };
    // A place beyond the end is as near as the end; and a patch can say any number.
    let expected = expected.min(last);
    (0..=last).find_map(|distance| {
        // Of two places as near as each other, patch and git take the later one.
        let behind = expected.checked_add(distance).filter(|&at| matches(at));
        behind.or_else(|| expected.checked_sub(distance).filter(|&at| matches(at)))
    })
}

/// Splits behind each `\n`.
pub(super) fn split_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(old_start: usize, new_start: usize, text: &str) -> Hunk {
        let lines = text
            .split_inclusive('\n')
            .map(|line| {
                let bytes = line.get(1..).unwrap().as_bytes().to_vec();
                match line.as_bytes().first() {
                    Some(b'-') => HunkLine::Removed(bytes),
                    Some(b'+') => HunkLine::Added(bytes),
                    _ => HunkLine::Both(bytes),
                }
            })
            .collect();
        Hunk { line: 1, old_start, new_start, lines }
    }

    #[test]
    fn moves_to_the_nearest_place() {
        let file = "x\na\nb\nx\nx\na\nb\nx\n";
        let near_second = hunk(5, 5, " a\n-b\n+B\n x\n");
        let result = apply(file.as_bytes(), &[near_second], false, 0).unwrap();
        assert_eq!(String::from_utf8(result).unwrap(), "x\na\nb\nx\nx\na\nB\nx\n");
        let near_first = hunk(1, 1, " a\n-b\n+B\n x\n");
        let result = apply(file.as_bytes(), &[near_first], false, 0).unwrap();
        assert_eq!(String::from_utf8(result).unwrap(), "x\na\nB\nx\nx\na\nb\nx\n");
    }

    #[test]
    fn later_hunks_move_along_and_stay_behind() {
        let file = "0\n0\n0\na\nb\na\nb\n";
        let hunks = [hunk(1, 1, "-a\n+A\n"), hunk(3, 3, "-a\n+A\n")];
        let result = apply(file.as_bytes(), &hunks, false, 0).unwrap();
        assert_eq!(String::from_utf8(result.clone()).unwrap(), "0\n0\n0\nA\nb\nA\nb\n");
        assert_eq!(apply(&result, &hunks, true, 0).unwrap(), file.as_bytes());
        let twice =
            [hunk(4, 4, "-a\n+A\n"), hunk(4, 4, " b\n-a\n+A\n b\n"), hunk(1, 1, "-a\n+A\n")];
        assert_eq!(apply(file.as_bytes(), &twice, false, 0), Err(HunkMismatch(2)));
    }

    #[test]
    fn of_two_places_as_near_as_each_other_it_is_the_later() {
        let file = b"0\na\nx\na\n0\n";
        let result = apply(file, &[hunk(3, 3, "-a\n+A\n")], false, 0).unwrap();
        assert_eq!(result, b"0\na\nx\nA\n0\n");
    }

    /// As GNU patch's manual has it, and as git does.
    #[test]
    fn less_context_before_the_first_line_means_the_start() {
        let first = [hunk(1, 1, "+n\n a\n b\n")];
        assert_eq!(apply(b"a\nb\n", &first, false, 0).unwrap(), b"n\na\nb\n");
        assert_eq!(apply(b"x\na\nb\n", &first, false, 0), Err(HunkMismatch(0)));
        let second = [hunk(2, 2, "+n\n a\n b\n")];
        assert_eq!(apply(b"x\ny\na\nb\n", &second, false, 0).unwrap(), b"x\ny\nn\na\nb\n");
    }

    /// As GNU patch and git have it, though the lines are also where the hunk says.
    #[test]
    fn no_context_behind_the_last_line_means_the_end() {
        let last = [hunk(2, 2, " a\n+n\n")];
        assert_eq!(apply(b"x\na\na\n", &last, false, 0).unwrap(), b"x\na\na\nn\n");
        assert_eq!(apply(b"x\na\ny\n", &last, false, 0), Err(HunkMismatch(0)));
    }

    #[test]
    fn no_fuzz() {
        let file = b"a\nb\nc\n";
        assert_eq!(apply(file, &[hunk(1, 1, " a\n-b\n+B\n x\n")], false, 0), Err(HunkMismatch(0)));
        assert_eq!(apply(b"", &[hunk(1, 1, "-a\n")], false, 0), Err(HunkMismatch(0)));
    }

    #[test]
    fn fuzz_leaves_out_context_and_keeps_that_of_the_file() {
        let file = b"a\nb\nc\n";
        let wrong = [hunk(1, 1, " x\n-b\n+B\n c\n")];
        assert_eq!(apply(file, &wrong, false, 0), Err(HunkMismatch(0)));
        assert_eq!(apply(file, &wrong, false, 1).unwrap(), b"a\nB\nc\n");
        let both = [hunk(1, 1, " x\n y\n-b\n+B\n c\n z\n")];
        assert_eq!(apply(file, &both, false, 1), Err(HunkMismatch(0)));
        assert_eq!(apply(file, &both, false, 2).unwrap(), b"a\nB\nc\n");
        // Removed lines are never left out, and a hunk of context alone cannot be placed.
        assert_eq!(apply(file, &[hunk(1, 1, "-x\n+B\n")], false, 3), Err(HunkMismatch(0)));
        assert_eq!(apply(file, &[hunk(1, 1, " x\n+B\n")], false, 3), Err(HunkMismatch(0)));
    }

    #[test]
    fn line_end_at_the_end() {
        let without = hunk(1, 1, "-a\n+b");
        assert_eq!(apply(b"a\n", std::slice::from_ref(&without), false, 0).unwrap(), b"b");
        assert_eq!(apply(b"a", std::slice::from_ref(&without), false, 0), Err(HunkMismatch(0)));
        // The file goes on where the patch says that it ends.
        assert_eq!(
            apply(b"a\nz\n", std::slice::from_ref(&without), false, 0),
            Err(HunkMismatch(0))
        );
        // It goes on, and another hunk changes it behind that.
        let behind = hunk(3, 3, "-y\n+Y\n");
        assert_eq!(apply(b"a\nz\ny\n", &[without, behind], false, 0), Err(HunkMismatch(0)));
        assert_eq!(apply(b"a", &[hunk(1, 1, "-a+b\n")], false, 0), Err(HunkMismatch(0)));
    }

    #[test]
    fn insertion_without_context_does_not_move() {
        assert_eq!(apply(b"", &[hunk(0, 1, "+a\n")], false, 0).unwrap(), b"a\n");
        assert_eq!(apply(b"1\n2\n", &[hunk(1, 2, "+a\n")], false, 0).unwrap(), b"1\na\n2\n");
        assert_eq!(apply(b"1\n", &[hunk(5, 6, "+a\n")], false, 0), Err(HunkMismatch(0)));
    }
}
