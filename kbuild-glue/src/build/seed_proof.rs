//! Whether the build of the user's that ours started from was made as ours is: some of its objects that make took for right
//! are made once more, and must be the same.
//!
//! Make goes by times and by commands. Another compiler behind the same name, or another content of a file of options,
//! changes neither.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::borrowed::Borrowed;
use super::plan::Touched;
use super::{BuildError, BuildSettings, OriginalBuild, Workspace, read, same_code};
use crate::atomic;
use crate::cmd_file::SavedCommand;
use crate::event::{BuildEvent, BuildEvents};
use crate::objects::LinkedObject;

/// There from before a build is copied until it is proven. What is older than it is of that build.
const MARKER: &str = "seeded";

/// Where objects go that are made once more.
const AGAIN: &str = "proof";

/// How many objects are made once more.
const SAMPLE: usize = 8;

impl Workspace {
    /// Builds the kernel as it is, or takes the build that is kept when nothing changed. What a build of the
    /// user's was the start of is proven before anybody gets it.
    pub fn build_original(
        &self,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<OriginalBuild, BuildError> {
        let original = self.make_original(settings, events)?;
        let Some(object) = self.prove_seed(&original, settings, events)? else {
            return Ok(original);
        };
        self.discard_build()?;
        // Nothing is copied to where a build is.
        let build = self.build_path();
        fs::create_dir_all(&build).map_err(BuildError::io(&build))?;
        self.mark_seeded(false)?;
        let message = format!(
            "the build in {} is not used: it was made by another compiler or in another way, of which {object} comes out different",
            self.tree.output
        );
        events(BuildEvent::Note { message });
        self.make_original(settings, events)
    }

    /// Notes that a build that somebody else made is copied now, or that there is none.
    pub(super) fn mark_seeded(&self, is_seeded: bool) -> Result<(), BuildError> {
        let path = self.root.join(MARKER);
        let marked = if is_seeded { atomic::write(&path, b"") } else { atomic::remove_file(&path) };
        marked.map_err(BuildError::io(&path))
    }

    /// Whether our build is a copy that nobody proved yet, as far as it was there before.
    pub(super) fn is_seeded(&self) -> bool {
        self.root.join(MARKER).exists()
    }

    /// Proves the build that `original` started from, if there was one and this was not done yet. Returns an object that is
    /// another one when it is made here.
    fn prove_seed(
        &self,
        original: &OriginalBuild,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<Option<Utf8PathBuf>, BuildError> {
        let marker = self.root.join(MARKER);
        let Ok(since) = fs::metadata(&marker).and_then(|marker| marker.modified()) else {
            return Ok(None);
        };
        let objects = self.sample(&original.objects, since);
        let message = format!("{} objects of that build once more, to prove it", objects.len());
        events(BuildEvent::Status { verb: "Compiling", message });
        let different = match self.make_again(original, &objects, settings, events) {
            Err(error) if error.is_interrupt() => return Err(error),
            // What cannot be made proves nothing. Where it is not this build's fault, the one that follows will say it.
            Err(_) => objects.first().cloned(),
            Ok(different) => different,
        };
        if different.is_none() {
            self.mark_seeded(false)?;
        }
        Ok(different)
    }

    /// Makes `objects` once more, and puts the build back as it was. Returns the first one that differs.
    fn make_again(
        &self,
        original: &OriginalBuild,
        objects: &BTreeSet<Utf8PathBuf>,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<Option<Utf8PathBuf>, BuildError> {
        let again = self.root.join(AGAIN);
        let remove = || atomic::remove_dir(&again).map_err(BuildError::io(&again));
        remove()?;
        self.new_log("patched")?;
        let touched = Touched { objects: objects.clone(), ..Touched::default() };
        let borrowed = Borrowed::take(self, &original.basis.mirror, &touched)?;
        self.make_objects(&touched, settings, events)?;
        let intact = borrowed.give_back(Some(&again))?;
        let mut different = objects.first().filter(|_| !intact).cloned();
        for object in objects {
            let (ours, theirs) = (again.join(object), original.root.join(object));
            if !same_code::are_same(&read(&ours)?, &read(&theirs)?) {
                different = different.or_else(|| Some(object.clone()));
            }
        }
        remove()?;
        Ok(different)
    }

    /// Objects of C and assembly that are older than `since`: the largest one, and others from all over the kernel.
    fn sample(&self, objects: &[LinkedObject], since: SystemTime) -> BTreeSet<Utf8PathBuf> {
        let build = self.build_path();
        let mut by_size: BTreeSet<(u64, &Utf8PathBuf)> = BTreeSet::new();
        let mut by_language: BTreeMap<bool, Vec<&Utf8PathBuf>> = BTreeMap::new();
        for object in objects.iter().map(|linked| &linked.object) {
            let Ok(metadata) = fs::metadata(build.join(object)) else { continue };
            if metadata.modified().is_ok_and(|modified| modified >= since) {
                continue;
            }
            if let Some(is_assembly) = self.is_assembly(object) {
                by_size.insert((metadata.len(), object));
                by_language.entry(is_assembly).or_default().push(object);
            }
        }
        let largest = by_size.last().map(|(_, object)| (*object).clone());
        let mut sample: BTreeSet<Utf8PathBuf> = largest.into_iter().collect();
        // A quarter of them is assembly, where there is so much.
        for (is_assembly, count) in [(true, SAMPLE / 4), (false, SAMPLE)] {
            let mut objects = by_language.remove(&is_assembly).unwrap_or_default();
            objects.sort();
            let left = SAMPLE.saturating_sub(sample.len()).min(count);
            sample.extend(spread(&objects, left).into_iter().cloned());
        }
        sample
    }

    /// Whether `object` was made from assembly or, if not, from C. None where it was made from something else, or from
    /// what the build made.
    fn is_assembly(&self, object: &Utf8Path) -> Option<bool> {
        let saved = SavedCommand::of_target(&self.build_path(), object).ok()?;
        let source = saved.source.filter(|source| source.starts_with(self.mirror_path()))?;
        match source.extension()? {
            "S" | "s" => Some(true),
            "c" => Some(false),
            _ => None,
        }
    }
}

/// `count` of `all`, as far from each other as they are.
fn spread<'a, T>(all: &[&'a T], count: usize) -> Vec<&'a T> {
    let count = count.min(all.len());
    let at = |number: usize| all.get(number.checked_mul(all.len())?.checked_div(count)?).copied();
    (0..count).filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn from_all_over() {
        let spread = |of: usize, count| {
            let all: Vec<usize> = (0..of).collect();
            let all: Vec<&usize> = all.iter().collect();
            super::spread(&all, count).into_iter().copied().collect::<Vec<usize>>()
        };
        assert_eq!(spread(100, 4), [0, 25, 50, 75]);
        assert_eq!(spread(2, 4), [0, 1]);
        assert_eq!(spread(0, 4), [0; 0]);
    }
}
