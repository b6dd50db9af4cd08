//! The livepatch module: cut out of the patched objects, linked by Kbuild, and judged by a second reading.

mod left_out;
mod objects;
mod opinion;
mod perhaps;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Config, ModuleSources, Signing, export_versions};
use klp_core::diff::Changes;
use klp_core::kernel::{LinkedKernel, module_name};
use klp_core::livepatch::{self, ChangedNames, FORCED, NamedConstant};
use klp_core::record::{Change, ChangedFunction, Module, Note, Record, Refused};

use crate::error::Error;
use crate::event::{Event, Events, of_build};
use crate::finished::{self, read};
use crate::output;
use crate::patched::Builds;

use objects::LivepatchObject;
pub(crate) use opinion::{SecondOpinion, summary};
use perhaps::UncertainRisks;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivepatchRequest {
    /// Where the module goes.
    pub path: Utf8PathBuf,
    /// Whether it is an error where the kernel takes no livepatches at all.
    pub required: bool,
    /// Whether it is made even if a part of the patch cannot take effect in it, or is risky.
    pub force: bool,
    /// Whether it takes the place of all livepatches that are loaded.
    pub replace: bool,
    /// What it is signed with, if it is.
    pub signing: Option<Signing>,
}

/// A livepatch module that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Livepatch {
    /// Where it is.
    pub path: Utf8PathBuf,
    /// How many functions livepatch replaces.
    pub functions: usize,
    /// Functions of it that keep it in memory for good; empty if it can be unloaded.
    pub stays: Vec<String>,
}

impl LivepatchRequest {
    /// Whether the file names the module otherwise than those of the kernel are called: of one name only one is loaded.
    fn expect_own_name(&self, builds: &Builds<'_>) -> Result<(), Error> {
        let name = module_name(&usable(self.path.file_stem().unwrap_or_default().chars()));
        // Without it no modules were built.
        let order = fs_err::read_to_string(builds.original.root.join("modules.order"));
        let order = order.unwrap_or_default();
        let modules = order.lines().map(|line| Utf8Path::new(line).with_extension(""));
        match modules.into_iter().find(|module| module_name(module.as_str()) == name) {
            Some(module) => {
                Err(Error::NameTaken { path: self.path.clone(), name: module.into_string() })
            }
            None => Ok(()),
        }
    }

    /// Tells `why` this kernel takes no livepatch, which is an error where one is required.
    pub(crate) fn no_livepatch(
        &self,
        why: String,
        events: &mut Events<'_>,
    ) -> Result<Option<Livepatch>, Error> {
        if self.required {
            return Err(Error::NoLivepatch { path: self.path.clone(), why });
        }
        events(Event::NoLivepatch { why });
        Ok(None)
    }

