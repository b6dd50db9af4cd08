//! Makes that were killed, and what they leave behind.
//!
//! A make that is asked to end removes what is half made. One that is killed leaves cut objects
//! that are newer than their sources, so the next make would take them for good. A marker is
//! there while make runs; who finds one removes every file that could be cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::BuildError;
use super::patched::count;
use crate::atomic;
use crate::cmd_file::cmd_path;
use crate::entries::entries;
use crate::event::{BuildEvent, BuildEvents};
use crate::interrupt::Interrupt;
use crate::make::MakeError;

/// How long a make of a dead run may take to end. It gets SIGTERM when we die.
const PATIENCE: Duration = Duration::from_secs(30);

/// Files that were finished this shortly before the last are not trusted: what was written may
/// not have been all.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// The marker of one make.
pub(super) struct MakeMarker {
    path: Utf8PathBuf,
}

impl MakeMarker {
    pub(super) fn start(root: &Utf8Path) -> Result<Self, BuildError> {
        let path = root.join("running");
        // The marker's own time says since when files may be cut; an older marker stays.
        if !path.exists() {
            atomic::write(&path, b"").map_err(BuildError::io(&path))?;
        }
        Ok(Self { path })
    }

    /// Notes the process group. That it fails is bearable: the group is only waited for.
    pub(super) fn group(&mut self, group: i32) {
        let _ = fs::write(self.path.with_extension("group"), group.to_string());
    }

    /// Removes the marker when make ended by itself and could clean up.
    pub(super) fn finish(self, result: &Result<(), MakeError>) -> Result<(), BuildError> {
        use std::os::unix::process::ExitStatusExt;
        let killed = match result {
            Err(MakeError::Interrupted { killed }) => *killed,
            Err(MakeError::Failed { status, .. }) => status.signal().is_some(),
            Err(MakeError::Log { .. }) => true,
            _ => false,
        };
        if killed {
            return Ok(());
        }
        atomic::remove_file(&self.path).map_err(BuildError::io(&self.path))
    }
}

/// Removes what a killed make may have left cut in `build`.
pub(super) fn recover(
    root: &Utf8Path,
    build: &Utf8Path,
    events: &mut BuildEvents<'_>,
) -> Result<(), BuildError> {
    let marker = root.join("running");
    let failed = BuildError::io(build);
    let since = match fs::metadata(&marker).and_then(|metadata| metadata.modified()) {
        Ok(time) => time,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(BuildError::Io { path: marker, source }),
    };
    let suspects = suspects(build, since).map_err(failed)?;
    events(BuildEvent::Status {
        verb: "Repairing",
        message: format!("build of a killed run ({})", count(suspects.len(), "file")),
    });
    for path in &suspects {
        atomic::remove_file(path).map_err(failed)?;
    }
    forget(root)
}

/// Removes the marker: what a killed make left is gone.
pub(super) fn forget(root: &Utf8Path) -> Result<(), BuildError> {
    let marker = root.join("running");
    atomic::remove_file(&marker).map_err(BuildError::io(&marker))
}

/// The files below `build` that were written since `since`, and when.
pub(super) fn written_since(
    build: &Utf8Path,
    since: SystemTime,
) -> io::Result<BTreeMap<Utf8PathBuf, SystemTime>> {
    let mut written = BTreeMap::new();
    let mut directories = vec![build.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in entries(&directory)? {
            let (path, kind) = entry?;
            if kind.is_dir() {
                directories.push(path);
                continue;
            }
            let modified = fs::symlink_metadata(&path)?.modified()?;
            if kind.is_file() && modified >= since {
                written.insert(path, modified);
            }
        }
    }
    Ok(written)
}

/// The files that were written since `since` and are not known to be whole.
///
/// Kbuild saves the command of a target when the target is done, so a target with a later
/// command is whole. Files without one are made again too; they are few.
fn suspects(build: &Utf8Path, since: SystemTime) -> io::Result<BTreeSet<Utf8PathBuf>> {
    let recent = written_since(build, since)?;
    let last = recent.values().copied().max().unwrap_or(since);
    let doubtful = last.checked_sub(LAST_MOMENTS).unwrap_or(since);
    let mut suspects = BTreeSet::new();
    for (path, time) in recent {
        if path == build.join(".config") {
            continue;
        }
        let is_command = path.extension() == Some("cmd");
        let done = if is_command {
            Some(time)
        } else {
            fs::metadata(cmd_path(&path)).and_then(|metadata| metadata.modified()).ok()
        };
        if done.is_none_or(|done| done < time || done >= doubtful) {
            suspects.insert(path);
        }
    }
    Ok(suspects)
}

/// Waits until no process of the noted group works in the build any more.
pub(super) fn wait(
    root: &Utf8Path,
    interrupt: &Interrupt,
    events: &mut BuildEvents<'_>,
) -> Result<(), BuildError> {
    let Some(group) = fs::read_to_string(root.join("running.group"))
        .ok()
        .and_then(|text| text.trim().parse::<i32>().ok())
    else {
        return Ok(());
    };
    let begin = Instant::now();
    let mut said = false;
    while is_working(group, root) {
        if interrupt.is_raised() {
            return Err(BuildError::Interrupted);
        }
        if begin.elapsed() > PATIENCE {
            return Err(BuildError::Busy { group, path: root.to_owned() });
        }
        if !said {
            said = true;
            events(BuildEvent::Waiting {
                reason: format!("for the make of a killed run (process group {group})"),
            });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whether a process of the group has its working directory in ours. The number of a group can
/// be taken over by somebody else's; the directory cannot.
fn is_working(group: i32, root: &Utf8Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let path = process.path();
        let Ok(stat) = fs::read_to_string(path.join("stat")) else { return false };
        // The name in parentheses can hold anything; state, parent and group come behind it.
        let in_group = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(2))
            .is_some_and(|number| number == group.to_string());
        in_group && fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(root))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_files_stay() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let build = root.join("build");
        fs::create_dir_all(build.join("fs")).unwrap();
        let base = SystemTime::now() - Duration::from_secs(1000);
        let at = |name: &str, seconds: u64| {
            fs::write(build.join(name), "x").unwrap();
            let file = fs::File::open(build.join(name)).unwrap();
            file.set_modified(base + Duration::from_secs(seconds)).unwrap();
        };
        at("fs/old.o", 0);
        at("fs/whole.o", 20);
        at("fs/.whole.o.cmd", 21);
        at("fs/cut.o", 30);
        at("fs/.cut.o.cmd", 5);
        at("fs/first.o", 30);
        at("generated.h", 25);
        at(".config", 25);
        at("fs/late.o", 39);
        at("fs/.late.o.cmd", 40);
        let marker = MakeMarker::start(&root).unwrap();
        fs::File::open(&marker.path).unwrap().set_modified(base + Duration::from_secs(10)).unwrap();
        drop(marker);

        recover(&root, &build, &mut |_| {}).unwrap();
        let there = |name: &str| build.join(name).exists();
        for name in ["fs/old.o", "fs/whole.o", "fs/.whole.o.cmd", "fs/.cut.o.cmd", ".config"] {
            assert!(there(name), "{name} was removed");
        }
        for name in ["fs/cut.o", "fs/first.o", "generated.h", "fs/late.o", "fs/.late.o.cmd"] {
            assert!(!there(name), "{name} is there");
        }
        assert!(!root.join("running").exists());
    }
}
