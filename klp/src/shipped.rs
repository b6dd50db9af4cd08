//! A kernel that somebody else built: its image and modules, unpacked into an output directory as make would have
//! left it, and the proof that objects compiled here are what they were linked from.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{LinkedInto, LinkedObject, StockParts};
use klp_core::image::proof::{self, ShippedImage};
use klp_core::image::{self, ImageError, ImageSymbol};
use klp_core::kernel::LinkedKernel;
use klp_core::module::{ModInfo, RawElf};
use klp_core::record::ProofRecord;
use rayon::prelude::*;

use crate::checksums::target;
use crate::error::Error;
use crate::finished::{self, FinishedModules, read};
use crate::output;
use crate::suspects::suspects;

/// The linked kernel in the output directory.
const VMLINUX: &str = "vmlinux";
/// The modules that are in the output directory.
const ORDER: &str = "modules.order";

/// Proves `objects`, which were compiled in `output`, against the kernel and modules of `parts`, which are unpacked there.
pub(crate) fn proofs(
    parts: &StockParts,
    objects: &[LinkedObject],
    output: &Utf8Path,
) -> Result<Vec<(ProofRecord, proof::ShippedProof)>, Error> {
    unpack(parts, objects, output)?;
    let mut proofs = prove(objects, output)?;
    if proofs.iter().any(|(record, _)| record.first.is_some()) {
        let suspects = suspects(parts, &output.join(VMLINUX));
        for (record, _) in proofs.iter_mut().filter(|(record, _)| record.first.is_some()) {
            record.suspects.clone_from(&suspects);
        }
    }
    Ok(proofs)
}

/// Unpacks into `output` the kernel and the modules that `objects` were linked into, with the modules that these
/// need.
fn unpack(parts: &StockParts, objects: &[LinkedObject], output: &Utf8Path) -> Result<(), Error> {
    let kernel = linked(&parts.image, |symbols| locals(objects, output, symbols))?;
    write(&output.join(VMLINUX), &kernel)?;
    let mut open: Vec<String> = owners(objects).into_iter().collect();
    let mut found = BTreeSet::new();
    let known = known(parts)?;
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        let path = module(parts, &name)?;
        let bytes = read(&path)?;
        let info =
            ModInfo::read(&bytes).map_err(|source| Error::Object { path: path.clone(), source })?;
        open.extend(info.depends().filter_map(|name| known.get(&name).cloned()));
        write(&output.join(format!("{name}.ko")), &bytes)?;
    }
    let order: String = found.iter().flat_map(|name| [name, ".o\n"]).collect();
    write(&output.join(ORDER), order.as_bytes())
}

/// The linked kernel in an image, with its own symbols. Of those of which it does not tell whether they are local,
/// `locals` says which are.
pub(crate) fn linked(
    image: &Utf8Path,
    locals: impl FnOnce(&[ImageSymbol]) -> Result<BTreeSet<Vec<u8>>, Error>,
) -> Result<Vec<u8>, Error> {
    let packed = read(image)?;
    let cannot_use = |source: ImageError| Error::Image { path: image.to_owned(), source };
    let kernel = image::kernel(&packed).map_err(cannot_use)?;
    let parsed = RawElf::parse(&kernel).map_err(ImageError::from).map_err(cannot_use)?;
    let symbols = image::symbols(&parsed).map_err(cannot_use)?;
    let locals = locals(&symbols)?;
    image::with_symbols(&kernel, &symbols, &locals).map_err(cannot_use)
}

/// The kernel of `parts` as it was shipped, with those of its modules that the loader calls by `names`: whatever was built
/// for it since has no part in it.
pub(crate) fn kernel(
    parts: &StockParts,
    vmlinux: Option<&Utf8Path>,
    names: &BTreeSet<String>,
) -> Result<LinkedKernel, Error> {
    let (vmlinux, vermagic) = match vmlinux {
        Some(path) => finished::vmlinux(path)?,
        // What loads a module finds global symbols and local ones alike.
        None => finished::linked(&linked(&parts.image, |_| Ok(BTreeSet::new()))?, &parts.image)?,
    };
    let (modules, depends) = modules_named(parts, names)?;
    let symvers = finished::symvers(&parts.headers)?;
    Ok(LinkedKernel { vmlinux, vermagic, symvers, modules, depends })
}

/// The shipped modules that the loader calls by `names`.
fn modules_named(parts: &StockParts, names: &BTreeSet<String>) -> Result<FinishedModules, Error> {
    let wanted = known(parts)?.into_iter().filter(|(name, _)| names.contains(name));
    let files = wanted.map(|(_, path)| {
        let file = module(parts, &path)?;
        Ok((path, file))
    });
    finished::modules_in(files.collect::<Result<Vec<_>, Error>>()?)
}

/// The paths of the shipped modules, by the kernel's names of them.
fn known(parts: &StockParts) -> Result<BTreeMap<String, String>, Error> {
    let failed = |source| Error::Read { path: parts.modules.clone(), source };
    parts.module_paths().map_err(failed)
}

/// The file of a shipped module.
fn module(parts: &StockParts, name: &str) -> Result<Utf8PathBuf, Error> {
    let missing =
        || Error::NoShippedModule { name: name.to_owned(), directory: parts.modules.clone() };
    parts.module(name).ok_or_else(missing)
}

