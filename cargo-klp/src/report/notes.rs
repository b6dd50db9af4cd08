//! Notes, those that say the same of several things together.

use klp_core::record::Note;

/// What is said of one thing, or of several.
pub(super) struct NoteGroup<'a> {
    pub(super) notes: Vec<&'a Note>,
}

/// How many names people are told in a line.
const FEW: usize = 4;

impl<'a> NoteGroup<'a> {
    /// All `notes`, in the order in which something is said first.
    pub(super) fn all(notes: &'a [Note]) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for note in notes {
            match groups.iter_mut().find(|group| group.says(note)) {
                Some(group) => group.notes.push(note),
                None => groups.push(Self { notes: vec![note] }),
            }
        }
        groups
    }

    fn says(&self, note: &Note) -> bool {
        self.notes.first().is_some_and(|first| {
            first.code == note.code && first.object == note.object && first.why == note.why
        })
    }

    pub(super) fn object(&self) -> &'a str {
        self.notes.first().map_or("", |note| &note.object)
    }

    pub(super) fn why(&self) -> &'a str {
        self.notes.first().map_or("", |note| &note.why)
    }

    /// What it is about: `a, b and 7 more`.
    pub(super) fn few_names(&self) -> String {
        let few: Vec<&str> = self.notes.iter().take(FEW).map(|note| note.name.as_str()).collect();
        match self.notes.len().checked_sub(FEW) {
            Some(more) if more > 0 => format!("{} and {more} more", few.join(", ")),
            _ => few.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_many_is_said_once() {
        let note = |name: &str, why: &str| Note::new("not-compiled", "", name, why);
        let mut notes: Vec<Note> =
            (0..6).map(|number| note(&format!("lib/{number}.c"), "no")).collect();
        notes.insert(1, note("other.c", "another reason"));
        let groups = NoteGroup::all(&notes);
        let told: Vec<_> = groups.iter().map(|group| (group.few_names(), group.why())).collect();
        assert_eq!(
            told,
            [
                ("lib/0.c, lib/1.c, lib/2.c, lib/3.c and 2 more".to_owned(), "no"),
                ("other.c".to_owned(), "another reason"),
            ]
        );
    }
}
