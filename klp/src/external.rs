//! A livepatch of a module outside of the kernel's sources. The kernel is only read: its linked image, or the one that is
//! installed, what it exports, and the modules that this one needs, are put beside the module's objects, so that the
//! directory is as make leaves one. The module itself is the one that is in use, and is proven to be made of these objects.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::stock::module_file;
use kbuild_glue::{
    LinkedInto, LinkedObject, ModuleBuild, ModuleWorkspace, PatchedBuild, SUFFIXES, StockParts,
    Tree, directory_in, installed_modules, is_lto,
};
use klp_core::kernel::module_name;
use klp_core::module::ModInfo;
use klp_core::record::Note;

use crate::error::Error;
use crate::event::{Events, of_build};
use crate::finished::{self, read};
use crate::livepatch::unfit;
use crate::patched::{Builds, BuiltOriginal};
use crate::proofs::{Proofs, RULE};
use crate::session::Session;
use crate::shipped::{linked, write};

const VMLINUX: &str = "vmlinux";
const SYMVERS: &str = "Module.symvers";
const CONFIG: &str = ".config";
const ORDER: &str = "modules.order";
/// What `uname -r` says, and modules carry: Debian's headers have another version in `include/config/kernel.release`.
const RELEASE: &str = "include/generated/utsrelease.h";
const INSTALLED: &str = "/lib/modules";

/// A kernel that modules are built for.
pub(crate) struct ModuleKernel {
    release: String,
    place: KernelPlace,
}

/// Where it is.
enum KernelPlace {
    /// Built in the output directory.
    Built(Utf8PathBuf),
    /// Installed: the image, and the directory of the modules.
    Installed(Utf8PathBuf, Utf8PathBuf),
}

impl ModuleKernel {
    /// Those of the kernel in `tree`, or why no livepatch can be made for a module of it.
    pub(crate) fn usable(tree: &Tree) -> Result<Result<Self, String>, Error> {
        if let Some(why) = unfit(&tree.output)? {
            return Ok(Err(format!("the kernel has {why}")));
        }
        if is_lto(&tree.output) {
            return Ok(Err("the kernel is built with LTO".to_owned()));
        }
        Ok(Self::find(tree))
    }

    /// The kernel in `tree`, or what is missing.
    pub(crate) fn find(tree: &Tree) -> Result<Self, String> {
        let release = release_of(tree)?;
        let place = if tree.output.join(VMLINUX).is_file() {
            KernelPlace::Built(tree.output.clone())
        } else {
            let found = StockParts::installed(&release, Utf8Path::new("/"));
            let (image, modules) =
                found.map_err(|error| format!("it needs the linked kernel: {error}"))?;
            KernelPlace::Installed(image, modules)
        };
        Ok(Self { release, place })
    }

    pub(crate) fn release(&self) -> &str {
        &self.release
    }

    /// Image and modules, if they are installed.
    pub(crate) fn installed(self) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
        match self.place {
            KernelPlace::Built(_) => None,
            KernelPlace::Installed(image, modules) => Some((image, modules)),
        }
    }

    /// The file of the kernel's module of that path without suffix.
    fn module(&self, name: &str) -> Option<Utf8PathBuf> {
        let file = match &self.place {
            KernelPlace::Built(output) => Some(output.join(format!("{name}.ko"))),
            KernelPlace::Installed(_, modules) => module_file(modules, name),
        };
        file.filter(|file| file.is_file())
    }
}

/// Builds the modules in `directory` as they are. Where those in use name their sources by another directory, as those do
/// that DKMS built, they are built once more: `__FILE__` is part of what they say.
pub(crate) fn original(
    workspace: &mut ModuleWorkspace,
    directory: &Utf8Path,
    session: &Session,
    events: &mut Events<'_>,
) -> Result<ModuleBuild, Error> {
    let settings = session.settings();
    let build = workspace.build_original(&settings, &mut of_build(events))?;
    let named = named(workspace, directory, &build)?;
    if !workspace.name_sources(named.as_deref())? {
        return Ok(build);
    }
    Ok(workspace.build_original(&settings, &mut of_build(events))?)
}

/// The directory that the modules in use were built in, if they tell.
fn named(
    workspace: &ModuleWorkspace,
    directory: &Utf8Path,
    build: &ModuleBuild,
) -> Result<Option<Utf8PathBuf>, Error> {
    // Without it there is no module in use that could be found.
    let Ok(release) = release_of(workspace.kernel()) else { return Ok(None) };
    let sources = workspace.sources_of(build);
    let mut found = BTreeSet::new();
    for name in build.objects.iter().filter_map(name).collect::<BTreeSet<_>>() {
        if let Some(file) = in_use(name, directory, &release)?.first() {
            found.extend(directory_in(&read(file)?, &sources));
        }
    }
    let named = found.pop_first();
    Ok(named.filter(|_| found.is_empty()))
}

