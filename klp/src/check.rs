//! A livepatch module, read as the kernel will, and judged again by what it was made of.

use std::collections::BTreeSet;

use camino::Utf8Path;
use kbuild_glue::objects;
use klp_core::check::{
    CheckError, CheckFinding, CheckReport, Severity, Topic, check, named_modules,
};
use klp_core::kernel::{LinkedKernel, module_name};

use crate::error::Error;
use crate::event::Attested;
use crate::finished::{self, read};
use crate::kernel::Kernel;
use crate::livepatch::SecondOpinion;
use crate::shipped;

/// What was found.
#[derive(Debug)]
pub struct CheckedModule {
    /// All findings.
    pub report: CheckReport,
    /// What a second reading looked at; none where what the module was made of is not there any more, so that only
    /// what the loader sees is checked.
    pub attested: Option<Attested>,
}

impl Kernel {
    /// Checks the livepatch module at `path` against the linked kernel `vmlinux`; against that of the output directory
    /// where none is named.
    pub fn check(
        &self,
        path: &Utf8Path,
        vmlinux: Option<&Utf8Path>,
    ) -> Result<CheckedModule, Error> {
        let cannot_check = |source: CheckError| Error::Check { path: path.to_owned(), source };
        let livepatch = read(path)?;
        let named = named_modules(&livepatch).map_err(cannot_check)?;
        let kernel = match self.stock() {
            Some(parts) => shipped::kernel(parts, vmlinux, &named)?,
            None => self.built(vmlinux, &named)?,
        };
        let mut report = check(&livepatch, &kernel).map_err(cannot_check)?;
        let (original, directory) = (self.original(), self.root.join("module"));
        let opinion = SecondOpinion::new(&original, &directory).again(&livepatch)?;
        for finding in opinion.iter().flat_map(|opinion| &opinion.findings) {
            report.findings.push(CheckFinding {
                severity: Severity::Error,
                topic: Topic::SecondOpinion,
                place: finding.place.clone(),
                what: finding.what.clone(),
            });
        }
        Ok(CheckedModule { report, attested: opinion.as_ref().map(crate::livepatch::summary) })
    }

    /// What is in the output directory: the linked kernel, unless another one is named, and those of the modules that the
    /// loader calls by `names`.
    fn built(
        &self,
        vmlinux: Option<&Utf8Path>,
        names: &BTreeSet<String>,
    ) -> Result<LinkedKernel, Error> {
        let output = match self.module() {
            Some(_) => self.original(),
            None => self.output_with("vmlinux"),
        };
        let linked = output.join("vmlinux");
        let (vmlinux, vermagic) = finished::vmlinux(vmlinux.unwrap_or(&linked))?;
        let built = objects::modules(&output)?.into_iter();
        let built = built.filter(|module| names.contains(&module_name(module)));
        let (modules, depends) = finished::modules(&output, built)?;
        let symvers = finished::symvers(&output)?;
        Ok(LinkedKernel { vmlinux, vermagic, symvers, modules, depends })
    }
}
