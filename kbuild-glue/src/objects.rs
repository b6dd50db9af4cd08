//! Which objects Kbuild linked, into what, and in which order.
//!
//! Kbuild records it: `vmlinux.a` (5.19+; before, `built-in.a`) is a thin archive whose member
//! table holds the paths of all objects of vmlinux in link order, `modules.order` lists the
//! modules and `foo.mod` the objects of module foo. Objects that are made for the final link
//! only (kallsyms, `.vmlinux.export.o`, `foo.mod.o`) are not code of the kernel and not listed.

use std::collections::{BTreeSet, HashSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use fs_err as fs;
use object::read::archive::ArchiveFile;
use thiserror::Error;

use crate::arch;
use crate::cmd_file::SavedCommand;
use crate::config::Config;

/// What an object was linked into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkedInto {
    /// The kernel image.
    Vmlinux,
    /// A module, named by its path without suffix, for example `fs/ext4/ext4`.
    Module(String),
}

/// One object and what it was linked into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkedObject {
    /// Relative to the output directory, for example `fs/proc/meminfo.o`.
    pub object: Utf8PathBuf,
    /// What it is part of.
    pub linked: LinkedInto,
}

/// Why the linked objects cannot be listed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ObjectsError {
    /// The kernel was not built here.
    #[error("no record of the objects of vmlinux in `{output}`")]
    NotBuilt {
        /// The output directory.
        output: Utf8PathBuf,
    },
    /// A module has no list of objects.
    #[error("no list of the objects of module `{module}` at `{path}`")]
    NoModFile {
        /// The module.
        module: String,
        /// Where the list should be.
        path: Utf8PathBuf,
    },
    /// An archive is damaged.
    #[error("cannot parse the archive `{path}`")]
    Archive {
        /// The archive.
        path: Utf8PathBuf,
        /// What is wrong.
        source: object::Error,
    },
    /// An archive holds its objects instead of naming them.
    #[error("`{path}` is not a thin archive, so it does not say where its objects are")]
    NotThin {
        /// The archive.
        path: Utf8PathBuf,
    },
    /// Archives that contain each other.
    #[error("archives are nested too deeply at `{path}`")]
    Nested {
        /// The archive.
        path: Utf8PathBuf,
    },
    /// Two files of one module.
    #[error("`{path}` and `{other}` are the same module")]
    Twice {
        /// One.
        path: Utf8PathBuf,
        /// The other.
        other: Utf8PathBuf,
    },
    /// A name in a record is not UTF-8 or leaves the output directory.
    #[error("`{path}` names an object that is not in the output directory: `{name}`")]
    Outside {
        /// The record.
        path: Utf8PathBuf,
        /// The name.
        name: String,
    },
    /// The file system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ObjectsError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotBuilt { .. } => Some("build the kernel first: `make vmlinux`".to_owned()),
            Self::NoModFile { .. } => Some("build the modules first: `make modules`".to_owned()),
            Self::Archive { .. } | Self::Nested { .. } => {
                Some("remove the archive and let make build it again".to_owned())
            }
            Self::NotThin { .. } => Some("kernels before 4.20 are not supported".to_owned()),
            Self::Twice { .. } => Some("remove the one that is not used any more".to_owned()),
            Self::Outside { .. } | Self::Io { .. } => None,
        }
    }
}

/// Lists the objects of vmlinux in link order, then those of each module in the order of
/// `modules.order`. Modules are left out when none were built.
pub fn linked_objects(output: &Utf8Path) -> Result<Vec<LinkedObject>, ObjectsError> {
    if !["vmlinux.a", "built-in.a"].iter().any(|name| output.join(name).exists())
        && output.join("modules.order").exists()
    {
        return linked_modules(output);
    }
    let mut members = Vec::new();
    for archive in vmlinux_archives(output)? {
        archive_members(output, &archive, 0, &mut members)?;
    }
    // A path is compared component by component; its text is the same thing here.
    let mut seen = HashSet::new();
    let mut objects: Vec<LinkedObject> = members
        .into_iter()
        .filter(|object| seen.insert(object.as_str().to_owned()))
        .map(|object| LinkedObject { object, linked: LinkedInto::Vmlinux })
        .collect();
    if has_modules(output) {
        objects.extend(linked_modules(output)?);
    }
    Ok(objects)
}

/// Whether the build in `output` makes modules: where it does not any more, `modules.order` stays as it was.
fn has_modules(output: &Utf8Path) -> bool {
    let configs = ["include/config/auto.conf", ".config"].map(|name| output.join(name));
    let config = configs.iter().find_map(|path| Config::read(path).ok());
    config.is_none_or(|config| config.is_enabled("CONFIG_MODULES"))
}

/// Lists the objects of each module in the order of `modules.order`, in the output directory of a
/// kernel or in the directory of out-of-tree modules.
pub fn linked_modules(output: &Utf8Path) -> Result<Vec<LinkedObject>, ObjectsError> {
    let mut objects = Vec::new();
    for module in modules(output)? {
        for object in module_objects(output, &module)? {
            objects.push(LinkedObject { object, linked: LinkedInto::Module(module.clone()) });
        }
    }
    Ok(objects)
}

