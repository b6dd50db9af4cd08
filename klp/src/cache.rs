//! Digests of large objects by what is in them, kept for the next run of the same program.
//!
//! What is kept is never needed: whatever goes wrong with it, the object is digested.

use std::io;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use klp_core::checksum::{Boundaries, Digest};
use klp_core::input::Input;
use klp_core::manifest::ManifestObject;

use crate::output;
use crate::stamp::Stamp;

/// Smaller objects are digested faster than their digests are looked up.
const WORTH_KEEPING: usize = 1 << 20;

/// How many bytes are kept in all. What was not used for the longest time goes first.
const LIMIT: u64 = 512 << 20;

/// The directory with the digests of each object in a file of its own.
#[derive(Debug, Clone, Default)]
pub struct Cache(Option<Utf8PathBuf>);

/// Where the digests of one object are.
#[derive(Debug)]
pub(crate) struct CachePath(Utf8PathBuf);

/// What is kept of an object.
pub(crate) struct CachedObject {
    pub(crate) object: ManifestObject,
    pub(crate) boundaries: Boundaries,
    /// The digest of what the objects define that it was linked from, by which its functions are said to come
    /// from there.
    pub(crate) definitions: Digest,
}

impl Cache {
    /// The one in `directory`. Without one nothing is kept.
    #[must_use]
    pub fn new(directory: Option<Utf8PathBuf>) -> Self {
        Self(directory)
    }

    /// Where this program keeps what it makes of `object`, if it does.
    pub(crate) fn place(&self, object: &[u8]) -> Option<CachePath> {
        self.0.as_ref().filter(|_| object.len() >= WORTH_KEEPING)?;
        self.of(&Digest::of_large(object))
    }

    /// Where this program keeps what it makes of that.
    fn of(&self, what: &Digest) -> Option<CachePath> {
        let mut parts = Stamp::of_program().ok()?.to_bytes();
        parts.extend_from_slice(what.as_bytes());
        Some(CachePath(self.0.as_ref()?.join(Digest::of(&parts).to_string())))
    }

    /// The digest of what the objects define that have the stamp `members`.
    pub(crate) fn definitions(&self, members: &Digest) -> Option<Digest> {
        let bytes = fs::read(self.of(members).filter(|path| path.0.is_file())?.0).ok()?;
        let [definitions, own] = bytes.as_chunks().0 else { return None };
        (Digest::of(definitions).as_bytes() == own).then(|| Digest::from(*definitions))
    }

    /// Keeps that, if it can be done.
    pub(crate) fn keep_definitions(&self, members: &Digest, definitions: &Digest) {
        let own = Digest::of(definitions.as_bytes());
        if let Some(place) = self.of(members) {
            place.write(&[definitions.as_bytes(), own.as_bytes()]);
        }
    }
}

impl CachePath {
    /// What is there.
    pub(crate) fn find(&self) -> Option<CachedObject> {
        // Nobody writes to it: it is only ever replaced.
        let bytes = Input::open(Some(&self.0).filter(|path| path.is_file())?.as_std_path()).ok()?;
        let (digest, rest) = bytes.split_first_chunk::<{ Digest::LEN }>()?;
        let (definitions, kept) = rest.split_first_chunk::<{ Digest::LEN }>()?;
        let definitions = Digest::from(*definitions);
        if own_digest(&definitions, kept).as_bytes() != digest {
            return None;
        }
        // It was used just now. That this fails is no harm: it goes sooner.
        let _ = fs::File::open(&self.0).and_then(|file| file.set_modified(SystemTime::now()));
        let (object, boundaries) = ManifestObject::from_kept(kept)?;
        Some(CachedObject { object, boundaries, definitions })
    }

    /// Keeps `object`, if that can be done.
    pub(crate) fn keep(
        &self,
        object: ManifestObject,
        boundaries: &Boundaries,
        definitions: Digest,
    ) -> ManifestObject {
        let (object, kept) = object.to_kept(boundaries);
        let own = own_digest(&definitions, &kept);
        self.write(&[own.as_bytes(), definitions.as_bytes(), &kept]);
        object
    }

    fn write(&self, parts: &[&[u8]]) {
        let directory = self.0.parent().unwrap_or(&self.0);
        let _ = fs::create_dir_all(directory);
        let written =
            output::replace(&self.0, |file| parts.iter().try_for_each(|part| file.write_all(part)));
        if written.is_ok() {
            let _ = make_room(directory, LIMIT);
        }
    }
}

/// The digest that a file starts with, by which it is known to be whole.
fn own_digest(definitions: &Digest, kept: &[u8]) -> Digest {
    Digest::of(&[*definitions.as_bytes(), *Digest::of_large(kept).as_bytes()].concat())
}

/// Whether a file of that name is one of ours, or what a run that was killed has left of one: the directory may
/// be anyone's.
fn is_ours(name: &str) -> bool {
    let unfinished = name.strip_prefix('.').and_then(|name| name.split_once('.'));
    let name = unfinished.map_or(name, |(name, _)| name);
    name.len() == 2 * Digest::LEN && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Removes what was not used for the longest time, as far as more than `limit` bytes are kept.
fn make_room(directory: &Utf8Path, limit: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in directory.read_dir_utf8()? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if !is_ours(entry.file_name()) || !metadata.is_file() {
            continue;
        }
        files.push((metadata.modified()?, metadata.len(), entry.into_path()));
    }
    files.sort_unstable();
    let mut sum = 0u64;
    for (_, bytes, path) in files.into_iter().rev() {
        sum = sum.saturating_add(bytes);
        if sum > limit {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let guard = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(guard.path()).unwrap();
        let own = ["a", "b", "c", "d"].map(|digit| digit.repeat(64));
        let [newest, second, third, oldest] = own.each_ref().map(String::as_str);
        let unfinished = format!(".{third}.5vXw2a");
        let (foreign, unfinished) = ("thesis.txt", unfinished.as_str());
        let ages =
            [(third, 3), (newest, 1), (oldest, 4), (second, 2), (foreign, 9), (unfinished, 8)];
        for (name, age) in ages {
            fs::write(directory.join(name), [0; 10]).unwrap();
            let file = fs::File::open(directory.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let names = || {
            let entries = directory.read_dir_utf8().unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().to_owned()).collect();
            names.sort();
            names
        };
        make_room(directory, 50).unwrap();
        assert!(names().iter().any(|name| name == unfinished));
        make_room(directory, 40).unwrap();
        assert_eq!(names(), [newest, second, third, oldest, foreign]);
        make_room(directory, 25).unwrap();
        assert_eq!(names(), [newest, second, foreign]);
        make_room(directory, 0).unwrap();
        assert_eq!(names(), [foreign]);
    }
}
