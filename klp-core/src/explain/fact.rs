//! What can differ in an instruction.

/// Something that an instruction refers to, or a number in it.
#[derive(Debug, Clone)]
pub(super) struct InstructionFact {
    /// What it is: `calls`, `string`, `immediate`.
    pub(super) what: &'static str,
    /// For people.
    pub(super) shown: String,
    /// What is compared: digests leave out what can be seen, such as a number that the compiler gives, and see more
    /// than is shown.
    pub(super) means: String,
}

impl InstructionFact {
    /// A fact of which all is shown.
    pub(super) fn plain(what: &'static str, text: String) -> Self {
        Self { what, means: text.clone(), shown: text }
    }
}

impl PartialEq for InstructionFact {
    fn eq(&self, other: &Self) -> bool {
        (self.what, &self.means) == (other.what, &other.means)
    }
}

impl Eq for InstructionFact {}

impl PartialOrd for InstructionFact {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InstructionFact {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.what, &self.means).cmp(&(other.what, &other.means))
    }
}

impl std::hash::Hash for InstructionFact {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.what, &self.means).hash(state);
    }
}

/// What is said where no difference can be shown.
pub(super) const OTHER_CONTENT: &str = " with other content";

/// In what both differ, in words.
pub(super) fn differences(old: &[InstructionFact], new: &[InstructionFact]) -> Vec<String> {
    if old.len() != new.len() {
        let only =
            |own: &[InstructionFact], other: &[InstructionFact], word: &str| -> Vec<String> {
                let only = own.iter().filter(|fact| !other.contains(fact));
                only.map(|InstructionFact { what, shown, .. }| format!("{word}: {what} {shown}"))
                    .collect()
            };
        return [only(new, old, "now"), only(old, new, "no more")].concat();
    }
    let pairs = old.iter().zip(new).filter(|(old, new)| old != new);
    let words = pairs.map(|(old, new)| {
        let what = if old.what == new.what { String::new() } else { format!("{} ", new.what) };
        if (old.what, &old.shown) == (new.what, &new.shown) {
            format!("{} {}{OTHER_CONTENT}", old.what, old.shown)
        } else {
            format!("{} {} → {what}{}", old.what, old.shown, new.shown)
        }
    });
    words.collect()
}
