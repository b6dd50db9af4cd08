//! What is made from the files of a patch, as Kbuild's records and the sources say.

use std::collections::{BTreeSet, HashMap, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use memchr::memmem::{self, Finder};
use rayon::prelude::*;

use super::BuildError;
use super::directives::{asked_for, last_part};
use super::plan::ExaminedBuild;
use super::records::{Records, target_of};
use crate::lexical::{in_mirror, resolved};
use crate::mirror::Stamps;
use crate::patch::FileChange;

/// What reads one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Readers {
    /// What is made from it.
    pub(super) targets: BTreeSet<Utf8PathBuf>,
    /// Those of them that make does not make anew for it.
    pub(super) unknown_to_make: BTreeSet<Utf8PathBuf>,
}

/// What reads each of `changes`; none where no word of a record names the mirror, so that they tell nothing about what is in
/// it.
pub(super) fn find(
    changes: &[FileChange],
    made: &ExaminedBuild<'_>,
) -> Result<Option<Vec<Readers>>, BuildError> {
    // Words of records end within such a path.
    if !is_recorded_as_it_is(made.mirror) {
        return Ok(None);
    }
    let links = SourceLinks::of(made.sources, made.mirror);
    let names: Vec<Vec<Utf8PathBuf>> =
        changes.iter().map(|change| links.names_of(&change.path)).collect();
    let mut by_name: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, names) in names.iter().enumerate() {
        let last: BTreeSet<&str> = names.iter().map(|name| file_name(name)).collect();
        for name in last {
            by_name.entry(name.as_bytes()).or_default().push(index);
        }
    }
    let is_unrecorded = |index: &usize| changes[*index].path.ends_with(UNRECORDED);
    let unrecorded: Vec<usize> = (0..changes.len()).filter(is_unrecorded).collect();
    let records = Records::find(made.build)?;
    let mirror = Finder::new(made.mirror.as_str());
    let mut found = vec![Readers::default(); changes.len()];
    let mut names_mirror = false;
    records.for_each(|record, bytes| {
        names_mirror = names_mirror || mirror.find(bytes).is_some();
        let Some(target) = target_of(record) else { return };
        let is_compiled = !unrecorded.is_empty() && memmem::find(bytes, b"\ndeps_").is_some();
        for index in unrecorded.iter().filter(|_| is_compiled) {
            found[*index].unknown_to_make.insert(target.clone());
            found[*index].targets.insert(target.clone());
        }
        for word in bytes.split(|byte| ends_word(*byte)).filter(|word| word.contains(&b'/')) {
            for index in by_name.get(last_part(word)).into_iter().flatten() {
                let path = in_mirror(word, made.build, made.mirror);
                let is_it = path.is_some_and(|path| names[*index].contains(&path));
                // A new file can take the place of another one of its name, which make does not know.
                let takes_place = changes[*index].old.is_none();
                if takes_place {
                    found[*index].unknown_to_make.insert(target.clone());
                }
                if takes_place || is_it {
                    found[*index].targets.insert(target.clone());
                }
            }
        }
    })?;
    if !names_mirror {
        return Ok(None);
    }
    // Only a source in C that is compiled is never taken in by a directive besides.
    let is_untold = |index: &usize| {
        let is_c = changes[*index].path.extension() == Some("c");
        changes[*index].old.is_none() || found[*index].is_none() || !is_c
    };
    let untold: BTreeSet<usize> = (0..changes.len()).filter(is_untold).collect();
    for indices in by_name.values_mut() {
        indices.retain(|index| untold.contains(index));
    }
    by_name.retain(|_, indices| !indices.is_empty());
    if !by_name.is_empty() {
        by_directive(&records, made, &by_name, &mut found)?;
    }
    Ok(Some(found))
}

impl Readers {
    fn is_none(&self) -> bool {
        self.targets.is_empty()
    }
}

/// Adds what asks for a file in a way of which no record is left.
fn by_directive(
    records: &Records,
    made: &ExaminedBuild<'_>,
    by_name: &HashMap<&[u8], Vec<usize>>,
    found: &mut [Readers],
) -> Result<(), BuildError> {
    let mut sources: HashSet<Vec<u8>> = HashSet::new();
    records.for_each(|_, bytes| {
        for word in sources_in(bytes) {
            if !sources.contains(word) {
                sources.insert(word.to_owned());
            }
        }
    })?;
    let asked = |word: &Vec<u8>| {
        let path = in_mirror(word, made.build, made.mirror)?;
        let text = fs::read(made.mirror.join(path)).ok()?;
        let mut asked: BTreeSet<usize> = BTreeSet::new();
        for file in asked_for(&text) {
            let named = by_name.iter().filter(|(name, _)| file.is(name));
            asked.extend(named.flat_map(|(_, indices)| indices));
        }
        (!asked.is_empty()).then(|| (word.clone(), asked))
    };
    let asking: HashMap<Vec<u8>, BTreeSet<usize>> = sources.par_iter().filter_map(asked).collect();
    if asking.is_empty() {
        return Ok(());
    }
    records.for_each(|record, bytes| {
        let Some(target) = target_of(record) else { return };
        for index in sources_in(bytes).filter_map(|word| asking.get(word)).flatten() {
            found[*index].targets.insert(target.clone());
            found[*index].unknown_to_make.insert(target.clone());
        }
    })
}

