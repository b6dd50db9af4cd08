//! What differs in two instructions of one row, down to the operand.

use klp_core::explain::InstructionLine;

/// The text of an instruction, of which the middle is what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MarkedText<'a> {
    pub(super) before: &'a str,
    pub(super) differs: &'a str,
    pub(super) after: &'a str,
}

impl<'a> MarkedText<'a> {
    /// One of which nothing is marked.
    pub(super) fn plain(line: &'a InstructionLine) -> Self {
        Self { before: "", differs: "", after: &line.text }
    }

    /// `line`, of which so many bytes at the start and at the end are equal in both versions.
    fn of(line: &'a str, (start, end): (usize, usize)) -> Self {
        let (before, rest) = line.split_at(start);
        let (differs, after) = rest.split_at(rest.len().saturating_sub(end));
        Self { before, differs, after }
    }

    /// Both versions. Where their texts are equal, nothing is marked: what differs is said in words.
    pub(super) fn pair(old: &'a str, new: &'a str) -> [Self; 2] {
        let same = if old == new { (0, old.len()) } else { common(old, new) };
        [old, new].map(|line| Self::of(line, same))
    }
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
    use super::MarkedText;

    #[test]
    fn what_differs_is_whole_words() {
        let parts = |old, new| MarkedText::pair(old, new).map(|text| text.differs);
        assert_eq!(parts("mov $0x1a2,%eax", "mov $0x1a9,%eax"), ["$0x1a2", "$0x1a9"]);
        assert_eq!(parts("call kfree", "call kvfree"), ["kfree", "kvfree"]);
        assert_eq!(parts("lea \"ab\"(%rip),%rdi", "lea \"a\"(%rip),%rdi"), ["ab", "a"]);
        assert_eq!(parts("mov ü,%eax", "mov ä,%eax"), ["ü", "ä"]);
        assert_eq!(parts("jmp +0x5", "jmp +0x5 "), ["+0x5", "+0x5 "]);
        assert_eq!(parts("ret", "ret"), ["", ""]);
    }
}
