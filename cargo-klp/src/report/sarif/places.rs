//! Where in the sources a result comes from.

use kbuild_glue::TracedHunk;
use klp::{Explained, HunkReason, SourceLines, SourceText, Why};
use klp_core::explain::AlignedRow;
use klp_core::record::{ChangedData, PatchPart};

use super::document::{Physical, SarifLocation};
use crate::report::blamed;

/// What is known of the sources of functions that changed.
#[derive(Default, Clone, Copy)]
pub(crate) struct SourcesKnown<'a> {
    /// Both versions of the functions, as far as their objects are there.
    pub(crate) explained: &'a [Explained],
    /// The source lines of each of them, as far as they are known.
    pub(crate) lines: &'a [SourceLines],
    /// Which hunks of the patches reach which of the functions.
    pub(crate) why: Option<&'a Why>,
}

impl SourcesKnown<'_> {
    /// Where `name` of `object` comes from, the best reason first. Nothing where that is not known.
    pub(super) fn of_function(&self, object: &str, name: &str) -> Vec<SarifLocation> {
        let places = self.hunks_of_function(object, name);
        if places.is_empty() { self.first_line(object, name).into_iter().collect() } else { places }
    }

    /// The hunks that change `data`.
    pub(super) fn of_data(&self, data: &ChangedData) -> Vec<SarifLocation> {
        let name = data.name.as_deref();
        let changes = |names: &[String]| names.iter().any(|it| Some(it.as_str()) == name);
        let hunks = self.why.iter().flat_map(|why| &why.hunks);
        let hunks = hunks.filter(|reached| changes(&reached.data)).map(|reached| &reached.hunk);
        hunks.map(|hunk| source(hunk.file.as_str(), line_of(hunk), None)).collect()
    }

    /// A part of a patch.
    pub(super) fn of_part(&self, part: &PatchPart) -> SarifLocation {
        let hunk = self.why.and_then(|why| why.hunks.get(blamed::hunk(part, why)?));
        let line = match hunk {
            Some(reached) => line_of(&reached.hunk),
            None => part.hunk.as_deref().and_then(first_line),
        };
        source(&part.file, line, None)
    }

    fn hunks_of_function(&self, object: &str, name: &str) -> Vec<SarifLocation> {
        let Some(why) = self.why else { return Vec::new() };
        let is_it = |it: &&klp::FunctionReached| is(&it.function, object, name);
        let Some(reached) = why.functions.iter().find(is_it) else { return Vec::new() };
        let mut because: Vec<&HunkReason> = reached.because.iter().collect();
        because.sort_by_key(|it| (it.evidence, it.how, it.hunk));
        let place = |because: &HunkReason| {
            let hunk = &why.hunks.get(because.hunk)?.hunk;
            let line = self.line_in(hunk, object, name).or_else(|| line_of(hunk));
            Some(source(hunk.file.as_str(), line, Some(because.words())))
        };
        because.into_iter().filter_map(place).collect()
    }

    /// The first line of `hunk` that code of a function comes from.
    fn line_in(&self, hunk: &TracedHunk, object: &str, name: &str) -> Option<usize> {
        let lines = self.different_lines(object, name).into_iter();
        let own = lines.filter(|line| hunk.file == line.file.as_str());
        let numbers = own.filter_map(|line| usize::try_from(line.line).ok());
        numbers.filter(|line| hunk.added.contains(line)).min()
    }

    /// The line of the first instruction that differs.
    fn first_line(&self, object: &str, name: &str) -> Option<SarifLocation> {
        let lines = self.different_lines(object, name);
        let first = lines.into_iter().find(|line| !line.file.starts_with('/'))?;
        Some(source(&first.file, usize::try_from(first.line).ok(), None))
    }

    /// The lines of the patched sources that the instructions come from in which a function differs.
    fn different_lines(&self, object: &str, name: &str) -> Vec<&SourceText> {
        let mut known = self.explained.iter().zip(self.lines);
        let it = known.find(|(explained, _)| is(&explained.function, object, name));
        let Some((explained, lines)) = it else { return Vec::new() };
        let line = |row: &AlignedRow| match row {
            AlignedRow::Changed(_, new, _) | AlignedRow::Added(new) => lines.patched(new),
            AlignedRow::Same(..) | AlignedRow::Removed(_) => None,
        };
        explained.rows.iter().filter_map(line).collect()
    }
}

fn is(function: &klp_core::record::ChangedFunction, object: &str, name: &str) -> bool {
    function.object == object && function.name == name
}

fn source(file: &str, line: Option<usize>, message: Option<String>) -> SarifLocation {
    SarifLocation {
        physical_location: Physical::source(file, line),
        logical_locations: Vec::new(),
        message: message.map(Into::into),
    }
}

/// The line of the patched file at which a person looks for `hunk`; of a file that is gone, that of the original.
fn line_of(hunk: &TracedHunk) -> Option<usize> {
    let patched = hunk.added.iter().min().or_else(|| hunk.around.iter().min());
    patched.or_else(|| hunk.removed.iter().min()).copied()
}

/// The line of the patched file at which a hunk begins, `@@ -35,6 +36,7 @@`; lines count from 1.
fn first_line(hunk: &str) -> Option<usize> {
    let range = hunk.strip_prefix("@@ -")?.split_once(" +")?.1;
    let digits = range.split(|sign: char| !sign.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn a_hunk_begins_at_its_first_line() {
        assert_eq!(first_line("@@ -35,6 +36,7 @@ static int show(void)"), Some(36));
        assert_eq!(first_line("@@ -1,9 +0,0 @@"), Some(0));
        assert_eq!(first_line("nonsense"), None);
    }
}
