//! Which of the kernel's own modules a guest needs.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::objects;
use kbuild_glue::stock::module_file;
use klp_core::module::{ModInfo, RawElf};
use klp_core::packed::unpacked;

use crate::error::VmError;

/// The modules of a build, by the kernel's name of each.
#[derive(Debug, Default)]
pub(crate) struct ModuleFiles {
    files: BTreeMap<String, Utf8PathBuf>,
}

impl ModuleFiles {
    /// Those that were built in `output`.
    pub(crate) fn of(output: &Utf8Path) -> Result<Self, VmError> {
        let built = objects::modules(output)?.into_iter().map(|module| {
            let path = output.join(format!("{module}.ko"));
            (kernel_name(&path), path)
        });
        Ok(Self { files: built.collect() })
    }

    /// Those that are installed in `directory`, which can be packed.
    pub(crate) fn installed(directory: &Utf8Path) -> Result<Self, VmError> {
        let listed = objects::modules(directory)?.into_iter();
        let files = listed.filter_map(|module| module_file(directory, &module));
        let named = files.map(|path| {
            let name = path.file_name().unwrap_or_default().split('.').next().unwrap_or_default();
            (name.replace('-', "_"), path)
        });
        Ok(Self { files: named.collect() })
    }

    /// Takes those of `other` as well, and in place of what has their names.
    pub(crate) fn add(&mut self, other: Self) {
        self.files.extend(other.files);
    }

    /// Whether there is one of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The modules of these names and all that they need, by name.
    ///
    /// Of what they only want, by name or alias, those are taken that are there: the rest is built in
    /// or was not configured.
    pub(crate) fn with_dependencies(
        &self,
        names: &[String],
    ) -> Result<BTreeMap<String, Vec<u8>>, VmError> {
        let mut found = BTreeMap::new();
        let mut open: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
        while let Some(name) = open.pop() {
            if found.contains_key(&name) {
                continue;
            }
            let path =
                self.files.get(&name).ok_or_else(|| VmError::NoModule { name: name.clone() })?;
            let (bytes, info) = read(path)?;
            open.extend(info.depends());
            for wanted in info.wants() {
                let wanted = wanted.replace('-', "_");
                if self.has(&wanted) {
                    open.push(wanted);
                } else {
                    open.extend(self.with_alias(&wanted)?);
                }
            }
            found.insert(name, bytes);
        }
        Ok(found)
    }

    /// The modules that call themselves `alias`.
    fn with_alias(&self, alias: &str) -> Result<Vec<String>, VmError> {
        let mut names = Vec::new();
        for (name, path) in &self.files {
            let (_, info) = read(path)?;
            if info.all("alias").any(|other| other.replace('-', "_") == alias) {
                names.push(name.clone());
            }
        }
        Ok(names)
    }
}

/// The bytes of a module and what it says about itself.
pub(crate) fn read(path: &Utf8Path) -> Result<(Vec<u8>, ModInfo), VmError> {
    let failed = |source| VmError::Read { path: path.to_owned(), source };
    let packed = fs_err::read(path).map_err(failed)?;
    let bytes = unpacked(&packed).map_err(failed)?.into_owned();
    let info = ModInfo::read(&bytes)
        .map_err(|source| VmError::Module { path: path.to_owned(), source })?;
    Ok((bytes, info))
}

/// The modules that a livepatch names in its relocation sections, `.klp.rela.OBJECT.SECTION`.
pub(crate) fn touched(livepatch: &[u8]) -> BTreeSet<String> {
    let Ok(elf) = RawElf::parse(livepatch) else { return BTreeSet::new() };
    let objects = elf.sections.iter().filter_map(|section| {
        let name = std::str::from_utf8(section.name).ok()?;
        let (object, _) = name.strip_prefix(".klp.rela.")?.split_once('.')?;
        Some(object.to_owned())
    });
    objects.collect()
}

/// The kernel's name of the module in a file: that of the file, with `_` for `-`.
fn kernel_name(path: &Utf8Path) -> String {
    path.file_stem().unwrap_or_default().replace('-', "_")
}
