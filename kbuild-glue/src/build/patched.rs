//! The build with the patches: only what they touch, where that can be told, or a full make in the
//! place of the original, of which a copy waits meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::borrowed::{Borrowed, put_back};
use super::calls::targets;
use super::inventory::Inventory;
use super::not_compiled::{self, NotCompiled};
use super::plan::{ExaminedBuild, Plan, Planned, Touched};
use super::{
    BuildError, BuildSettings, OriginalBuild, PatchedBuild, Workspace, clone, existing, generated,
    kept, random, real_lines, running,
};
use crate::atomic;
use crate::cmd_file::{SavedCommand, cmd_path};
use crate::compared::compared;
use crate::event::{BuildEvent, BuildEvents};
use crate::mirror::Mirror;
use crate::objects::{LinkedObject, linked_objects};
use crate::patch::{FileChange, PatchSet};
use crate::stash::Stash;

/// What came of the changes.
struct PatchedObjects {
    objects: Vec<LinkedObject>,
    /// Those that were made anew.
    made: BTreeSet<Utf8PathBuf>,
    not_compiled: BTreeSet<NotCompiled>,
}

/// What is made from each file, as records say.
type RecordedTargets = BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>;

/// What a full make did.
struct EverythingMade {
    objects: Vec<LinkedObject>,
    made: BTreeSet<Utf8PathBuf>,
    /// Patched files from which nothing was made: what records say of them is of another configuration.
    idle: Vec<Utf8PathBuf>,
}

