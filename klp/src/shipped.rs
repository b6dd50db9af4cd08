//! A kernel that somebody else built: its image and modules, unpacked into an output directory as make would have
//! left it, and the proof that objects compiled here are what they were linked from.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Linked, LinkedObject, StockParts};
use klp_core::image::proof::{self, Shipped};
use klp_core::image::{self, ImageError, ImageSymbol};
use klp_core::module::{ModInfo, RawElf};
use klp_core::record::Proof;
use rayon::prelude::*;

use crate::checksums::target;
use crate::error::Error;
use crate::finished::read;
use crate::output;

/// The linked kernel in the output directory.
const VMLINUX: &str = "vmlinux";
/// The modules that are in the output directory.
const ORDER: &str = "modules.order";

/// Proves `objects`, which were compiled in `output`, against the kernel and modules of `parts`, which are unpacked there.
pub(crate) fn proofs(
    parts: &StockParts,
    objects: &[LinkedObject],
    output: &Utf8Path,
) -> Result<Vec<(Proof, proof::Proof)>, Error> {
    unpack(parts, objects, output)?;
    prove(objects, output)
}

/// Unpacks into `output` the kernel and the modules that `objects` were linked into, with the modules that these
/// need.
fn unpack(parts: &StockParts, objects: &[LinkedObject], output: &Utf8Path) -> Result<(), Error> {
    let packed = read(&parts.image)?;
    let cannot_use = |source: ImageError| Error::Image { path: parts.image.clone(), source };
    let kernel = image::kernel(&packed).map_err(cannot_use)?;
    let parsed = RawElf::parse(&kernel).map_err(ImageError::from).map_err(cannot_use)?;
    let symbols = image::symbols(&parsed).map_err(cannot_use)?;
    let locals = locals(objects, output, &symbols)?;
    let kernel = image::with_symbols(&kernel, &symbols, &locals).map_err(cannot_use)?;
    write(&output.join(VMLINUX), &kernel)?;
    let mut open: Vec<String> = modules(objects).into_iter().collect();
    let mut found = BTreeSet::new();
    let known = parts
        .module_paths()
        .map_err(|source| Error::Read { path: parts.modules.clone(), source })?;
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        let missing =
            || Error::NoShippedModule { name: name.clone(), directory: parts.modules.clone() };
        let path = parts.module(&name).ok_or_else(missing)?;
        let packed = read(&path)?;
        let failed = |source| Error::Read { path: path.clone(), source };
        let bytes = image::unpacked(&packed).map_err(failed)?;
        let info =
            ModInfo::read(&bytes).map_err(|source| Error::Object { path: path.clone(), source })?;
        open.extend(info.depends().filter_map(|name| known.get(&name.replace('-', "_")).cloned()));
        write(&output.join(format!("{name}.ko")), &bytes)?;
    }
    let order: String = found.iter().flat_map(|name| [name, ".o\n"]).collect();
    write(&output.join(ORDER), order.as_bytes())
}

/// Proves `objects`, which were compiled in `output`.
fn prove(objects: &[LinkedObject], output: &Utf8Path) -> Result<Vec<(Proof, proof::Proof)>, Error> {
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
    let shipped: BTreeMap<&Linked, Shipped<'_>> =
        parsed.iter().map(|(linked, elf)| (*linked, Shipped::of(elf))).collect();
    let prove = |LinkedObject { object, linked }: &LinkedObject| {
        let path = output.join(object);
        let bytes = read(&path)?;
        let Some(shipped) = shipped.get(linked) else { return Ok(None) };
        let proof = proof::prove(&bytes, shipped)
            .map_err(|source| Error::Object { path: path.clone(), source })?;
        let names = |list: &[proof::Different]| list.iter().map(|it| it.name.clone()).collect();
        let record = Proof {
            object: object.to_string(),
            linked: target(linked).to_owned(),
            functions: proof.functions,
            equal: proof.functions.saturating_sub(proof.different.len()),
            different: names(&proof.different),
            data: proof.data,
            different_data: names(&proof.different_data),
        };
        Ok(Some((record, proof)))
    };
    objects.par_iter().filter_map(|object| prove(object).transpose()).collect()
}

fn file(linked: &Linked, output: &Utf8Path) -> Utf8PathBuf {
    match linked {
        Linked::Vmlinux => output.join(VMLINUX),
        Linked::Module(name) => output.join(format!("{name}.ko")),
    }
}

fn modules(objects: &[LinkedObject]) -> BTreeSet<String> {
    let names = objects.iter().filter_map(|object| match &object.linked {
        Linked::Module(name) => Some(name.clone()),
        Linked::Vmlinux => None,
    });
    names.collect()
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

fn write(path: &Utf8Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        let failed = |source| Error::Write { path: parent.to_owned(), source };
        fs_err::create_dir_all(parent).map_err(failed)?;
    }
    output::replace(path, |file| std::io::Write::write_all(file, bytes))
}
