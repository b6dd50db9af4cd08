//! `cargo klp check`.

use camino::Utf8Path;
use kbuild_glue::objects;
use klp_core::check::{CheckError, check, named_modules};
use klp_core::kernel::{Kallsyms, Kernel, KernelError, module_name, vermagic};
use klp_core::module::RawElf;

use crate::cli::{Check, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::kernel::{self, cannot_use, read};
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
    let elf = RawElf::parse(&vmlinux).map_err(KernelError::from).map_err(cannot_use(&path))?;
    let built = objects::modules(&output)?.into_iter().map(String::from);
    let kernel = Kernel {
        vmlinux: Kallsyms::of_vmlinux(&elf).map_err(cannot_use(&path))?,
        vermagic: Some(vermagic(&elf).map_err(cannot_use(&path))?),
        symvers: kernel::symvers(&output)?,
        modules: kernel::modules(
            &output,
            built.filter(|module| named.contains(&module_name(module))),
        )?,
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

fn cannot_check(path: &Utf8Path) -> impl Fn(CheckError) -> Error {
    move |source| Error::Check { path: path.to_owned(), source }
}