/// Puts beside the modules' objects, which were built from the sources in `directory`, what belongs to a kernel, and proves
/// that those of `changed` modules are those of the modules that are in use. Where no file of one is found, a note tells it.
pub(crate) fn finish(
    workspace: &ModuleWorkspace,
    parts: &ModuleKernel,
    (directory, build): (&Utf8Path, &ModuleBuild),
    changed: &BTreeSet<&str>,
    session: &Session,
) -> Result<(Proofs, Vec<Note>), Error> {
    let (tree, root) = (workspace.kernel(), &build.root);
    write(&root.join(CONFIG), &read(&tree.config_path())?)?;
    match &parts.place {
        KernelPlace::Built(output) => link(&output.join(VMLINUX), &root.join(VMLINUX))?,
        KernelPlace::Installed(image, _) => {
            write(&root.join(VMLINUX), &linked(image, |_| Ok(BTreeSet::new()))?)?;
        }
    }
    let own: BTreeSet<&str> = build.objects.iter().filter_map(name).collect();
    let (mut files, mut missing, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for name in &own {
        let found = in_use(name, directory, &parts.release)?;
        let Some((file, others)) = found.split_first() else {
            missing.push(*name);
            continue;
        };
        let bytes = read(file)?;
        for other in others {
            if changed.contains(name) && *read(other)? != *bytes {
                let why = format!(
                    "{other} is another file than {file}, which is taken for the one that is loaded"
                );
                notes.push(Note::new(RULE, "", name, why));
            }
        }
        write(&root.join(format!("{name}.ko")), &bytes)?;
        files.extend(changed.contains(name).then(|| file.to_string()));
    }
    let extra = extra(workspace, parts)?;
    let symvers = exports(tree, root, &own)? + &extra.exports;
    write(&root.join(SYMVERS), symvers.as_bytes())?;
    needed(parts, root, &own, &extra.files)?;
    let is_proven = |linked: &&LinkedObject| {
        name(linked).is_some_and(|it| changed.contains(it) && !missing.contains(&it))
    };
    let proven: Vec<LinkedObject> = build.objects.iter().filter(is_proven).cloned().collect();
    let proofs = session.on_threads(|| Proofs::of_modules(files.join(", "), &proven, root))??;
    notes.extend(missing.iter().filter(|name| changed.contains(**name)).map(|name| {
        let why = format!(
            "no file of this module is in {directory} or {INSTALLED}/{}: whether the one that is loaded was made of \
             these sources is not known",
            parts.release
        );
        Note::new(RULE, "", name, why)
    }));
    Ok((proofs, notes))
}

/// The release of the kernel in `tree`, or why it is not known.
fn release_of(tree: &Tree) -> Result<String, String> {
    let path = tree.output.join(RELEASE);
    let header = fs_err::read_to_string(&path).map_err(|error| error.to_string())?;
    let found = release(&header).map(str::to_owned);
    found.ok_or_else(|| format!("{path} does not say the kernel's release"))
}

/// The release in the text of `utsrelease.h`: `#define UTS_RELEASE "6.1.0-57-amd64"`.
fn release(header: &str) -> Option<&str> {
    header.split_once("UTS_RELEASE \"")?.1.split('"').next()
}

/// Both builds of the module.
pub(crate) fn builds<'o>(
    workspace: &'o ModuleWorkspace,
    original: &'o ModuleBuild,
    patched: &ModuleBuild,
    session: &'o Session,
) -> Builds<'o> {
    let objects = patched.objects.clone();
    let patched = PatchedBuild {
        with_sections: BTreeMap::new(),
        made: objects.iter().map(|linked| linked.object.clone()).collect(),
        objects,
        root: patched.root.clone(),
        original_root: original.root.clone(),
        vmlinux_o: None,
        changes: patched.changes.clone(),
        written: patched.changes.clone(),
        starting: Vec::new(),
        not_compiled: BTreeSet::new(),
    };
    let original = BuiltOriginal {
        root: original.root.clone(),
        objects: (&original.objects).into(),
        with_sections: BTreeMap::new(),
    };
    Builds { workshop: workspace.workshop(), original, patched, session }
}

/// The files that can be the module in use, however packed: what was built beside its sources, then what is installed.
fn in_use(name: &str, directory: &Utf8Path, release: &str) -> Result<Vec<Utf8PathBuf>, Error> {
    let built = SUFFIXES.iter().map(|suffix| directory.join(format!("{name}{suffix}")));
    let mut found: Vec<Utf8PathBuf> = built.filter(|file| file.is_file()).collect();
    let installed = Utf8Path::new(INSTALLED).join(release);
    if !installed.is_dir() {
        return Ok(found);
    }
    let modules = installed_modules(&installed)?;
    let of_name = |path: &Utf8PathBuf| module_name(path.as_str()) == module_name(name);
    found.extend(modules.into_iter().filter(|(path, _)| of_name(path)).map(|(_, file)| file));
    Ok(found)
}

