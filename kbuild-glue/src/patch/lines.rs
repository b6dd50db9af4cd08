//! Keeps the line numbers of code that a patch leaves as it is.
//!
//! `__LINE__` is compiled into code in many places, and nothing in an object tells it from another
//! number. A patch that adds one line would change every such function below. So before a patched
//! source is compiled, its lines get the numbers that they had.

mod c;
mod rust;

use c::Conditional;
use similar::{Algorithm, DiffOp};

use super::FileChange;
use super::hunk::split_lines;

impl FileChange {
    /// The same change with the line numbers of the original where lines stay as they are.
    ///
    /// In C, by `#line` directives. They name no file, so that `__FILE__` is what it was. A line that is
    /// added between others gets the number that it has in the patched file, and lines that replace
    /// others go on from there. A directive stands only where it is nothing but a directive: where there
    /// is no such place, as between the arguments of a macro, lines move. Nothing else of the sources
    /// changes: they preprocess to the same tokens.
    ///
    /// In Rust, by putting what is added onto the line before it: columns change there, tokens do not.
    #[must_use]
    pub fn with_kept_lines(mut self) -> Self {
        if let (Some(old), Some(new)) = (&self.old, &self.new) {
            match self.path.extension() {
                Some("c" | "h") => self.new = Some(keep_in_c(old, new)),
                Some("rs") => self.new = keep_in_rust(old, new).or(self.new),
                _ => {}
            }
        }
        self
    }
}

/// The patched source, with directives.
fn keep_in_c(old: &[u8], new: &[u8]) -> Vec<u8> {
    let old_lines: Vec<&[u8]> = split_lines(old).collect();
    let new_lines: Vec<&[u8]> = split_lines(new).collect();
    let numbers = numbers(&old_lines, &new_lines);
    let mut result = Vec::with_capacity(new.len());
    let mut shift = Shift { now: Some(0), branches: Vec::new() };
    let mut physical = 1_i64;
    for ((line, number), syntax) in new_lines.iter().zip(numbers).zip(c::lines(new)) {
        let ends_branch = syntax.conditional.is_some_and(|kind| kind != Conditional::If);
        if let Some(number) = number
            && syntax.safe
            && syntax.has_words
            && !ends_branch
            && shift.now != Some(number.saturating_sub(physical))
        {
            physical = physical.saturating_add(1);
            result.extend_from_slice(format!("#line {number}\n").as_bytes());
            shift.now = Some(number.saturating_sub(physical));
        }
        result.extend_from_slice(line);
        physical = physical.saturating_add(1);
        if let Some(conditional) = syntax.conditional {
            shift.pass(conditional);
        }
    }
    result
}

/// The patched source with its lines where they were; none where it is not text.
fn keep_in_rust(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let (old_lines, new_lines): (Vec<&[u8]>, Vec<&[u8]>) =
        (split_lines(old).collect(), split_lines(new).collect());
    let mut numbers = vec![None; new_lines.len()];
    for operation in similar::capture_diff_slices(Algorithm::Patience, &old_lines, &new_lines) {
        if let DiffOp::Equal { old_index, new_index, len } = operation {
            for line in 0..len {
                if let Some(number) = numbers.get_mut(new_index.saturating_add(line)) {
                    *number = Some(old_index.saturating_add(line).saturating_add(1));
                }
            }
        }
    }
    Some(rust::keep(std::str::from_utf8(new).ok()?, &numbers).into_bytes())
}

/// The number that each line should have. None for lines that replace others: they follow the line before.
fn numbers(old: &[&[u8]], new: &[&[u8]]) -> Vec<Option<i64>> {
    let mut numbers = Vec::with_capacity(new.len());
    for operation in similar::capture_diff_slices(Algorithm::Patience, old, new) {
        match operation {
            DiffOp::Equal { old_index, len, .. } => {
                numbers.extend((0..len).map(|line| number(old_index.saturating_add(line))));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                numbers.extend((0..new_len).map(|line| number(new_index.saturating_add(line))));
            }
            DiffOp::Replace { new_len, .. } => {
                numbers.extend(std::iter::repeat_n(None, new_len));
            }
            DiffOp::Delete { .. } => {}
        }
    }
    numbers
}

fn number(index: usize) -> Option<i64> {
    i64::try_from(index).ok()?.checked_add(1)
}

/// How far the compiler's line number is from the one in the file that it reads.
struct Shift {
    /// None where that depends on the configuration, since only some branches have a directive.
    now: Option<i64>,
    branches: Vec<ShiftedBranches>,
}

struct ShiftedBranches {
    before: Option<i64>,
    after: Vec<Option<i64>>,
    has_else: bool,
}

impl Shift {
    fn pass(&mut self, conditional: Conditional) {
        match conditional {
            Conditional::If => {
                let branches =
                    ShiftedBranches { before: self.now, after: Vec::new(), has_else: false };
                self.branches.push(branches);
            }
            Conditional::ElseIf | Conditional::Else => {
                if let Some(branches) = self.branches.last_mut() {
                    branches.after.push(self.now);
                    branches.has_else |= conditional == Conditional::Else;
                    self.now = branches.before;
                }
            }
            Conditional::End => {
                if let Some(branches) = self.branches.pop() {
                    let mut ways = branches.after;
                    if !branches.has_else {
                        ways.push(branches.before);
                    }
                    self.now = self.now.filter(|_| ways.iter().all(|&way| way == self.now));
                }
            }
        }
    }
}