/// The names of the modules that were built, for example `fs/ext4/ext4`.
pub fn modules(output: &Utf8Path) -> Result<Vec<String>, ObjectsError> {
    let path = output.join("modules.order");
    let Some(text) = read_optional(&path)? else { return Ok(Vec::new()) };
    let mut seen = BTreeSet::new();
    let mut modules = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = relative(output, line);
        // `.ko` up to 6.2, `.o` since; `kernel/` in front up to 5.2.
        let name = line.strip_suffix(".ko").or_else(|| line.strip_suffix(".o")).unwrap_or(line);
        let name = clean(&path, Utf8Path::new(""), name)?.into_string();
        let name = match name.strip_prefix("kernel/") {
            Some(rest) if !output.join(format!("{name}.mod")).exists() => rest.to_owned(),
            _ => name,
        };
        if seen.insert(name.clone()) {
            modules.push(name);
        }
    }
    Ok(modules)
}

fn module_objects(output: &Utf8Path, module: &str) -> Result<Vec<Utf8PathBuf>, ObjectsError> {
    let path = output.join(format!("{module}.mod"));
    let text = read_optional(&path)?
        .ok_or_else(|| ObjectsError::NoModFile { module: module.to_owned(), path: path.clone() })?;
    // One a line since 6.1, all on one line before; a second line held symbol names then.
    let mut seen = BTreeSet::new();
    let mut objects = Vec::new();
    for word in text.split_whitespace().filter(|word| Utf8Path::new(word).extension() == Some("o"))
    {
        let object = clean(&path, Utf8Path::new(""), relative(output, word))?;
        if seen.insert(object.clone()) {
            objects.push(object);
        }
    }
    if objects.is_empty() {
        return Err(ObjectsError::NoModFile { module: module.to_owned(), path });
    }
    Ok(objects)
}

/// The archives that vmlinux is linked from, relative to the output.
fn vmlinux_archives(output: &Utf8Path) -> Result<Vec<Utf8PathBuf>, ObjectsError> {
    let mut archives = Vec::new();
    for first in ["vmlinux.a", "built-in.a"] {
        if output.join(first).exists() {
            archives.push(Utf8PathBuf::from(first));
            break;
        }
    }
    if archives.is_empty() {
        return Err(ObjectsError::NotBuilt { output: output.to_owned() });
    }
    // Libraries that are linked beside it, where the architecture or config wants it so.
    let command = SavedCommand::of_target(output, Utf8Path::new("vmlinux.o"))
        .or_else(|_| SavedCommand::of_target(output, Utf8Path::new("vmlinux")));
    let named = command.map(|saved| saved.command).unwrap_or_default();
    let record = output.join(".vmlinux.o.cmd");
    for word in named.split_whitespace().filter(|word| Utf8Path::new(word).extension() == Some("a"))
    {
        let archive = clean(&record, Utf8Path::new(""), word)?;
        if output.join(&archive).exists() {
            archives.push(archive);
        }
    }
    // Without vmlinux.a the link script of those kernels finds the libraries by itself.
    if archives.first().is_some_and(|first| first == "built-in.a") {
        for library in arch::LIBRARIES {
            if output.join(library).exists() {
                archives.push(Utf8PathBuf::from(library));
            }
        }
    }
    let mut seen = BTreeSet::new();
    archives.retain(|archive| seen.insert(archive.clone()));
    Ok(archives)
}

/// Appends the members of a thin archive, those of archives in it included.
fn archive_members(
    output: &Utf8Path,
    archive: &Utf8Path,
    depth: usize,
    members: &mut Vec<Utf8PathBuf>,
) -> Result<(), ObjectsError> {
    let path = output.join(archive);
    // The deepest directory of the kernel is half of this.
    if depth > 32 {
        return Err(ObjectsError::Nested { path });
    }
    let bytes =
        fs::read(&path).map_err(|source| ObjectsError::Io { path: path.clone(), source })?;
    let damaged = |source| ObjectsError::Archive { path: path.clone(), source };
    let file = ArchiveFile::parse(&*bytes).map_err(damaged)?;
    let directory = archive.parent().unwrap_or(Utf8Path::new(""));
    for member in file.members() {
        let member = member.map_err(damaged)?;
        if !file.is_thin() {
            return Err(ObjectsError::NotThin { path });
        }
        let name = std::str::from_utf8(member.name()).map_err(|_| ObjectsError::Outside {
            path: path.clone(),
            name: String::from_utf8_lossy(member.name()).into_owned(),
        })?;
        let name = clean(&path, directory, name)?;
        if name.extension() == Some("a") {
            archive_members(output, &name, depth.saturating_add(1), members)?;
        } else {
            members.push(name);
        }
    }
    Ok(())
}

/// A path in `output`, which the records of out-of-tree modules up to 6.12 name as a whole.
fn relative<'a>(output: &Utf8Path, path: &'a str) -> &'a str {
    let inside = path.strip_prefix(output.as_str()).and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or(path)
}

/// Joins and removes `.` and `..`; a name that leaves the output directory is an error.
fn clean(record: &Utf8Path, base: &Utf8Path, name: &str) -> Result<Utf8PathBuf, ObjectsError> {
    let joined = base.join(name);
    if joined.as_str().split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Ok(joined);
    }
    let mut result = Utf8PathBuf::new();
    for component in joined.components() {
        let inside = match component {
            Utf8Component::CurDir => true,
            Utf8Component::Normal(part) => {
                result.push(part);
                true
            }
            Utf8Component::ParentDir => result.pop(),
            Utf8Component::RootDir | Utf8Component::Prefix(_) => false,
        };
        if !inside {
            return Err(ObjectsError::Outside { path: record.to_owned(), name: name.to_owned() });
        }
    }
    Ok(result)
}

fn read_optional(path: &Utf8Path) -> Result<Option<String>, ObjectsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ObjectsError::Io { path: path.to_owned(), source }),
    }
}