impl Workspace {
    /// Builds the kernel of which `original` is the build with the patches.
    ///
    /// Mirror and output directory are those of the original again when this returns, whatever it
    /// returns.
    pub fn build_patched(
        &self,
        original: &OriginalBuild,
        patches: &PatchSet,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<PatchedBuild, BuildError> {
        let written = patches.apply(original.basis.mirror.path())?;
        let changes: Vec<FileChange> =
            written.iter().cloned().map(FileChange::with_kept_lines).collect();
        for change in &changes {
            if let Some(why) = change.unpatchable() {
                let message = format!("code of {} cannot be livepatched: {why}", change.path);
                events(BuildEvent::Note { message });
            }
        }
        let (mirror, config) = (original.basis.mirror.path(), &original.basis.config);
        let starting = changes.iter().filter(|change| change.starts_the_kernel());
        let starting: Vec<&Utf8PathBuf> = starting.map(|change| &change.path).collect();
        let (starting, unused): (Vec<_>, Vec<_>) = starting
            .into_iter()
            .partition(|path| not_compiled::missing_options(mirror, path, config).is_none());
        let starting = starting.into_iter().cloned().collect();
        let mut not_compiled = not_compiled::told(&unused, mirror, config);
        not_compiled::warn_not_compiled(&not_compiled, events);
        random::tell_of_entropy(&original.basis.config, events);
        self.new_log("patched")?;
        let root = self.patched_path();
        atomic::remove_dir(&root)
            .and_then(|()| fs::create_dir_all(&root))
            .map_err(BuildError::io(&root))?;
        let built = self.build_changes(original, &changes, &written, settings, events)?;
        not_compiled.extend(built.not_compiled);
        Ok(PatchedBuild {
            objects: built.objects,
            made: built.made,
            with_sections: BTreeMap::new(),
            vmlinux_o: existing(root.join("vmlinux.o")),
            root,
            original_root: self.build_path(),
            changes,
            written,
            starting,
            not_compiled,
        })
    }

    fn build_changes(
        &self,
        original: &OriginalBuild,
        changes: &[FileChange],
        written: &[FileChange],
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<PatchedObjects, BuildError> {
        let build = self.build_path();
        let made = ExaminedBuild {
            mirror: original.basis.mirror.path(),
            build: &build,
            objects: &original.objects,
            config: &original.basis.config,
            sources: original.basis.mirror.stamps(),
        };
        let files = count(changes.len(), "file");
        let planned = Planned::of(changes, &made)?;
        let Planned { plan, unused, unknown_to_make, recorded } = planned;
        let plan = if settings.full_make { Plan::Everything("as asked".to_owned()) } else { plan };
        // What the patch adds has no record yet.
        let is_open = |path: &Utf8PathBuf| {
            matches!(plan, Plan::Everything(_))
                && changes.iter().any(|change| change.path == *path && change.old.is_none())
        };
        let (open, unused): (Vec<_>, Vec<_>) = unused.into_iter().partition(is_open);
        let told = |paths: Vec<&Utf8PathBuf>| not_compiled::told(&paths, made.mirror, made.config);
        let mut not_compiled = told(unused.iter().collect());
        not_compiled::warn_not_compiled(&not_compiled, events);
        let why = match plan {
            Plan::Objects(touched) => {
                let objects = count(touched.objects.len(), "object");
                let message = format!("patched kernel ({files} changed, {objects} to compile)");
                events(BuildEvent::Status { verb: "Building", message });
                events(BuildEvent::Objects { paths: touched.objects.clone() });
                match self.build_objects(original, changes, written, &touched, settings, events)? {
                    None => {
                        let (objects, made) = (original.objects.clone(), touched.objects);
                        return Ok(PatchedObjects { objects, made, not_compiled });
                    }
                    Some(why) => why,
                }
            }
            Plan::Everything(why) => why,
        };
        let message = format!("patched kernel ({files} changed; full make: {why})");
        events(BuildEvent::Status { verb: "Building", message });
        let told_to_make = (&unknown_to_make, &recorded);
        let everything =
            self.build_everything(original, changes, written, told_to_make, settings, events)?;
        let EverythingMade { objects, made, idle } = everything;
        let is_object = |path: &Utf8PathBuf| {
            let object = path.with_extension("o");
            objects.iter().any(|linked| linked.object == object)
        };
        let open = open.iter().filter(|path| !is_object(path));
        let unused = told(open.chain(&idle).collect());
        not_compiled::warn_not_compiled(&unused, events);
        not_compiled.extend(unused);
        Ok(PatchedObjects { objects, made, not_compiled })
    }

    /// Makes `touched` and nothing else. Says what else changed, if anything did.
    fn build_objects(
        &self,
        original: &OriginalBuild,
        changes: &[FileChange],
        written: &[FileChange],
        touched: &Touched,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<Option<String>, BuildError> {
        if touched.is_empty() {
            return Ok(None);
        }
        let build = self.build_path();
        let commands = commands(&build, &touched.objects);
        let borrowed = Borrowed::take(self, &original.basis.mirror, touched)?;
        let mut other_header = None;
        let result = real_lines::make(&original.basis.mirror, changes, written, || {
            if !touched.offsets.is_empty() {
                // This makes them. Where they are others, everything is made anew: it is no use to compile objects before.
                self.make("patched", &["prepare"], settings, events)?;
                other_header = borrowed.unexpected(touched)?.pop_first();
                if other_header.is_some() {
                    return Ok(());
                }
            }
            self.make_objects(touched, settings, events)
        });
        let other_command = differing(&commands, &self::commands(&build, &touched.objects))
            .map(|object| format!("{object} was made by another command"));
        let unexpected = borrowed.unexpected(touched)?;
        let intact = borrowed.give_back(Some(&self.patched_path()))?;
        if !intact {
            self.repair(original, settings, events)?;
        }
        result?;
        if other_command.is_some() {
            self.refuse_other_environment(original, &commands, settings, events)?;
        }
        if let Some(header) = other_header {
            return Ok(Some(format!("{header} is another one with the patch")));
        }
        let unrecorded =
            || unexpected.first().map(|path| format!("nothing recorded that {path} is made anew"));
        Ok(other_command.or_else(unrecorded))
    }

    /// Makes the original again, of which Kbuild made something anew for a patch.
    fn repair(
        &self,
        original: &OriginalBuild,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        kept::discard(&self.original_path())?;
        let message = "original kernel, of which a patched build made parts".to_owned();
        events(BuildEvent::Status { verb: "Repairing", message });
        // Where make configured anew, for another version of a tool, this went with what it wrote.
        self.copy_config()?;
        self.make("original", &targets(&original.basis.config, "vmlinux"), settings, events)?;
        self.keep_original(
            &original.basis.mirror,
            &original.objects,
            &original.basis.fingerprint,
            settings,
        )
    }

    /// Refuses to go on if make has other commands for the original as well: something that nobody told us of is not what
    /// it was. Without the patch, they are its own else, and a full make finds what follows.
    fn refuse_other_environment(
        &self,
        original: &OriginalBuild,
        before: &BTreeMap<Utf8PathBuf, String>,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        self.repair(original, settings, events)?;
        let now = commands(&self.build_path(), &before.keys().cloned().collect());
        let Some(object) = differing(before, &now) else { return Ok(()) };
        kept::discard(&self.original_path())?;
        Err(BuildError::OtherEnvironment { object: object.to_owned() })
    }

    /// Makes everything, in the output directory of the original, which is copied before.
    fn build_everything(
        &self,
        original: &OriginalBuild,
        changes: &[FileChange],
        written: &[FileChange],
        (unknown_to_make, recorded): (&BTreeSet<Utf8PathBuf>, &RecordedTargets),
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<EverythingMade, BuildError> {
        let (build, copy) = (self.build_path(), self.clone_path());
        clone::make(&build, &copy)?;
        let restore = Restore { workspace: self, mirror: &original.basis.mirror, done: false };
        for target in unknown_to_make {
            let path = build.join(target);
            atomic::remove_file(&path).map_err(BuildError::io(&path))?;
        }
        let is_kconfig = |change: &FileChange| {
            change.path.file_name().is_some_and(|name| name.starts_with("Kconfig"))
        };
        // Nothing needs the final link, and it takes longest.
        let image = if self.tree.has_target("vmlinux_o")? { "vmlinux_o" } else { "vmlinux" };
        real_lines::make(&original.basis.mirror, changes, written, || {
            if changes.iter().any(is_kconfig) {
                // New options would be asked for, and nobody answers.
                self.make("patched", &["olddefconfig"], settings, events)?;
            }
            self.make("patched", &targets(&original.basis.config, image), settings, events)
        })?;
        generated::keep(&build, &copy, &self.patched_path())?;
        generated::keep_crates(&build, &copy, &self.patched_path())?;
        let objects = linked_objects(&build)?;
        let is_made =
            |path: &&Utf8Path| kept::stamp(&build.join(path)) != kept::stamp(&copy.join(path));
        let is_idle = |targets: &BTreeSet<Utf8PathBuf>| {
            let mut there = targets.iter().filter(|target| build.join(target).exists());
            !there.any(|target| is_made(&target.as_path()))
        };
        let idle = recorded.iter().filter(|(_, targets)| is_idle(targets));
        let idle = idle.map(|(path, _)| path.clone()).collect();
        // With LTO, the machine code is in what was linked from them.
        let files: Vec<Utf8PathBuf> =
            compared(&build, &objects).into_iter().map(|compared| compared.file).collect();
        let paths = objects.iter().map(|object| object.object.as_path());
        let paths = paths.chain(files.iter().map(Utf8PathBuf::as_path));
        let made: BTreeSet<Utf8PathBuf> = paths.filter(is_made).map(Utf8Path::to_owned).collect();
        let vmlinux = Utf8PathBuf::from("vmlinux.o");
        let unnamed =
            Some(&vmlinux).filter(|path| !made.contains(*path) && build.join(path).exists());
        for path in made.iter().chain(unnamed) {
            let (from, to) = (build.join(path), self.patched_path().join(path));
            let parent = to.parent().unwrap_or(&to);
            fs::create_dir_all(parent)
                .and_then(|()| fs::rename(&from, &to))
                .and_then(|()| match cmd_path(&from) {
                    command if command.exists() => fs::rename(command, cmd_path(&to)),
                    _ => Ok(()),
                })
                .map_err(BuildError::io(&to))?;
        }
        restore.now()?;
        Ok(EverythingMade { objects, made, idle })
    }

    /// Where the original waits during a full make.
    fn clone_path(&self) -> Utf8PathBuf {
        self.root.join("build.original")
    }
}

/// Puts back what a patched build that was killed had changed.
pub(super) fn recover(
    workspace: &Workspace,
    events: &mut BuildEvents<'_>,
) -> Result<(), BuildError> {
    let (build, copy) = (workspace.build_path(), workspace.clone_path());
    clone::clean(&copy)?;
    let stash = Stash::of(&build);
    if copy.exists() || stash.is_in_use() {
        let message = "build of an interrupted run".to_owned();
        events(BuildEvent::Status { verb: "Repairing", message });
    }
    let inventory = Inventory::read(&workspace.original_path())?.unwrap_or_default();
    if stash.is_in_use() && !put_back(&build, &inventory, None)? {
        kept::discard(&workspace.original_path())?;
        running::forget(&workspace.root)?;
    }
    if copy.exists() {
        clone::take_back(&build, &copy)?;
        running::forget(&workspace.root)?;
    }
    Ok(())
}

/// Gives the output directory back to the original when this goes.
struct Restore<'a> {
    workspace: &'a Workspace,
    mirror: &'a Mirror,
    done: bool,
}

impl Restore<'_> {
    fn now(mut self) -> Result<(), BuildError> {
        self.done = true;
        self.restore()
    }

    fn restore(&self) -> Result<(), BuildError> {
        clone::take_back(&self.workspace.build_path(), &self.workspace.clone_path())?;
        running::forget(&self.workspace.root)?;
        Ok(self.mirror.restore()?)
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        if !self.done {
            // An error is on its way already, and the next run restores what this could not.
            let _ = self.restore();
        }
    }
}

/// The first object of which one side has another command than the other.
fn differing<'a>(
    before: &'a BTreeMap<Utf8PathBuf, String>,
    after: &BTreeMap<Utf8PathBuf, String>,
) -> Option<&'a Utf8Path> {
    before
        .iter()
        .find(|(object, command)| after.get(*object) != Some(command))
        .map(|(object, _)| object.as_path())
}

/// The commands that made `objects`, as Kbuild saved them.
fn commands(build: &Utf8Path, objects: &BTreeSet<Utf8PathBuf>) -> BTreeMap<Utf8PathBuf, String> {
    let command = |object: &Utf8PathBuf| {
        Some((object.clone(), SavedCommand::of_target(build, object).ok()?.command))
    };
    objects.iter().filter_map(command).collect()
}

pub(super) fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}