/// What everything is made from, so that no record has it (`scripts/basic/fixdep.c`). The sources can have one that takes
/// the place of the one that the build makes.
const UNRECORDED: &str = "generated/autoconf.h";

/// The words of a record that are sources.
fn sources_in(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = record.split(|byte| ends_word(*byte));
    words.filter(|word| SOURCES.iter().any(|end| word.ends_with(end.as_bytes())))
}

const SOURCES: [&str; 5] = [".c", ".h", ".S", ".rs", ".inc"];

/// How many names of one file are looked for: a link into its own directory leads to ever longer ones.
const NAMES: usize = 64;

/// The symlinks of the sources, and where they lead.
struct SourceLinks(Vec<(Utf8PathBuf, Utf8PathBuf)>);

impl SourceLinks {
    /// Those of `sources`, which are in `mirror`. A link that is gone there leads nowhere.
    fn of(sources: &Stamps, mirror: &Utf8Path) -> Self {
        let to = |path: &Utf8Path| {
            let to = Utf8PathBuf::from_path_buf(fs::read_link(mirror.join(path)).ok()?).ok()?;
            let directory = path.parent().unwrap_or(Utf8Path::new(""));
            let to = resolved(&directory.join(to));
            Some((path.to_owned(), to.strip_prefix(mirror).unwrap_or(&to).to_owned()))
        };
        Self(sources.links().filter_map(to).collect())
    }

    /// All paths by which a file can be named: its own, and those through links.
    fn names_of(&self, path: &Utf8Path) -> Vec<Utf8PathBuf> {
        let mut names = vec![path.to_owned()];
        let mut next = 0;
        while let Some(name) = names.get(next).filter(|_| names.len() < NAMES).cloned() {
            for (link, to) in &self.0 {
                let Ok(rest) = name.strip_prefix(to) else { continue };
                let other = if rest.as_str().is_empty() { link.clone() } else { link.join(rest) };
                if !names.contains(&other) {
                    names.push(other);
                }
            }
            next += 1;
        }
        names
    }
}

fn file_name(path: &Utf8Path) -> &str {
    path.file_name().unwrap_or("/")
}

/// What stands between the words of a record.
pub(super) fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"'\"()=;".contains(&byte)
}

/// Whether the name of a file stands in records as it is: in one word, and without escapes.
pub(super) fn is_recorded_as_it_is(path: &Utf8Path) -> bool {
    !path.as_str().bytes().any(|byte| ends_word(byte) || b"\\#$".contains(&byte))
}

/// The word of a record that the byte at `at` is part of.
pub(super) fn word_around(bytes: &[u8], at: usize) -> &[u8] {
    let (before, after) = bytes.split_at(at);
    let start =
        before.iter().rposition(|byte| ends_word(*byte)).map_or(0, |end| end.saturating_add(1));
    let length = after.iter().position(|byte| ends_word(*byte)).unwrap_or(after.len());
    bytes.get(start..at.saturating_add(length)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_through_links() {
        let link = |from: &str, to: &str| (Utf8PathBuf::from(from), Utf8PathBuf::from(to));
        let links = SourceLinks(vec![
            link("fs/alias.h", "fs/real.h"),
            link("fs/again.h", "fs/alias.h"),
            link("include/fs", "fs"),
        ]);
        let names = links.names_of("fs/real.h".into());
        let through_both = ["include/fs/alias.h", "include/fs/again.h"];
        for name in ["fs/real.h", "fs/alias.h", "fs/again.h", "include/fs/real.h"]
            .into_iter()
            .chain(through_both)
        {
            assert!(names.contains(&Utf8PathBuf::from(name)), "{name}: {names:?}");
        }
        assert_eq!(links.names_of("mm/real.h".into()), ["mm/real.h"]);
        let endless = SourceLinks(vec![link("fs/fs", "fs")]);
        assert!(endless.names_of("fs/real.h".into()).len() <= NAMES);
    }
}
