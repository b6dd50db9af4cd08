//! One edit: two texts that differ in one thing, and who must be reported for it.

use super::finish::Finish;

/// What assembles to an original and to a changed object.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// The name of its kind.
    pub(crate) kind: &'static str,
    /// The number that is in all of its names.
    pub(crate) id: usize,
    /// Assembly before and after.
    pub(crate) texts: [String; 2],
    /// What is done to the assembled objects.
    pub(crate) finish: [Vec<Finish>; 2],
    /// Of each group at least one name (of a unit or a section) must be reported. None: a neutral edit.
    pub(crate) must: Vec<Vec<String>>,
    /// What may be reported, too.
    pub(crate) may: Vec<String>,
    /// A section without the edit's number in its name that it reports under: one such edit at a time.
    pub(crate) claim: Option<&'static str>,
    /// Undone, it means nothing.
    pub(crate) one_way: bool,
    /// Not together with other edits, since the whole object may be refused.
    pub(crate) alone: bool,
}

impl Edit {
    pub(crate) fn new(text: impl Fn(bool) -> String) -> Self {
        Self {
            kind: "",
            id: 0,
            texts: [text(false), text(true)],
            finish: [Vec::new(), Vec::new()],
            must: Vec::new(),
            may: Vec::new(),
            claim: None,
            one_way: false,
            alone: false,
        }
    }

    /// One of `names` must be reported, and all of them may.
    pub(crate) fn must<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.must.push(names.iter().map(|name| name.as_ref().to_owned()).collect());
        self
    }

    /// The same where one of the names is that of a section of many.
    pub(crate) fn must_or_section<S: AsRef<str>>(self, names: &[S], section: &'static str) -> Self {
        let names = names.iter().map(AsRef::as_ref).chain([section]).collect::<Vec<_>>();
        Self { claim: Some(section), ..self.must(&names) }
    }

    pub(crate) fn may<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.may.extend(names.iter().map(|name| name.as_ref().to_owned()));
        self
    }

    pub(crate) fn one_way(self) -> Self {
        Self { one_way: true, ..self }
    }

    pub(crate) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Does `step` to both objects.
    pub(crate) fn finish_both(mut self, step: &Finish) -> Self {
        self.finish.iter_mut().for_each(|steps| steps.push(step.clone()));
        self
    }

    /// Does `step` to the changed object.
    pub(crate) fn finish_after(mut self, step: Finish) -> Self {
        self.finish[1].push(step);
        self
    }

    /// The edit that undoes this one.
    pub(crate) fn turned_round(mut self) -> Self {
        self.texts.swap(0, 1);
        self.finish.swap(0, 1);
        self
    }

    /// The lines that are in one text only, for people.
    pub(crate) fn difference(&self) -> String {
        let [before, after] = self.texts.each_ref().map(|text| text.lines().collect::<Vec<_>>());
        let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        let rest = before.len().min(after.len()) - same;
        let back = before.iter().rev().zip(after.iter().rev()).take(rest);
        let back = back.take_while(|(one, other)| one == other).count();
        let told = |lines: &[&str]| {
            let lines: Vec<&str> =
                lines[same..lines.len() - back].iter().map(|one| one.trim()).collect();
            lines.join("; ").chars().take(160).collect::<String>()
        };
        format!("`{}` is now `{}`", told(&before), told(&after))
    }

    /// Whether a report of `name` is expected.
    pub(crate) fn allows(&self, name: &str) -> bool {
        self.must.iter().flatten().chain(&self.may).any(|one| one == name)
    }
}
