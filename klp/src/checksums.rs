//! From paths to checksums.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, BufWriter, Read};
use std::sync::{Arc, OnceLock};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    ComparedFile, LinkedInto, LinkedObject, PatchedBuild, compared, installed_modules,
    is_installation, linked_objects,
};
use klp_core::checksum::DigestedObject;
use klp_core::diff::{Changes, DiffSide, compare_and_prove, compare_digested};
use klp_core::input::Input;
use klp_core::manifest::{ManifestObject, is_manifest};
use klp_core::record::Note;
use klp_core::{Allowlist, Manifest};
use rayon::prelude::*;

use crate::cache::Cache;
use crate::error::Error;
use crate::finished::expect_regular;
use crate::object_file::ObjectFile;
use crate::operand::PathOperand;
use crate::origins::LinkOrder;
use crate::output;

/// Digests and, where there are any, the objects that they were made from.
#[derive(Debug, Default)]
pub struct Checksums<'i> {
    /// The checksums.
    pub manifest: Manifest,
    /// Objects that were not read because a rule skips them.
    pub skipped: Vec<String>,
    files: Vec<Utf8PathBuf>,
    /// What the digests of a single object were made from.
    digested: Option<DigestedObject<'i>>,
    /// Whether the objects are all modules of a directory where they are installed.
    is_installation: bool,
}

/// Objects whose digests are known, by name and by what they are linked into.
type KnownObjects<'a> = BTreeMap<(&'a str, Option<&'a str>), &'a Arc<ManifestObject>>;

fn keyed(object: &Arc<ManifestObject>) -> ((&str, Option<&str>), &Arc<ManifestObject>) {
    ((object.object.as_str(), object.linked.as_deref()), object)
}

impl<'i> Checksums<'i> {
    /// Digests of an object, which is kept in `input`, of a checksum file or of a build directory.
    pub fn open(
        operand: &PathOperand,
        allowlist: &Allowlist,
        cache: &Cache,
        input: &'i OnceLock<Input>,
    ) -> Result<Self, Error> {
        let path = &operand.path;
        if path.is_dir() && is_installation(path)? {
            let checksums = Self::of(installed(path)?, allowlist, &KnownObjects::new(), cache)?;
            return Ok(Self { is_installation: true, ..checksums });
        }
        if path.is_dir() {
            let sources = sources(path, &linked_objects(path)?, |file| path.join(file));
            return Self::of(sources, allowlist, &KnownObjects::new(), cache);
        }
        if starts_like_manifest(path)? {
            let manifest = read_manifest(path)?;
            return Ok(Self { manifest, ..Self::default() });
        }
        let operands = std::slice::from_ref(operand);
        let mut sources = given(operands);
        let Some(source) =
            sources.pop().filter(|source| allowlist.skipping(&source.name).is_none())
        else {
            return Self::of_files(operands, allowlist, cache);
        };
        let opened = source.open()?;
        let input = input.get_or_init(|| opened);
        let (object, digested) = source.digested(cache, input, |input, name, linked| {
            ManifestObject::digest(input, name, linked)
        })?;
        Ok(Self {
            manifest: Manifest::from_iter([object]),
            files: vec![path.clone()],
            digested: Some(digested),
            ..Self::default()
        })
    }

    /// Digests of objects.
    pub fn of_files(
        operands: &[PathOperand],
        allowlist: &Allowlist,
        cache: &Cache,
    ) -> Result<Self, Error> {
        Self::of(given(operands), allowlist, &KnownObjects::new(), cache)
    }

    /// Digests of the objects that Kbuild linked in the build directory `root`; those that are in
    /// `known` are taken from there, and large ones from `cache`.
    pub fn of_linked(
        root: &Utf8Path,
        objects: &[LinkedObject],
        allowlist: &Allowlist,
        known: &Manifest,
        cache: &Cache,
    ) -> Result<Self, Error> {
        let sources = sources(root, objects, |file| root.join(file));
        let known = known.objects.iter().map(keyed).collect();
        Self::of(sources, allowlist, &known, cache)
    }

    /// Digests of a patched build of this one: new ones of what was made, the same of the rest.
    pub(crate) fn with(
        &self,
        patched: &PatchedBuild,
        allowlist: &Allowlist,
        cache: &Cache,
    ) -> Result<Self, Error> {
        let sources = sources(&patched.original_root, &patched.objects, |file| patched.path(file));
        let is_made =
            |object: &&Arc<ManifestObject>| patched.made.contains(Utf8Path::new(&object.object));
        let rest = self.manifest.objects.iter().filter(|object| !is_made(object));
        Self::of(sources, allowlist, &rest.map(keyed).collect(), cache)
    }

    fn of(
        sources: Vec<ObjectFile>,
        allowlist: &Allowlist,
        known: &KnownObjects<'_>,
        cache: &Cache,
    ) -> Result<Self, Error> {
        let (skipped, read): (Vec<_>, Vec<_>) =
            sources.into_iter().partition(|source| allowlist.skipping(&source.name).is_some());
        let digested: Result<Vec<Arc<ManifestObject>>, Error> = read
            .par_iter()
            .map(|source| match known.get(&(source.name.as_str(), source.linked.as_deref())) {
                Some(known) => Ok(Arc::clone(known)),
                None => source.object(cache).map(Arc::new),
            })
            .collect();
        Ok(Self {
            manifest: Manifest { objects: digested? },
            skipped: skipped.into_iter().map(|source| source.name).collect(),
            files: read.into_iter().map(|source| source.file).collect(),
            ..Self::default()
        })
    }