    /// Makes the module of `changes` and adds to them what is to be told about it: the module, or why
    /// there is none.
    pub(crate) fn fulfil(
        &self,
        builds: &Builds<'_>,
        about: &[(&str, String)],
        changes: &mut Changes,
        events: &mut Events<'_>,
    ) -> Result<Option<Livepatch>, Error> {
        output::remove(&self.path, output::is_module, output::MODULE)?;
        self.expect_own_name(builds)?;
        let constants = NamedConstant::changed(changes);
        let has_functions = !changes.functions.is_empty() || !constants.is_empty();
        if !has_functions && changes.data.is_empty() {
            return Ok(None);
        }
        if let Some(why) = unfit(&builds.original.root)? {
            return self.no_livepatch(format!("the kernel has {why}"), events);
        }
        let modules = left_out::new_modules(builds);
        changes.note_livepatch(left_out::notes(&modules));
        let mut touched = touched(changes);
        touched.retain(|object| !modules.contains_key(object.as_str()));
        let mut risks = livepatch::data_verdict(changes);
        risks.retain(|risk| !modules.contains_key(risk.object.as_str()));
        risks.extend(exports(builds, &touched)?);
        let not_apart = left_out::not_apart(builds, changes, &touched)?;
        touched.retain(|object| not_apart.iter().all(|refused| refused.object != *object));
        risks.extend(not_apart);
        risks.extend(left_out::weak_instead(builds, changes));
        let perhaps = UncertainRisks::take(changes, constants, &mut risks);
        let is_refused = changes.summary.refused > 0 || !self.force && !risks.is_empty();
        if is_refused && (!has_functions || touched.is_empty()) {
            changes.refuse_livepatch(risks);
            return Ok(None);
        }
        // Whoever is refused a module for one reason is told of all others as well.
        events(Event::Extracting { functions: changes.functions.len() });
        let found = objects::of(builds, &touched, &mut of_build(events)).and_then(|objects| {
            let livepatch = self.extract(builds, changes, &objects)?;
            Ok((objects, livepatch))
        });
        let (objects, mut livepatch) = match found {
            Err(error @ (Error::Livepatch(_) | Error::Kernel { .. })) if is_refused => {
                risks.extend(perhaps.all());
                changes.refuse_livepatch(risks);
                let why = format!("there can be more reasons against a module: {error}");
                changes.note_livepatch([Note::new("reasons", "", "livepatch", why)]);
                return Ok(None);
            }
            found => found?,
        };
        risks.extend(perhaps.left_by(&livepatch, changes));
        if !self.force && (is_refused || !risks.is_empty()) {
            // That no function is left for a module would follow from the other reasons.
            livepatch.refused.retain(|refused| !refused.object.is_empty());
        }
        if !self.force {
            livepatch.refused.append(&mut risks);
        }
        changes.note_livepatch(
            risks.iter().map(|risk| Note::new(FORCED, &risk.object, &risk.name, &*risk.why)),
        );
        changes.note_livepatch(livepatch.notes.iter().cloned());
        let kept = left_out::kept_after_boot(builds, changes);
        changes.note_livepatch(kept);
        if is_refused || !livepatch.refused.is_empty() {
            changes.refuse_livepatch(livepatch.refused);
            return Ok(None);
        }
        events(Event::Linking { path: self.path.clone() });
        let module = self.link(&livepatch, builds, about, events)?;
        let directory = builds.workshop.directory();
        let opinion = SecondOpinion::new(&builds.original.root, directory);
        let said = opinion::said(builds, changes, &livepatch);
        let report = opinion.on(&module, &objects, &said)?;
        if !report.findings.is_empty() {
            changes.refuse_livepatch(opinion::refused(&report));
            return Ok(None);
        }
        changes.note_livepatch(
            report
                .notes
                .iter()
                .map(|note| Note::new("second-opinion", "", "module", note.as_str())),
        );
        events(Event::Attested(summary(&report)));
        let module = match &self.signing {
            Some(signing) => signing.sign(&module, &builds.workshop.kernel(), directory)?,
            None => module,
        };
        opinion.keep(&module, &objects, said)?;
        output::replace(&self.path, |file| file.write_all(&module))?;
        let functions = livepatch.objects.values().map(|object| object.functions.len()).sum();
        let stays: Vec<String> = livepatch.stays.iter().cloned().collect();
        changes.module =
            Some(Module { path: self.path.to_string(), functions, stays: stays.clone() });
        Ok(Some(Livepatch { path: self.path.clone(), functions, stays }))
    }

    /// Cuts the livepatch out of the touched objects.
    fn extract(
        &self,
        builds: &Builds<'_>,
        changes: &Changes,
        objects: &[LivepatchObject],
    ) -> Result<livepatch::UnlinkedLivepatch, Error> {
        let inputs: Vec<livepatch::TouchedObject<'_>> =
            objects.iter().map(LivepatchObject::input).collect();
        let kernel = linked_kernel(builds, &inputs)?;
        let options = livepatch::LivepatchOptions { force: self.force, replace: self.replace };
        Ok(livepatch::create(&kernel, &inputs, &named(changes), options)?)
    }

    fn link(
        &self,
        livepatch: &livepatch::UnlinkedLivepatch,
        builds: &Builds<'_>,
        about: &[(&str, String)],
        events: &mut Events<'_>,
    ) -> Result<Vec<u8>, Error> {
        let symvers = finished::symvers(&builds.original.root)?;
        let part = |part: &livepatch::ModulePart| (part.object.clone().into(), part.bytes.clone());
        let about = about.iter().map(|(key, value)| format!("MODULE_INFO({key}, {value:?});\n"));
        let sources = ModuleSources {
            name: usable(self.path.file_stem().unwrap_or("livepatch").chars()),
            init: livepatch.init_source(self.replace) + &about.collect::<String>(),
            parts: livepatch.parts.iter().map(part).collect(),
            symvers: symvers.for_livepatch(livepatch.symbols.keys().map(String::as_str)),
        };
        let settings = builds.session.settings();
        let linked = builds.workshop.link_module(&sources, &settings, &mut of_build(events))?;
        Ok(livepatch::finish(&read(&linked)?, &livepatch.symbols)?)
    }
}

/// What of the configuration of the original build stands against a livepatch; none if nothing does.
pub(crate) fn unfit(original: &Utf8Path) -> Result<Option<&'static str>, Error> {
    let config = Config::read(&original.join(".config"))?;
    let needed =
        [("CONFIG_MODULES", "no CONFIG_MODULES"), ("CONFIG_LIVEPATCH", "no CONFIG_LIVEPATCH")];
    Ok(needed.into_iter().find(|(option, _)| !config.is_enabled(option)).map(|(_, why)| why))
}