/// Proves `objects`, which were compiled in `output`.
pub(crate) fn prove(
    objects: &[LinkedObject],
    output: &Utf8Path,
) -> Result<Vec<(ProofRecord, proof::ShippedProof)>, Error> {
    let mut files = BTreeMap::new();
    for LinkedObject { linked, .. } in objects {
        let path = file(linked, output);
        files.insert(linked.clone(), (read(&path)?, path));
    }
    let mut parsed = BTreeMap::new();
    for (linked, (bytes, path)) in &files {
        let elf =
            RawElf::parse(bytes).map_err(|source| Error::Object { path: path.clone(), source })?;
        parsed.insert(linked, elf);
    }
    let shipped: BTreeMap<&LinkedInto, ShippedImage<'_>> =
        parsed.iter().map(|(linked, elf)| (*linked, ShippedImage::of(elf))).collect();
    let prove = |LinkedObject { object, linked }: &LinkedObject| {
        let path = output.join(object);
        let bytes = read(&path)?;
        let Some(shipped) = shipped.get(linked) else { return Ok(None) };
        let proof = proof::prove(&bytes, shipped)
            .map_err(|source| Error::Object { path: path.clone(), source })?;
        let names = |list: &[proof::Different]| list.iter().map(|it| it.name.clone()).collect();
        let record = ProofRecord {
            object: object.to_string(),
            linked: target(linked).to_owned(),
            functions: proof.functions,
            equal: proof.functions.saturating_sub(proof.different.len()),
            different: names(&proof.different),
            data: proof.data,
            different_data: names(&proof.different_data),
            first: first(&proof),
            suspects: Vec::new(),
        };
        Ok(Some((record, proof)))
    };
    objects.par_iter().filter_map(|object| prove(object).transpose()).collect()
}

fn file(linked: &LinkedInto, output: &Utf8Path) -> Utf8PathBuf {
    match linked {
        LinkedInto::Vmlinux => output.join(VMLINUX),
        LinkedInto::Module(name) => output.join(format!("{name}.ko")),
    }
}

fn owners(objects: &[LinkedObject]) -> BTreeSet<String> {
    let names = objects.iter().filter_map(|object| match &object.linked {
        LinkedInto::Module(name) => Some(name.clone()),
        LinkedInto::Vmlinux => None,
    });
    names.collect()
}

/// What of an object differs first.
fn first(proof: &proof::ShippedProof) -> Option<String> {
    let first = proof.different.first().or(proof.different_data.first())?;
    Some(format!("{}: {}", first.name, first.text()))
}

/// The names among `symbols` of which the kernel does not tell whether they are local, and that are in the objects
/// that define them.
fn locals(
    objects: &[LinkedObject],
    output: &Utf8Path,
    symbols: &[ImageSymbol],
) -> Result<BTreeSet<Vec<u8>>, Error> {
    let doubtful = symbols.iter().filter(|symbol| symbol.kind == b'A');
    let doubtful: BTreeSet<&[u8]> = doubtful.map(|symbol| symbol.name.as_slice()).collect();
    let mut locals = BTreeSet::new();
    for LinkedObject { object, .. } in objects {
        let path = output.join(object);
        let bytes = read(&path)?;
        let elf = RawElf::parse(&bytes).map_err(|source| Error::Object { path, source })?;
        let own = elf.symbols.iter().filter(|symbol| !symbol.is_global());
        locals.extend(
            own.map(|symbol| symbol.name)
                .filter(|name| doubtful.contains(name))
                .map(<[u8]>::to_vec),
        );
    }
    Ok(locals)
}

pub(crate) fn write(path: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        let failed = |source| Error::Write { path: parent.to_owned(), source };
        fs_err::create_dir_all(parent).map_err(failed)?;
    }
    output::replace(path, |file| std::io::Write::write_all(file, bytes))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A module as a package has it, packed, and nothing that a build left.
    #[test]
    fn modules_are_known_without_a_build() {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap();
        let modules = root.join("lib/modules/6.1.0");
        let directory = modules.join("kernel/fs/some-fs");
        fs_err::create_dir_all(&directory).unwrap();
        let (source, file) = (root.join("some.c"), directory.join("some-fs.ko"));
        let text = r#"
            char info[] __attribute__((section(".modinfo"))) = "depends=other";
            int statfs(int n) { return n + 1; }
        "#;
        fs_err::write(&source, text).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            assert!(Command::new(program).args(arguments).status().unwrap().success());
        };
        run("gcc", &["-c", "-o", file.as_str(), source.as_str()]);
        run("gzip", &[file.as_str()]);
        let order = "kernel/fs/some-fs/some-fs.ko\nkernel/fs/gone/gone.ko\n";
        fs_err::write(modules.join("modules.order"), order).unwrap();
        let parts = StockParts {
            release: "6.1.0".to_owned(),
            image: root.join("vmlinuz"),
            modules,
            headers: root.join("headers"),
            sources: root.join("sources"),
        };
        let named = |name: &str| modules_named(&parts, &BTreeSet::from([name.to_owned()]));
        let (symbols, depends) = named("some_fs").unwrap();
        assert_eq!(symbols["fs/some-fs/some-fs"].named(b"statfs").len(), 1);
        assert!(depends["fs/some-fs/some-fs"].contains("other"));
        assert!(named("nobody").unwrap().0.is_empty());
        // Its package says that it is there.
        assert!(matches!(named("gone"), Err(Error::NoShippedModule { .. })));
    }
}