    /// The file that the digests of the object of that index were made from; none where a checksum file was read.
    pub(crate) fn file(&self, index: usize) -> Option<&Utf8Path> {
        self.files.get(index).map(Utf8PathBuf::as_path)
    }

    /// The object of that index, if its file is still there.
    fn input(&self, index: usize) -> Option<Input> {
        Input::open_unpacked(self.files.get(index)?.as_std_path()).ok()
    }

    /// What changed in `patched`. As far as the objects of both builds are there, what the digests call equal is
    /// proven, and causes are exact.
    #[must_use]
    pub fn compare(&self, patched: &Checksums<'_>) -> Changes {
        let open = |side, index| match side {
            DiffSide::Original => self.input(index),
            DiffSide::Patched => patched.input(index),
        };
        let mut changes =
            if let Some((old, new)) = self.digested.as_ref().zip(patched.digested.as_ref()) {
                compare_digested((&self.manifest, old), (&patched.manifest, new))
            } else {
                let mut changes = compare_and_prove(&self.manifest, &patched.manifest, open);
                changes.locate(open);
                changes
            };
        changes.tell_what_is_not_proven();
        if self.is_installation && patched.is_installation {
            changes.note_livepatch(self.only_here("original", patched));
            changes.note_livepatch(patched.only_here("patched", self));
        }
        changes
    }

    /// Notes about the modules that `other` does not have; this is the side called so.
    fn only_here(&self, side: &str, other: &Checksums<'_>) -> Vec<Note> {
        const CODE: &str = "only-there";
        let names = |checksums: &Checksums<'_>| {
            let objects = checksums.manifest.objects.iter().map(|object| object.object.clone());
            objects.chain(checksums.skipped.iter().cloned()).collect::<BTreeSet<String>>()
        };
        let others = names(other);
        let only = names(self).into_iter().filter(|name| !others.contains(name));
        let why = format!("only the {side} release has this module");
        only.map(|name| Note::new(CODE, &name, &name, &*why)).collect()
    }

    /// Writes a checksum file whole or not at all.
    pub fn save(&self, path: &Utf8Path) -> Result<(), Error> {
        output::replace(path, |file| self.manifest.write(BufWriter::new(file)))
    }

    /// Whether this is more than some objects: a build, or the whole kernel in one object.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let mut objects = self.manifest.objects.iter();
        objects.any(|object| object.linked.is_some() || object.object.ends_with("vmlinux.o"))
    }
}

/// The modules that are installed in `directory`.
fn installed(directory: &Utf8Path) -> Result<Vec<ObjectFile>, Error> {
    let modules = installed_modules(directory)?.into_iter();
    let sources = modules.map(|(name, file)| ObjectFile {
        name: format!("{name}.ko"),
        file,
        linked: Some(name.into_string()),
        members: None,
    });
    Ok(sources.collect())
}

/// Files that a person named.
fn given(operands: &[PathOperand]) -> Vec<ObjectFile> {
    let source = |(name, operand): (String, &PathOperand)| {
        let found = operand.build.as_ref();
        let found = found.and_then(|build| LinkOrder::of(&build.root, &build.file));
        let (members, linked) = found.unzip();
        let linked = linked.filter(|linked| *linked == LinkedInto::Vmlinux);
        let linked = linked.map(|linked| target(&linked).to_owned());
        ObjectFile { name, file: operand.path.clone(), linked, members }
    };
    names(operands).into_iter().zip(operands).map(source).collect()
}

/// The names of objects: their paths in the build where Kbuild's records beside them say so, and these
/// are different; else the paths that were given.
fn names(operands: &[PathOperand]) -> Vec<String> {
    let known = operands.iter().map(|operand| Some(operand.build.as_ref()?.file.to_string()));
    known
        .collect::<Option<Vec<String>>>()
        .filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
        .unwrap_or_else(|| operands.iter().map(|operand| operand.path.to_string()).collect())
}

/// The files to compare of the build in `root`, each where `path` says.
fn sources(
    root: &Utf8Path,
    objects: &[LinkedObject],
    path: impl Fn(&Utf8Path) -> Utf8PathBuf,
) -> Vec<ObjectFile> {
    let source = |ComparedFile { file, linked, members }: ComparedFile| ObjectFile {
        members: (!members.is_empty()).then(|| LinkOrder::new(root, members, &path)),
        name: file.to_string(),
        file: path(&file),
        linked: Some(target(&linked).to_owned()),
    };
    compared(root, objects).into_iter().map(source).collect()
}

/// What the records call the thing that an object is linked into.
pub(crate) fn target(linked: &LinkedInto) -> &str {
    match linked {
        LinkedInto::Vmlinux => "vmlinux",
        LinkedInto::Module(name) => name,
    }
}

fn starts_like_manifest(path: &Utf8Path) -> Result<bool, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut start = Vec::new();
    expect_regular(path)?;
    let file = fs_err::File::open(path).map_err(failed)?;
    file.take(64).read_to_end(&mut start).map_err(failed)?;
    Ok(is_manifest(&start))
}

fn read_manifest(path: &Utf8Path) -> Result<Manifest, Error> {
    let file =
        fs_err::File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Manifest::read(BufReader::new(file))
        .map_err(|source| Error::Manifest { path: path.to_owned(), source })
}
