//! Compiles single objects of a kernel as make would.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::prepare::WITHOUT_RUST;
use super::touched::readers;
use super::{StockBuild, StockError, StockTouched};
use crate::build::{
    BuildError, BuildSettings, OriginalBuild, PatchedBuild, Workspace, warn_not_compiled,
};
use crate::cmd_file::{SavedCommand, cmd_path};
use crate::event::{BuildEvent, BuildEvents};
use crate::last_build::BuildVersion;
use crate::lexical::in_mirror;
use crate::objects::{LinkedInto, LinkedObject};
use crate::patch::FileChange;
use crate::scripts::Scripts;

/// What is told before so many objects are compiled.
const MANY: usize = 200;

impl Workspace {
    /// Compiles the objects that are touched as they were before the patch. Those that are there stay.
    pub fn compile_stock_original(
        &self,
        stock: &StockBuild,
        touched: &StockTouched,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<OriginalBuild, BuildError> {
        warn_not_compiled(&touched.not_compiled(), events);
        let build = self.build_path();
        let is_there = |object: &&Utf8PathBuf| {
            [build.join(object), cmd_path(&build.join(object))].iter().all(|it| it.is_file())
        };
        let (there, missing): (Vec<_>, Vec<_>) = touched.objects.iter().partition(is_there);
        if missing.len() > MANY {
            let message = format!("{} can include what the patch changes", count(missing.len()));
            events(BuildEvent::Note { message });
        }
        if !missing.is_empty() {
            let message = format!("{} without the patch", count(missing.len()));
            events(BuildEvent::Status { verb: "Compiling", message });
        }
        let paths: Vec<Utf8PathBuf> = missing.iter().map(|object| (*object).clone()).collect();
        let mut scripts =
            self.object_scripts("original", stock, &paths, &build, unless_it_needs_more)?;
        let beside =
            self.compile_beside(&mut scripts, stock, &paths, BuildVersion::Original, settings)?;
        self.run_makefile(&scripts.makefile()?, settings, events)?;
        // Some need files that make generates in their directories: it makes them, and the object with them.
        let left = paths.iter().filter(|object| !build.join(object).exists());
        let left: Vec<&str> = left.map(|object| object.as_str()).collect();
        if !left.is_empty() {
            let mut variables = settings.variables.to_vec();
            variables.push(WITHOUT_RUST.to_owned());
            let settings = BuildSettings { variables: &variables, ..*settings };
            self.make("module", &left, &settings, events)?;
        }
        for object in &paths {
            save_command(stock, object, &build)?;
        }
        Ok(OriginalBuild {
            objects: linked(stock, &touched.objects),
            root: build,
            kept: self.original_path(),
            vmlinux_o: None,
            basis: Arc::clone(&stock.basis),
            with_sections: beside.made(),
            reused: !there.is_empty() && paths.is_empty(),
        })
    }

    /// Compiles those of the objects that read what `changes` change, with the changes.
    pub fn compile_stock_patched(
        &self,
        stock: &StockBuild,
        touched: &StockTouched,
        changes: Vec<FileChange>,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<PatchedBuild, BuildError> {
        let (build, patched) = (self.build_path(), self.patched_path());
        crate::atomic::remove_dir(&patched)
            .and_then(|()| fs::create_dir_all(&patched))
            .map_err(BuildError::io(&patched))?;
        let written = changes;
        let changes: Vec<FileChange> =
            written.iter().cloned().map(FileChange::with_kept_lines).collect();
        let made = made_again(stock, touched, &changes);
        let message = format!("{} with the patch", count(made.len()));
        events(BuildEvent::Status { verb: "Compiling", message });
        let paths: Vec<Utf8PathBuf> = made.iter().cloned().collect();
        let mut scripts =
            self.object_scripts("patched", stock, &paths, &patched, |text, _| text.to_owned())?;
        let beside =
            self.compile_beside(&mut scripts, stock, &paths, BuildVersion::Patched, settings)?;
        let scripts = scripts.makefile()?;
        let offsets = self.offset_scripts(touched)?;
        stock.basis.with_changes(&changes, &written, || {
            if let Some(offsets) = &offsets {
                self.run_makefile(offsets, settings, events)?;
            }
            self.run_makefile(&scripts, settings, events)
        })?;
        for path in &touched.offsets {
            let read = |root: &Utf8Path| {
                let path = root.join(path);
                let text = fs::read_to_string(&path).map_err(BuildError::io(&path))?;
                Ok::<_, BuildError>(stated(&text))
            };
            if read(&build)? != read(&patched)? {
                let path = path.with_extension("c");
                return Err(StockError::Offsets { path }.into());
            }
        }
        for object in &paths {
            save_command(stock, object, &patched)?;
        }
        Ok(PatchedBuild {
            objects: linked(stock, &touched.objects),
            made,
            with_sections: beside.made(),
            root: patched,
            original_root: build,
            vmlinux_o: None,
            changes,
            written,
            starting: touched.starting.clone(),
            not_compiled: touched.not_compiled(),
        })
    }

    /// What makes each object below `root` with its command, or with what `script` makes of that.
    fn object_scripts(
        &self,
        name: &str,
        stock: &StockBuild,
        objects: &[Utf8PathBuf],
        root: &Utf8Path,
        script: impl Fn(&str, &Utf8Path) -> String,
    ) -> Result<Scripts, BuildError> {
        let mut scripts = Scripts::new(&self.scripts(name)?);
        for object in objects {
            let Some(unit) = stock.recipes.units.get(object) else { continue };
            let target = root.join(object);
            let command = redirected(&unit.command, &stock.recipes.root, root, object);
            scripts.add(&target, "", &format!("CC      {object}"), &script(&command, &target))?;
        }
        Ok(scripts)
    }

    fn offset_scripts(&self, touched: &StockTouched) -> Result<Option<Utf8PathBuf>, BuildError> {
        if touched.offsets.is_empty() {
            return Ok(None);
        }
        let (build, patched) = (self.build_path(), self.patched_path());
        let mut scripts = Scripts::new(&self.scripts("offsets")?);
        for path in &touched.offsets {
            let saved =
                SavedCommand::of_target(&build, path).map_err(crate::module::ModuleError::from)?;
            let command = redirected(&saved.command, &build, &patched, path);
            scripts.add(&patched.join(path), "", &format!("CC      {path}"), &command)?;
        }
        scripts.makefile().map(Some)
    }

    pub(super) fn scripts(&self, name: &str) -> Result<Utf8PathBuf, BuildError> {
        let directory = self.module_path().join("stock").join(name);
        crate::atomic::remove_dir(&directory)
            .and_then(|()| fs::create_dir_all(&directory))
            .map_err(BuildError::io(&directory))?;
        Ok(directory)
    }
}

/// Of the touched objects those that the patch can really change: the compiler wrote down what it read.
fn made_again(
    stock: &StockBuild,
    touched: &StockTouched,
    changes: &[FileChange],
) -> BTreeSet<Utf8PathBuf> {
    // A new file is found by names that led elsewhere before.
    if changes.iter().any(|change| change.old.is_none()) {
        return touched.objects.clone();
    }
    let mut read = BTreeMap::new();
    for object in &touched.objects {
        let path = dependencies(&stock.recipes.root, object);
        let Ok(text) = fs::read_to_string(&path) else { return touched.objects.clone() };
        let words = text.split_whitespace().map(|word| word.trim_end_matches('\\').as_bytes());
        let files: BTreeSet<Utf8PathBuf> = words
            .filter_map(|word| in_mirror(word, &stock.recipes.root, &stock.recipes.mirror))
            .collect();
        // What does not even name the object's own source tells nothing.
        let names_source = stock.recipes.units.get(object).is_some_and(|unit| {
            files.contains(&unit.source) || text.split_whitespace().any(|it| it == unit.source)
        });
        if !names_source {
            return touched.objects.clone();
        }
        read.insert(object.clone(), files);
    }
    readers(&read, &changes.iter().map(|change| change.path.clone()).collect())
}

/// Writes what Kbuild would write beside the object below `root`: how it is made, and from what.
fn save_command(stock: &StockBuild, object: &Utf8Path, root: &Utf8Path) -> Result<(), BuildError> {
    let Some(SavedCommand { command, source, .. }) = stock.saved_command(object) else {
        return Ok(());
    };
    let (command, source) =
        (command.replace('$', "$$").replace('#', "$(pound)"), source.unwrap_or_default());
    let path = cmd_path(&root.join(object));
    let text = format!("savedcmd_{object} := {command}\n\nsource_{object} := {source}\n");
    crate::atomic::write(&path, text.as_bytes()).map_err(BuildError::io(&path))
}

/// The script that compiles `target`, and leaves it to others where the compiler made nothing at all.
fn unless_it_needs_more(command: &str, target: &Utf8Path) -> String {
    format!("rm -f '{target}'\n{command}\nstatus=$?\ntest -e '{target}' || exit 0\nexit $status")
}

fn count(objects: usize) -> String {
    format!("{objects} object{}", if objects == 1 { "" } else { "s" })
}

/// `command`, which makes `object` in the output directory `build`, made to write below `root`.
fn redirected(command: &str, build: &Utf8Path, root: &Utf8Path, object: &Utf8Path) -> String {
    if root == build {
        return command.to_owned();
    }
    let words = command.split(' ').filter(|word| !word.starts_with("-Wp,-MMD,"));
    let words = words.map(|word| {
        if word == object.as_str() { format!("'{}'", root.join(object)) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where the compiler writes what it read for `object`.
fn dependencies(build: &Utf8Path, object: &Utf8Path) -> Utf8PathBuf {
    let name = format!(".{}.d", object.file_name().unwrap_or_default());
    build.join(object.with_file_name(name))
}

/// The lines that a file of offsets is made for (`include/linux/kbuild.h`).
fn stated(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.contains("->")).map(|line| line.trim().to_owned()).collect()
}

fn linked(stock: &StockBuild, objects: &BTreeSet<Utf8PathBuf>) -> Vec<LinkedObject> {
    let each = |object: &Utf8PathBuf| {
        let of =
            |linked: &LinkedInto| LinkedObject { object: object.clone(), linked: linked.clone() };
        stock.recipes.linked(object).iter().map(of).collect::<Vec<_>>()
    };
    objects.iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_made_goes_elsewhere() {
        let command =
            "gcc -Wp,-MMD,fs/.a.o.d -Ifs -c -o fs/a.o /s/fs/a.c ; ./tools/objtool/objtool fs/a.o";
        let (build, root) = (Utf8Path::new("/b"), Utf8Path::new("/p"));
        let object = Utf8Path::new("fs/a.o");
        assert_eq!(
            redirected(command, build, root, object),
            "gcc -Ifs -c -o '/p/fs/a.o' /s/fs/a.c ; ./tools/objtool/objtool '/p/fs/a.o'"
        );
        assert_eq!(redirected(command, build, build, object), command);
    }
}
