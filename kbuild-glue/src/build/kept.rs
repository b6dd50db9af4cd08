//! What is written down about the original build: its fingerprint, its objects in the order of the link, and
//! the [inventory](Inventory) of all files. The files themselves stay where make left them.
//!
//! Each list begins with its own digest: one that was touched is none, and then nothing is known of the build.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use super::environment::Environment;
use super::inventory::{Inventory, InventoryCheck};
use super::outside::{self, OutsideFiles};
use super::records::target_of;
use crate::atomic;
use crate::baseline::Fingerprint;
use crate::cmd_file::cmd_path;
use crate::mirror::Mirror;
use crate::objects::{LinkedInto, LinkedObject};

const OBJECTS: &str = "objects.list";
const FINGERPRINT: &str = "fingerprint";

/// Whether there is an original that can be used.
pub(super) enum Kept {
    /// It was built from the same, and it is as it was.
    Usable(Vec<LinkedObject>, Inventory, InventoryCheck),
    /// Make can go on from it without these files. This is why it has to.
    Outdated(String, BTreeSet<Utf8PathBuf>),
    /// Make would take for right what is not, for this reason.
    Useless(String),
    /// The same: scripts of the build may have read something else from the environment.
    OfOtherEnvironment(String),
    /// There is none.
    Nothing,
}

/// Looks for the original of this fingerprint in `build`.
pub(super) fn find(
    kept: &Utf8Path,
    build: &Utf8Path,
    fingerprint: &Fingerprint,
    environment: &[(String, String)],
) -> Result<Kept, BuildError> {
    if !kept.exists() || !build.exists() {
        return Ok(Kept::Nothing);
    }
    let damaged = || Kept::Useless("what is written down about it was changed".to_owned());
    let Some(text) = read(&kept.join(FINGERPRINT))? else { return Ok(damaged()) };
    let differences = fingerprint.differences(&text);
    let names = format!("changed: {}", differences.join(", "));
    // Make does not make anything anew for another compiler, and records name files by their paths.
    if differences.iter().any(|name| Fingerprint::is_beyond_make(name)) {
        return Ok(Kept::Useless(names));
    }
    let (Some(objects), Some(inventory), Some(outside), Some(was)) =
        (list(kept)?, Inventory::read(kept)?, OutsideFiles::read(kept)?, Environment::read(kept)?)
    else {
        return Ok(damaged());
    };
    if let Some(name) = was.difference(environment) {
        return Ok(Kept::OfOtherEnvironment(format!("changed: {name} in the environment")));
    }
    if inventory.is_from_after(SystemTime::now()) {
        return Ok(Kept::Useless("the clock was set back since it was built".to_owned()));
    }
    let elsewhere = outside.altered();
    if let Some(first) = elsewhere.first() {
        let why = format!("{first} was changed or removed");
        let targets = outside::made_from(&elsewhere, build)?;
        let targets = targets.iter().flat_map(|target| [target.clone(), cmd_path(target)]);
        return Ok(Kept::Outdated(why, targets.collect()));
    }
    let checked = inventory.check(build)?;
    let Some(first) = checked.altered.first() else {
        return Ok(if differences.is_empty() {
            Kept::Usable(objects, inventory, checked)
        } else {
            Kept::Outdated(names, BTreeSet::new())
        });
    };
    // What other sources made us remove is gone for that reason.
    let why =
        if differences.is_empty() { format!("{first} was changed or removed") } else { names };
    Ok(
        match checked
            .altered
            .iter()
            .map(|path| with_record(build, path))
            .collect::<Option<Vec<_>>>()
        {
            Some(paths) => Kept::Outdated(why, paths.into_iter().flatten().collect()),
            None => Kept::Useless(why),
        },
    )
}

/// The target and Kbuild's record of it, one of which is `path`: without them, make makes the target.
fn with_record(build: &Utf8Path, path: &Utf8Path) -> Option<[Utf8PathBuf; 2]> {
    if let Some(target) = target_of(path) {
        return Some([target, path.to_owned()]);
    }
    let record = cmd_path(path);
    build.join(&record).exists().then(|| [path.to_owned(), record])
}

/// The objects of the original.
pub(super) fn list(kept: &Utf8Path) -> Result<Option<Vec<LinkedObject>>, BuildError> {
    let text = read(&kept.join(OBJECTS))?;
    Ok(text.and_then(|text| text.lines().map(parse).collect()))
}

/// The make variables of the original; none where there is no original.
pub(super) fn variables(kept: &Utf8Path) -> Result<Option<Vec<String>>, BuildError> {
    let text = read(&kept.join(FINGERPRINT))?;
    Ok(text.map(|text| Fingerprint::variables(&text)))
}

/// Writes down what was built: all of it, or, for a run that is killed meanwhile, nothing.
pub(super) fn write(
    kept: &Utf8Path,
    build: &Utf8Path,
    mirror: &Mirror,
    objects: &[LinkedObject],
    fingerprint: &Fingerprint,
    environment: &Environment,
) -> Result<(), BuildError> {
    discard(kept)?;
    let part = part(kept);
    let failed = BuildError::io(&part);
    fs::create_dir_all(&part).map_err(failed)?;
    let mut list = String::new();
    for LinkedObject { object, linked } in objects {
        let path = build.join(object);
        if !path.exists() {
            return Err(BuildError::ObjectGone { path });
        }
        // Writing to a string cannot fail.
        let _ = match linked {
            LinkedInto::Vmlinux => writeln!(list, "vmlinux\t{object}"),
            LinkedInto::Module(module) => writeln!(list, "module {module}\t{object}"),
        };
    }
    // What is written down about the objects must not reach the disk before them.
    let directory = fs::File::open(build).map_err(failed)?;
    rustix::fs::syncfs(&directory).map_err(|error| failed(error.into()))?;
    Inventory::of(build)?.write(&part)?;
    let leaving = mirror.leaving();
    let is_ours = |path: &Utf8Path| {
        let is_inside = path.starts_with(build) || path.starts_with(mirror.path());
        is_inside && !leaving.iter().any(|link| path.starts_with(link))
    };
    OutsideFiles::of(build, &is_ours)?.write(&part)?;
    environment.write(&part)?;
    for (name, text) in [(OBJECTS, list.as_str()), (FINGERPRINT, fingerprint.as_str())] {
        atomic::write_sealed(&part.join(name), text.as_bytes()).map_err(failed)?;
    }
    fs::rename(&part, kept).map_err(failed)
}

/// Forgets the original, at once.
pub(super) fn discard(kept: &Utf8Path) -> Result<(), BuildError> {
    let part = part(kept);
    let discard = || {
        atomic::remove_dir(&part)?;
        match fs::rename(kept, &part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => atomic::remove_dir(&part),
        }
    };
    discard().map_err(BuildError::io(kept))
}

fn part(kept: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{kept}.tmp"))
}

/// Size and time of an object: make does not look at more either.
pub(super) fn stamp(object: &Utf8Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(object).ok()?;
    Some(format!("{} {}.{:09}", metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

fn parse(line: &str) -> Option<LinkedObject> {
    let (linked, object) = line.split_once('\t')?;
    let linked = match linked {
        "vmlinux" => LinkedInto::Vmlinux,
        module => LinkedInto::Module(module.strip_prefix("module ")?.to_owned()),
    };
    Some(LinkedObject { object: Utf8PathBuf::from(object), linked })
}

fn read(path: &Utf8Path) -> Result<Option<String>, BuildError> {
    let bytes = atomic::read_sealed(path).map_err(BuildError::io(path))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
