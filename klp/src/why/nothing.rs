//! Why a hunk reached no function.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use kbuild_glue::{BuildVersion, Config, TracedHunk};
use klp_core::record::Record;

use super::blocks::{ATTRIBUTES, BlockKind, words};
use super::calls::{code_lines, statement};
use super::conditionals::left_out;
use super::open::{OpenChanges, is_symbol_of, source_name};
use super::reach::{VERSIONS, changed};
use super::sources::Sources;

/// Why a hunk reached no function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoEffect {
    /// Its file is no source.
    NotSource,
    /// Nothing of this kernel is made from its file.
    NotBuilt,
    /// It changes comments and space.
    Comment,
    /// The preprocessor leaves it out in this configuration.
    CompiledOut,
    /// It changes data, which the records about data tell.
    OnlyData,
    /// What it does is not known, and something changed for no known reason.
    NotTraced,
    /// The compiler makes the same code of both versions.
    NoCode,
}

/// What there is to know.
pub(super) struct NothingContext<'a> {
    pub(super) sources: &'a Sources,
    pub(super) config: &'a Config,
    pub(super) records: &'a [Record],
    /// What the objects that the patches made are made from.
    pub(super) built: BTreeSet<Utf8PathBuf>,
    /// What changed for no known reason.
    pub(super) open: OpenChanges<'a>,
}

const SOURCES: [&str; 5] = ["c", "h", "S", "rs", "inc"];

impl NothingContext<'_> {
    /// Why `hunk` reached no function, and in words.
    pub(super) fn nothing(&self, hunk: &TracedHunk) -> (NoEffect, String) {
        if !hunk.file.extension().is_some_and(|it| SOURCES.contains(&it)) {
            return (NoEffect::NotSource, format!("{} is no source", hunk.file));
        }
        if self.is_blank(hunk) {
            return (NoEffect::Comment, "it changes comments and space only".to_owned());
        }
        if !self.built.contains(&hunk.file) {
            let why = format!("nothing of this kernel is made from {}", hunk.file);
            return (NoEffect::NotBuilt, why);
        }
        if let Some(condition) = self.left_out(hunk) {
            return (
                NoEffect::CompiledOut,
                format!("it is in `{condition}`, which this configuration leaves out"),
            );
        }
        let data = self.data(hunk);
        if !data.is_empty() {
            let why = format!("it changes the data {}, and no code", data.join(", "));
            return (NoEffect::OnlyData, why);
        }
        if let Some(name) = self.refused(hunk) {
            let why = format!(
                "it stands in {name}(), which is refused: whether its code differs is not known"
            );
            return (NoEffect::NotTraced, why);
        }
        self.open.no_effect(&hunk.file, self.is_alone())
    }

    /// Whether nothing changed in the kernel, so that nothing can be the reason of it.
    fn is_alone(&self) -> bool {
        let is_change = |it: &Record| matches!(it, Record::Function(_) | Record::Data(_));
        !self.records.iter().any(is_change)
    }

    fn is_blank(&self, hunk: &TracedHunk) -> bool {
        let is_known = matches!(hunk.file.extension(), Some("c" | "h" | "rs"));
        let blank =
            |version, lines: &[usize]| self.sources.blocks(&hunk.file, version).is_blank(lines);
        is_known
            && blank(BuildVersion::Original, &hunk.removed)
            && blank(BuildVersion::Patched, &hunk.added)
    }

    /// The condition that leaves out all of the lines that are not blank.
    fn left_out(&self, hunk: &TracedHunk) -> Option<String> {
        let mut conditions = BTreeSet::new();
        for version in [BuildVersion::Original, BuildVersion::Patched] {
            let blocks = self.sources.blocks(&hunk.file, version);
            let lines = match version {
                BuildVersion::Original => &hunk.removed,
                BuildVersion::Patched => &hunk.added,
            };
            for line in lines.iter().filter(|line| !blocks.is_blank(&[**line])) {
                conditions.insert(left_out(&blocks.lines, *line, self.config)?);
            }
        }
        conditions.into_iter().next()
    }

    /// The data that all of it is about, as records call them. None where it is about something else as well.
    pub(super) fn data(&self, hunk: &TracedHunk) -> Vec<String> {
        let Some(variables) = variables(hunk, self.sources) else { return Vec::new() };
        let told = self.records.iter().filter_map(|record| match record {
            Record::Data(data) => data.name.as_ref(),
            _ => None,
        });
        let is_own = |it: &&String| variables.iter().any(|name| is_symbol_of(it, name));
        let own: BTreeSet<&String> = told.filter(is_own).collect();
        own.into_iter().cloned().collect()
    }

    /// A function that a hunk stands in, and that was not compared.
    fn refused(&self, hunk: &TracedHunk) -> Option<String> {
        let refused = self.records.iter().filter_map(|record| match record {
            Record::Refused(refused) => Some(refused.name.as_str()),
            _ => None,
        });
        let mut functions = BTreeSet::new();
        for version in VERSIONS {
            let blocks = self.sources.blocks(&hunk.file, version);
            let own = changed(hunk, version).into_iter().filter_map(|line| blocks.at(line));
            let own = own.filter(|block| block.kind == BlockKind::Function);
            functions.extend(own.filter_map(|block| block.names.first().cloned()));
        }
        let mut refused = refused.filter(|name| functions.contains(source_name(name)));
        refused.next().map(ToOwned::to_owned)
    }
}

/// The variables that all of `hunk` is about: what it changes is outside of functions, or the declaration of a static variable in
/// one. None where it changes other lines.
pub(super) fn variables(hunk: &TracedHunk, sources: &Sources) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for version in VERSIONS {
        let blocks = sources.blocks(&hunk.file, version);
        // Beside what is only removed from a function stand other lines of it.
        let lines = code_lines(hunk, version).iter();
        for line in lines.filter(|line| !blocks.is_blank(&[**line])) {
            match blocks.at(*line) {
                Some(block) if block.kind == BlockKind::Data => {
                    found.extend(block.names.first().cloned());
                }
                Some(block) if block.kind == BlockKind::Function => {
                    found.insert(static_variable(&statement(&blocks, block, *line))?);
                }
                Some(_) => return None,
                None => {}
            }
        }
    }
    if found.is_empty() {
        let blocks = sources.blocks(&hunk.file, BuildVersion::Patched);
        let around = hunk.around.iter().filter_map(|line| blocks.at(*line));
        let data = around.filter(|block| block.kind == BlockKind::Data);
        found.extend(data.filter_map(|block| block.names.first().cloned()));
    }
    Some(found)
}

/// The variable that a statement in a function declares as static.
fn static_variable(statement: &str) -> Option<String> {
    let declaration = statement.strip_prefix("static ")?.split(['=', ';']).next()?;
    let name = declaration.split('[').next()?;
    let mut words = words(name).filter(|word| !ATTRIBUTES.contains(word));
    words.next_back().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_variables_in_functions_have_names() {
        let name = |text: &str| static_variable(text);
        assert_eq!(name("static int count = 7;").unwrap(), "count");
        assert_eq!(name("static const char *const names[2] __initconst = {").unwrap(), "names");
        assert_eq!(name("static DEFINE_MUTEX(lock);").unwrap(), "lock");
        assert_eq!(name("int count = 7;"), None);
    }
}
