//! Why a hunk reached no function.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use kbuild_glue::{BuildVersion, Config, TracedHunk};
use klp_core::record::Record;

use super::blocks::BlockKind;
use super::conditionals::left_out;
use super::reach::changed;
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
        if let Some(name) = self.data(hunk) {
            return (NoEffect::OnlyData, format!("it changes the data {name}, and no code"));
        }
        (NoEffect::NoCode, "the compiler makes the same code with it".to_owned())
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

    /// The variable that all of it is about.
    fn data(&self, hunk: &TracedHunk) -> Option<String> {
        let mut found = None;
        for version in [BuildVersion::Original, BuildVersion::Patched] {
            let blocks = self.sources.blocks(&hunk.file, version);
            for line in changed(hunk, version) {
                match blocks.at(line) {
                    Some(block) if block.kind == BlockKind::Data => {
                        found = found.or_else(|| block.names.first().cloned());
                    }
                    Some(_) => return None,
                    None => {}
                }
            }
        }
        let is_told = |name: &String| {
            self.records.iter().any(|record| match record {
                Record::Data(data) => data.name.as_ref().is_some_and(|own| {
                    own == name || own.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
                }),
                _ => false,
            })
        };
        found.filter(is_told)
    }
}