/// Puts the modules that those called `own` need into `root`, and the list of all. Those outside of the tree have `files`.
fn needed(
    parts: &ModuleKernel,
    root: &Utf8Path,
    own: &BTreeSet<&str>,
    files: &BTreeMap<String, Utf8PathBuf>,
) -> Result<(), Error> {
    let exports = finished::symvers(root)?;
    let paths: BTreeMap<String, &str> =
        exports.modules().map(|path| (module_name(path), path)).collect();
    let mut order: BTreeSet<&str> = own.clone();
    let mut open: Vec<&str> = own.iter().copied().collect();
    while let Some(module) = open.pop() {
        let file = root.join(format!("{module}.ko"));
        if !own.contains(module) {
            let outside = files.get(module).cloned();
            let Some(shipped) = outside.or_else(|| parts.module(module)) else { continue };
            link(&shipped, &file)?;
        }
        let bytes = read(&file)?;
        let info = ModInfo::read(&bytes).map_err(|source| Error::Object { path: file, source })?;
        for path in info.depends().filter_map(|name| paths.get(&name)) {
            if order.insert(path) {
                open.push(path);
            }
        }
    }
    let order: String = order.iter().flat_map(|name| [name, ".o\n"]).collect();
    write(&root.join(ORDER), order.as_bytes())
}

/// Modules in other directories that this one is built with.
#[derive(Default)]
struct ExtraModules {
    /// What they export.
    exports: String,
    /// The file of each, where there is one.
    files: BTreeMap<String, Utf8PathBuf>,
}

fn extra(workspace: &ModuleWorkspace, parts: &ModuleKernel) -> Result<ExtraModules, Error> {
    let mut extra = ExtraModules::default();
    for path in workspace.extra_symvers()? {
        let directory = path.parent().unwrap_or(&path);
        for line in String::from_utf8_lossy(&read(&path)?).lines() {
            let mut fields: Vec<&str> = line.split('\t').collect();
            let Some(module) = fields.get_mut(2) else { continue };
            // Its whole path, or the one in the directory of the list.
            let file = directory.join(*module);
            let Some(name) = file.file_name() else { continue };
            if !extra.files.contains_key(name) {
                let beside = file.parent().unwrap_or(directory);
                let found = in_use(name, beside, &parts.release)?.into_iter().next();
                extra.files.extend(found.map(|found| (name.to_owned(), found)));
            }
            *module = name;
            extra.exports.push_str(&fields.join("\t"));
            extra.exports.push('\n');
        }
    }
    Ok(extra)
}

/// What the kernel exports, and the modules called `own`.
fn exports(tree: &Tree, root: &Utf8Path, own: &BTreeSet<&str>) -> Result<String, Error> {
    let text = |path: &Utf8Path| -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&read(path)?).into_owned())
    };
    let path = root.join(SYMVERS);
    let exported = if path.exists() { text(&path)? } else { String::new() };
    let mut all = text(&tree.output.join(SYMVERS))?;
    for line in exported.lines() {
        // Kbuild names a module outside of its tree by its whole path before Linux 6.13.
        let mut fields: Vec<&str> = line.split('\t').collect();
        if let Some(module) = fields.get_mut(2)
            && let Some(name) = own.iter().find(|name| is_path_of(module, name))
        {
            *module = name;
        }
        all.push_str(&fields.join("\t"));
        all.push('\n');
    }
    Ok(all)
}

fn is_path_of(path: &str, name: &str) -> bool {
    path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

fn name(object: &LinkedObject) -> Option<&str> {
    match &object.linked {
        LinkedInto::Module(name) => Some(name),
        LinkedInto::Vmlinux => None,
    }
}

fn link(from: &Utf8Path, to: &Utf8Path) -> Result<(), Error> {
    let failed = |source| Error::Write { path: to.to_owned(), source };
    if let Some(parent) = to.parent() {
        fs_err::create_dir_all(parent).map_err(failed)?;
    }
    fs_err::os::unix::fs::symlink(from, to).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_what_modules_carry() {
        let header = "#define UTS_RELEASE \"6.1.0-57-amd64\"\n#define UTS_VERSION \"1\"\n";
        assert_eq!(release(header), Some("6.1.0-57-amd64"));
        assert_eq!(release("#define UTS_VERSION \"1\"\n"), None);
    }

    #[test]
    fn a_module_that_was_packed_where_it_was_built() {
        let guard = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(guard.path()).unwrap();
        let found = || in_use("greet", directory, "no-such-release").unwrap();
        fs_err::write(directory.join("greet.ko.zst"), "").unwrap();
        assert_eq!(found(), [directory.join("greet.ko.zst")]);
        fs_err::write(directory.join("greet.ko"), "").unwrap();
        assert_eq!(found(), [directory.join("greet.ko"), directory.join("greet.ko.zst")]);
    }

    #[test]
    fn a_module_is_known_by_the_end_of_its_path() {
        assert!(is_path_of("greet", "greet"));
        assert!(is_path_of("/home/me/module/sub/greet", "sub/greet"));
        assert!(!is_path_of("/home/me/regreet", "greet"));
        assert!(!is_path_of("vmlinux", "greet"));
    }
}