/// What is wrong with exports whose type changes, where the kernel keeps versions of them.
fn exports(builds: &Builds<'_>, touched: &BTreeSet<String>) -> Result<Vec<Refused>, Error> {
    let Builds { original, patched, .. } = builds;
    if !Config::read(&original.root.join(".config"))?.is_enabled("CONFIG_MODVERSIONS") {
        return Ok(Vec::new());
    }
    let mut refused = Vec::new();
    for object in touched {
        let path = Utf8Path::new(object);
        let (was, is) = (original.objects.iter(), patched.made.contains(path));
        if was.into_iter().any(|linked| linked.object == path) && is {
            let before = export_versions(&original.root, path)?;
            let after = export_versions(&patched.root, path)?;
            refused.extend(livepatch::exports_verdict(object, &before, &after));
        }
    }
    Ok(refused)
}

/// The name of the module for `patch`: `livepatch-fix` for `fix.patch`.
#[must_use]
pub fn livepatch_name(patch: Option<&Utf8Path>) -> String {
    let name = patch.and_then(Utf8Path::file_name).filter(|name| *name != "-");
    let name = Utf8Path::new(name.unwrap_or("patch"));
    let is_packed = matches!(name.extension(), Some("gz" | "xz" | "bz2" | "zst"));
    let name = if is_packed { name.with_extension("") } else { name.to_owned() };
    let stem = name.file_stem().unwrap_or("patch");
    usable("livepatch-".chars().chain(stem.chars()))
}

/// A name that a module can have: make reads it, and `modprobe`, to which a dot is the end of it.
fn usable(name: impl Iterator<Item = char>) -> String {
    /// `MODULE_NAME_LEN` of 64-bit kernels, with its end.
    const LONGEST: usize = 55;
    let word = |character: char| {
        if character.is_ascii_alphanumeric() || character == '_' { character } else { '-' }
    };
    name.map(word).take(LONGEST).collect()
}

/// Objects with something to tell of: functions, data, and what others know their names by.
fn touched(changes: &Changes) -> BTreeSet<String> {
    let functions = changes.functions.iter().map(|function| &function.object);
    let data = changes.data.iter().map(|data| &data.object);
    let notes = changes.notes.iter().map(|note| &note.object);
    let objects = functions.chain(data).chain(notes).chain(&changes.rebound);
    // A note can be about a file of the patch, or about all.
    objects.filter(|object| !object.is_empty()).cloned().collect()
}

fn named(changes: &Changes) -> ChangedNames {
    let by_object = |functions: &mut dyn Iterator<Item = &ChangedFunction>| {
        let mut names = livepatch::NamesByObject::new();
        for function in functions.filter(|function| function.change == Change::Changed) {
            names.entry(function.object.clone()).or_default().push(function.name.clone());
        }
        names
    };
    let mut ignored = changes.ignored.iter().filter_map(|record| match record {
        Record::Function(function) => Some(function),
        _ => None,
    });
    ChangedNames {
        changed: by_object(&mut changes.functions.iter()),
        ignored: by_object(&mut ignored),
    }
}

/// What the original build says about the kernel, and about each module (all of them can be referred to
/// as soon as one module is touched).
fn linked_kernel(
    builds: &Builds<'_>,
    inputs: &[livepatch::TouchedObject<'_>],
) -> Result<LinkedKernel, Error> {
    let output = &builds.original.root;
    let (vmlinux, vermagic) = finished::vmlinux(&output.join("vmlinux"))?;
    let modules = if inputs.iter().any(|input| input.linked != "vmlinux") {
        kbuild_glue::objects::modules(output)?
    } else {
        Vec::new()
    };
    let (modules, depends) = finished::modules(output, modules)?;
    Ok(LinkedKernel { symvers: finished::symvers(output)?, vmlinux, modules, depends, vermagic })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_named_after_its_patch() {
        let name = |path: &str| livepatch_name(Some(Utf8Path::new(path)));
        assert_eq!(name("/tmp/fix.patch"), "livepatch-fix");
        assert_eq!(name("0001-net: drop.it.patch"), "livepatch-0001-net--drop-it");
        assert_eq!(name("fix.patch.gz"), "livepatch-fix");
        assert_eq!(name("-"), "livepatch-patch");
        assert_eq!(usable("fix.v2 a".chars()), "fix-v2-a");
        assert_eq!(name(&"x".repeat(80)).len(), 55);
    }

    #[test]
    fn a_note_about_a_file_of_the_patch_touches_no_object() {
        let mut changes = Changes::default();
        changes.note_livepatch([
            Note::new("last-link", "", "scripts/sorttable.c", "text"),
            Note::new("symbol", "fs/a.o", "f", "text"),
        ]);
        assert_eq!(touched(&changes), BTreeSet::from(["fs/a.o".to_owned()]));
    }
}
