//! The livepatch module of `cargo klp build`.

use std::collections::BTreeSet;
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    BuildSettings, Config, Events, ModuleSources, OriginalBuild, PatchedBuild, Workspace,
    export_versions,
};
use klp_core::diff::Changes;
use klp_core::kernel::Kernel;
use klp_core::livepatch::{self, Constant, Livepatch, Named};
use klp_core::record::{Change, Function, Module, Note, Record, Refused};

use crate::cli;
use crate::error::Error;
use crate::kernel::{self, read};
use crate::report;
use crate::shell::Shell;
use crate::words::count;

use super::left_out;
use super::opinion::{self, Opinion};
use super::remove;
use super::sources::{self, Source};

/// What the person asked for.
pub(super) struct Request {
    /// Where the module goes.
    path: Utf8PathBuf,
    options: livepatch::Options,
    /// What the module says about itself (`modinfo`), by key.
    about: Vec<(&'static str, String)>,
}

/// Both builds.
pub(super) struct Builds<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) original: &'a OriginalBuild,
    pub(super) patched: &'a PatchedBuild,
    pub(super) settings: &'a BuildSettings<'a>,
}

impl Request {
    /// The request of `arguments`; none for a build without a module.
    pub(super) fn of(
        arguments: &cli::Build,
        current: &Utf8Path,
        results: &Utf8Path,
        patches: &[Utf8PathBuf],
        about: Vec<(&'static str, String)>,
    ) -> Option<Self> {
        let path = match &arguments.module {
            Some(path) => current.join(path),
            None => results.with_file_name(format!("{}.ko", name(patches))),
        };
        let options = livepatch::Options { force: arguments.force, replace: !arguments.no_replace };
        (!arguments.no_module).then_some(Self { path, options, about })
    }

    /// Makes the module of `changes` and adds to them what is to be told about it: the module, or why
    /// there is none.
    pub(super) fn fulfil(
        &self,
        builds: &Builds<'_>,
        changes: &mut Changes,
        shell: &Shell,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        remove(&self.path)?;
        let constants = Constant::changed(changes);
        let has_nothing = changes.functions.is_empty() && constants.is_empty();
        if has_nothing || changes.summary.refused > 0 {
            return Ok(());
        }
        if let Some(why) = unfit(builds.original)? {
            shell.status("Skipping", format_args!("livepatch module: the kernel has {why}"));
            return Ok(());
        }
        let modules = left_out::new_modules(builds);
        changes.note_livepatch(left_out::notes(&modules));
        let mut touched = touched(changes);
        touched.retain(|object| !modules.contains_key(object.as_str()));
        let mut risks = livepatch::data_verdict(changes);
        risks.retain(|risk| !modules.contains_key(risk.object.as_str()));
        risks.extend(exports(builds, &touched)?);
        let not_from_c = left_out::not_from_c(builds, changes, &touched)?;
        touched.retain(|object| not_from_c.iter().all(|refused| refused.object != *object));
        risks.extend(not_from_c);
        risks.extend(left_out::weak_instead(builds, changes));
        let is_constant =
            |risk: &Refused| constants.contains(&Constant::new(&risk.object, &risk.name));
        let (perhaps, mut risks): (Vec<Refused>, Vec<Refused>) =
            risks.into_iter().partition(is_constant);
        if !self.options.force && !risks.is_empty() {
            changes.refuse_livepatch(risks);
            return Ok(());
        }
        shell.status("Extracting", count(changes.functions.len(), "function"));
        let sources = sources::of(builds, &touched, events)?;
        let mut livepatch = extract(self.options, builds, changes, &sources)?;
        risks.extend(perhaps.into_iter().filter(|risk| {
            !livepatch.constants.contains(&Constant::new(&risk.object, &risk.name))
        }));
        if !self.options.force {
            livepatch.refused.append(&mut risks);
        }
        changes.note_livepatch(
            risks.iter().map(|risk| Note::new("forced", &risk.object, &risk.name, &*risk.why)),
        );
        changes.note_livepatch(livepatch.notes.iter().cloned());
        let kept = left_out::kept_after_boot(builds, changes);
        changes.note_livepatch(kept);
        if !livepatch.refused.is_empty() {
            changes.refuse_livepatch(livepatch.refused);
            return Ok(());
        }
        shell.status("Linking", self.path.as_str());
        let module = self.link(&livepatch, builds, events)?;
        let directory = builds.workspace.module_path();
        let opinion = Opinion::new(&builds.original.root, &directory);
        let said = opinion::said(builds, changes);
        let report = opinion.on(&module, &sources, &said)?;
        if !report.findings.is_empty() {
            changes.refuse_livepatch(opinion::refused(&report));
            return Ok(());
        }
        changes.note_livepatch(
            report
                .notes
                .iter()
                .map(|note| Note::new("second-opinion", "", "module", note.as_str())),
        );
        shell.status("Attesting", opinion::summary(&report));
        opinion.keep(&module, &sources, said)?;
        report::replace_file(&self.path, |file| file.write_all(&module))?;
        let functions = livepatch.objects.values().map(|object| object.functions.len()).sum();
        changes.module = Some(Module { path: self.path.to_string(), functions });
        Ok(())
    }

    fn about(&self) -> String {
        let line = |(key, value): &(&str, String)| format!("MODULE_INFO({key}, {value:?});\n");
        self.about.iter().map(line).collect()
    }

    fn link(
        &self,
        livepatch: &Livepatch,
        builds: &Builds<'_>,
        events: &mut Events<'_>,
    ) -> Result<Vec<u8>, Error> {
        let symvers = kernel::symvers(&builds.original.root)?;
        let part = |part: &livepatch::Part| (part.object.clone().into(), part.bytes.clone());
        let sources = ModuleSources {
            name: self.path.file_stem().unwrap_or("livepatch").to_owned(),
            init: livepatch.init_source(self.options.replace) + &self.about(),
            parts: livepatch.parts.iter().map(part).collect(),
            symvers: symvers.for_livepatch(livepatch.symbols.keys().map(String::as_str)),
        };
        let linked = builds.workspace.link_module(&sources, builds.settings, events)?;
        Ok(livepatch::finish(&read(&linked)?, &livepatch.symbols)?)
    }
}

/// What of the configuration of the original build stands against a livepatch; none if nothing does.
fn unfit(original: &OriginalBuild) -> Result<Option<&'static str>, Error> {
    let config = Config::read(&original.root.join(".config"))?;
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

/// The name of the module for the first of `patches`: `livepatch-fix` for `fix.patch`.
fn name(patches: &[Utf8PathBuf]) -> String {
    // A module's name has 55 bytes at most (MODULE_NAME_LEN), and make reads it.
    const LONGEST: usize = 55;
    let name = patches.first().and_then(|patch| patch.file_name()).filter(|name| *name != "-");
    let name = Utf8Path::new(name.unwrap_or("patch"));
    let is_packed = matches!(name.extension(), Some("gz" | "xz" | "bz2" | "zst"));
    let name = if is_packed { name.with_extension("") } else { name.to_owned() };
    let stem = name.file_stem().unwrap_or("patch");
    let word = |character: char| {
        if character.is_ascii_alphanumeric() || character == '_' { character } else { '-' }
    };
    let name: String = "livepatch-".chars().chain(stem.chars().map(word)).collect();
    name.chars().take(LONGEST).collect()
}

/// Cuts the livepatch out of the touched objects.
fn extract(
    options: livepatch::Options,
    builds: &Builds<'_>,
    changes: &Changes,
    sources: &[Source],
) -> Result<Livepatch, Error> {
    let inputs: Vec<livepatch::Input<'_>> = sources.iter().map(Source::input).collect();
    let kernel = linked_kernel(builds, &inputs)?;
    Ok(livepatch::create(&kernel, &inputs, &named(changes), options)?)
}

/// Objects with something to tell of: functions, data, and what others know their names by.
fn touched(changes: &Changes) -> BTreeSet<String> {
    let functions = changes.functions.iter().map(|function| &function.object);
    let data = changes.data.iter().map(|data| &data.object);
    let notes = changes.notes.iter().map(|note| &note.object);
    functions.chain(data).chain(notes).chain(&changes.rebound).cloned().collect()
}

fn named(changes: &Changes) -> Named {
    let by_object = |functions: &mut dyn Iterator<Item = &Function>| {
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
    Named { changed: by_object(&mut changes.functions.iter()), ignored: by_object(&mut ignored) }
}

/// What the original build says about the kernel, and about each module (all of them can be referred to
/// as soon as one module is touched).
fn linked_kernel(builds: &Builds<'_>, inputs: &[livepatch::Input<'_>]) -> Result<Kernel, Error> {
    let output = &builds.original.root;
    let (vmlinux, vermagic) = kernel::vmlinux(&output.join("vmlinux"))?;
    let modules = if inputs.iter().any(|input| input.linked != "vmlinux") {
        kbuild_glue::objects::modules(output)?
    } else {
        Vec::new()
    };
    let (modules, depends) = kernel::modules(output, modules)?;
    Ok(Kernel { symvers: kernel::symvers(output)?, vmlinux, modules, depends, vermagic })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_named_after_the_first_patch() {
        let name = |path: &str| name(&[Utf8PathBuf::from(path), "other.patch".into()]);
        assert_eq!(name("/tmp/fix.patch"), "livepatch-fix");
        assert_eq!(name("0001-net: drop.it.patch"), "livepatch-0001-net--drop-it");
        assert_eq!(name("fix.patch.gz"), "livepatch-fix");
        assert_eq!(name("-"), "livepatch-patch");
        assert_eq!(name(&"x".repeat(80)).len(), 55);
    }
}
