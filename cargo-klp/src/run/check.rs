//! `cargo klp check`.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Config, objects};
use klp_core::check::{
    CheckError, Kallsyms, Kernel, Symvers, check, kernel_vermagic, named_modules,
};
use klp_core::input::Input;
use klp_core::module::RawElf;

use crate::cli::{Check, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::place::Place;
use crate::report;
use crate::shell::Shell;

pub(crate) fn run(
    arguments: &Check,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let livepatch = read(&arguments.livepatch)?;
    let named = named_modules(&livepatch).map_err(cannot_check(&arguments.livepatch))?;
    let output = Place::find(&arguments.tree)?.tree.output;
    let path = arguments.vmlinux.clone().unwrap_or_else(|| output.join("vmlinux"));
    let vmlinux = read(&path)?;
    let elf = RawElf::parse(&vmlinux).map_err(CheckError::from).map_err(cannot_check(&path))?;
    let all = Config::read(&output.join(".config"))?.is_enabled("CONFIG_KALLSYMS_ALL");
    let modules = modules(&output, &named)?;
    let kernel = Kernel {
        kallsyms: Kallsyms::of(&elf, all).map_err(cannot_check(&path))?,
        vermagic: Some(kernel_vermagic(&elf).map_err(cannot_check(&path))?),
        symvers: symvers(&output.join("Module.symvers"))?,
        modules: parse(&modules)?,
    };
    let report = check(&livepatch, &kernel).map_err(cannot_check(&arguments.livepatch))?;
    report::check(&report, format).map_err(Error::Print)?;
    let text = format!(
        "{} functions, {} livepatch symbols, {} livepatch relocations, {} imports, {} entries of \
         special sections",
        report.functions, report.symbols, report.relocations, report.imports, report.entries
    );
    if !report.passed() {
        return Err(Error::CheckFailed { path: arguments.livepatch.clone() });
    }
    shell.status("Checked", text);
    Ok(ExitStatus::Success)
}

/// The modules of these names, with their paths; those that were not built are missing.
fn modules(
    output: &Utf8Path,
    named: &BTreeSet<String>,
) -> Result<BTreeMap<String, (Utf8PathBuf, Input)>, Error> {
    let mut found = BTreeMap::new();
    for module in objects::modules(output)? {
        let path = output.join(format!("{module}.ko"));
        let name = path.file_stem().unwrap_or_default().replace('-', "_");
        if named.contains(&name) {
            let input = read(&path)?;
            found.insert(name, (path, input));
        }
    }
    Ok(found)
}

fn parse(
    modules: &BTreeMap<String, (Utf8PathBuf, Input)>,
) -> Result<BTreeMap<String, RawElf<'_>>, Error> {
    let parsed = modules.iter().map(|(name, (path, input))| {
        let elf = RawElf::parse(input).map_err(CheckError::from).map_err(cannot_check(path))?;
        Ok((name.clone(), elf))
    });
    parsed.collect()
}

fn symvers(path: &Utf8Path) -> Result<Symvers, Error> {
    let text = fs_err::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::NoSymvers { path: path.to_owned() },
        _ => Error::Read { path: path.to_owned(), source },
    })?;
    Symvers::parse(&String::from_utf8_lossy(&text))
        .map_err(|source| Error::Symvers { path: path.to_owned(), source })
}

fn read(path: &Utf8Path) -> Result<Input, Error> {
    Input::open(path.as_std_path()).map_err(|source| Error::Read { path: path.to_owned(), source })
}

fn cannot_check(path: &Utf8Path) -> impl Fn(CheckError) -> Error {
    move |source| Error::Check { path: path.to_owned(), source }
}
