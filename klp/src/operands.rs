//! What differs in two instructions of one row, down to the operand.

use klp_core::explain::{AlignedRow, InstructionLine};

/// The text of an instruction, of which the middle is what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkedText<'a> {
    /// What is in front of it.
    pub before: &'a str,
    /// What differs.
    pub differs: &'a str,
    /// What follows.
    pub after: &'a str,
}

impl<'a> MarkedText<'a> {
    /// One of which nothing is marked.
    #[must_use]
    pub fn plain(line: &'a InstructionLine) -> Self {
        Self { before: "", differs: "", after: &line.text }
    }

    /// `line`, of which so many bytes at the start and at the end are equal in both versions.
    fn of(line: &'a str, (start, end): (usize, usize)) -> Self {
        let (before, rest) = line.split_at(start);
        let (differs, after) = rest.split_at(rest.len().saturating_sub(end));
        Self { before, differs, after }
    }

    /// Both versions. Where their texts are equal, nothing is marked: what differs is said in words.
    #[must_use]
    pub fn pair(old: &'a str, new: &'a str) -> [Self; 2] {
        let same = if old == new { (0, old.len()) } else { common(old, new) };
        [old, new].map(|line| Self::of(line, same))
    }
}

/// What is said of a row where nothing better is known than that operands differ.
const UNSAID: &str = "operands";

/// Says which operands differ, where nothing more is said.
pub(crate) fn in_words(mut row: AlignedRow) -> AlignedRow {
    if let AlignedRow::Changed(old, new, differs) = &mut row
        && differs.iter().any(|what| what == UNSAID)
    {
        differs.retain(|what| what != UNSAID);
        let (was, is) = (operands(&old.text), operands(&new.text));
        if was.len() == is.len() {
            let pairs = was.iter().zip(&is).filter(|(was, is)| was != is);
            differs.extend(pairs.map(|(was, is)| format!("operand {was} → {is}")));
        } else {
            differs.push(format!("operands {} → {}", was.join(", "), is.join(", ")));
        }
    }
    row
}

/// The operands of an instruction.
fn operands(text: &str) -> Vec<&str> {
    let Some((_, text)) = text.split_once(' ') else { return Vec::new() };
    let (mut all, mut start, mut depth, mut is_text) = (Vec::new(), 0, 0_usize, false);
    for (index, sign) in text.char_indices() {
        match sign {
            '"' => is_text = !is_text,
            '(' if !is_text => depth = depth.saturating_add(1),
            ')' if !is_text => depth = depth.saturating_sub(1),
            ',' if !is_text && depth == 0 => {
                all.extend(text.get(start..index));
                start = index.saturating_add(1);
            }
            _ => {}
        }
    }
    all.extend(text.get(start..));
    all.into_iter().map(str::trim).collect()
}

/// How many bytes at the start and at the end are equal, by whole words.
fn common(old: &str, new: &str) -> (usize, usize) {
    let is_word = |sign: char| sign.is_alphanumeric() || "_.%$".contains(sign);
    let pairs = old.char_indices().zip(new.chars());
    let mut start = 0;
    for ((index, old), new) in pairs {
        if old != new {
            break;
        }
        if !is_word(old) {
            start = index + old.len_utf8();
        }
    }
    let (old, new) = (old.get(start..).unwrap_or_default(), new.get(start..).unwrap_or_default());
    let mut end = 0;
    let mut length = 0;
    for (old, new) in old.chars().rev().zip(new.chars().rev()) {
        if old != new {
            break;
        }
        length += old.len_utf8();
        if !is_word(old) {
            end = length;
        }
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::{MarkedText, operands};

    #[test]
    fn operands_are_told_apart() {
        assert_eq!(operands("lea (%rdi,%rdi,4), %eax"), ["(%rdi,%rdi,4)", "%eax"]);
        assert_eq!(operands("mov $\"a, (b\", %rdi"), ["$\"a, (b\"", "%rdi"]);
        assert_eq!(operands("ret"), Vec::<&str>::new());
    }

    #[test]
    fn what_differs_is_whole_words() {
        let parts = |old, new| MarkedText::pair(old, new).map(|text| text.differs);
        assert_eq!(parts("mov $0x1a2,%eax", "mov $0x1a9,%eax"), ["$0x1a2", "$0x1a9"]);
        assert_eq!(parts("call kfree", "call kvfree"), ["kfree", "kvfree"]);
        assert_eq!(parts("lea \"ab\"(%rip),%rdi", "lea \"a\"(%rip),%rdi"), ["ab", "a"]);
        assert_eq!(parts("mov ü,%eax", "mov ä,%eax"), ["ü", "ä"]);
        assert_eq!(parts("ret", "ret"), ["", ""]);
    }
}
