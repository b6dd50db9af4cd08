//! `cargo klp check`.

use camino::Utf8Path;
use kbuild_glue::objects;
use klp_core::check::{CheckError, Finding, Severity, Topic, check, named_modules};
use klp_core::kernel::{Kernel, module_name};

use crate::cli::{Check, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::kernel::{self, read};
use crate::place::Place;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

use super::opinion::{self, Opinion};

pub(crate) fn run(
    arguments: &Check,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let livepatch = read(&arguments.livepatch)?;
    let named = named_modules(&livepatch).map_err(cannot_check(&arguments.livepatch))?;
    let place = Place::find(&arguments.tree)?;
    let output = place.output_with("vmlinux");
    let path = arguments.vmlinux.clone().unwrap_or_else(|| output.join("vmlinux"));
    let (vmlinux, vermagic) = kernel::vmlinux(&path)?;
    let built = objects::modules(&output)?.into_iter();
    let built = built.filter(|module| named.contains(&module_name(module)));
    let (modules, depends) = kernel::modules(&output, built)?;
    let symvers = kernel::symvers(&output)?;
    let kernel = Kernel { vmlinux, vermagic, symvers, modules, depends };
    let mut report = check(&livepatch, &kernel).map_err(cannot_check(&arguments.livepatch))?;
    let (original, directory) = (place.root.join("build"), place.root.join("module"));
    let opinion = Opinion::new(&original, &directory).again(&livepatch)?;
    for finding in opinion.iter().flat_map(|opinion| &opinion.findings) {
        report.findings.push(Finding {
            severity: Severity::Error,
            topic: Topic::SecondOpinion,
            place: finding.place.clone(),
            what: finding.what.clone(),
        });
    }
    report::check(&report, format).map_err(Error::Print)?;
    match &opinion {
        Some(opinion) if opinion.findings.is_empty() => {
            shell.status("Attesting", opinion::summary(opinion));
        }
        Some(_) => {}
        None => shell.status(
            "Skipping",
            "second opinion: what the module was made of is not there any more, so that only what \
             the loader sees is checked",
        ),
    }
    let entries = if report.entries == 1 { "entry" } else { "entries" };
    let text = format!(
        "{}, {}, {}, {}, {} {entries} of special sections",
        count(report.functions, "function"),
        count(report.symbols, "livepatch symbol"),
        count(report.relocations, "livepatch relocation"),
        count(report.imports, "import"),
        report.entries
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
