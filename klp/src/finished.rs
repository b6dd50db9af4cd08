//! What the output directory of a finished build says about its kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use klp_core::input::Input;
use klp_core::kernel::{Kallsyms, KernelError, Symvers, vermagic};
use klp_core::module::{ModInfo, RawElf};

use crate::error::Error;

/// What the kernel and its modules export.
pub(crate) fn symvers(output: &Utf8Path) -> Result<Symvers, Error> {
    let path = output.join("Module.symvers");
    let text = fs_err::read(&path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::NoSymvers { path: path.clone() },
        _ => Error::Read { path: path.clone(), source },
    })?;
    symvers_in(&String::from_utf8_lossy(&text), &path)
}

/// What that text says of it, which is for `path`.
pub(crate) fn symvers_in(text: &str, path: &Utf8Path) -> Result<Symvers, Error> {
    Symvers::parse(text).map_err(cannot_use(path))
}

/// The linked kernel at `path`: its symbols, and what it wants as `vermagic`.
pub(crate) fn vmlinux(path: &Utf8Path) -> Result<(Kallsyms, String), Error> {
    linked(&read(path)?, path)
}

/// The same of the linked kernel in `bytes`, which are from `path`.
pub(crate) fn linked(bytes: &[u8], path: &Utf8Path) -> Result<(Kallsyms, String), Error> {
    let elf = RawElf::parse(bytes).map_err(KernelError::from).map_err(cannot_use(path))?;
    let symbols = Kallsyms::of_vmlinux(&elf).map_err(cannot_use(path))?;
    Ok((symbols, vermagic(&elf).map_err(cannot_use(path))?))
}

/// The symbols of finished modules, and the names of the modules that each of them needs.
pub(crate) type FinishedModules = (BTreeMap<String, Kallsyms>, BTreeMap<String, BTreeSet<String>>);

/// What the finished modules of these paths without suffix say.
pub(crate) fn modules(
    output: &Utf8Path,
    paths: impl IntoIterator<Item = String>,
) -> Result<FinishedModules, Error> {
    modules_in(paths.into_iter().map(|module| {
        let path = output.join(format!("{module}.ko"));
        (module, path)
    }))
}

/// What modules say, each in the file beside its name.
pub(crate) fn modules_in(
    files: impl IntoIterator<Item = (String, Utf8PathBuf)>,
) -> Result<FinishedModules, Error> {
    let (mut modules, mut depends) = FinishedModules::default();
    for (module, path) in files {
        let bytes = read(&path)?;
        let elf = RawElf::parse(&bytes).map_err(KernelError::from).map_err(cannot_use(&path))?;
        let needed = ModInfo::of(&elf).depends().collect();
        depends.insert(module.clone(), needed);
        modules.insert(module, Kallsyms::of_module(&elf));
    }
    Ok((modules, depends))
}

/// The file at `path`.
pub(crate) fn read(path: &Utf8Path) -> Result<Input, Error> {
    expect_regular(path)?;
    let input = Input::open_unpacked(path.as_std_path());
    input.map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Whether a file is at `path`: what is neither that nor a directory is read without an end, or waited for.
pub(crate) fn expect_regular(path: &Utf8Path) -> Result<(), Error> {
    let metadata = fs_err::metadata(path);
    let kind =
        metadata.map_err(|source| Error::Read { path: path.to_owned(), source })?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    Err(Error::NotRegular { path: path.to_owned() })
}

/// The error of a file at `path`.
fn cannot_use(path: &Utf8Path) -> impl Fn(KernelError) -> Error {
    move |source| Error::Kernel { path: path.to_owned(), source }
}
