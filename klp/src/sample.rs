//! Whether this machine compiles what was shipped, asked of some objects.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use kbuild_glue::{LinkedInto, StockTouched};
use klp_core::record::ProofRecord;

use crate::error::Error;
use crate::event::{Events, of_build};
use crate::original::{Original, OriginalKind};
use crate::proofs::Proofs;

/// Objects to be proven.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Named ones.
    pub objects: Vec<Utf8PathBuf>,
    /// So many others of the kernel, and as many of modules.
    pub random: usize,
    /// Decides which.
    pub seed: u64,
}

impl Original<'_> {
    /// Compiles the objects of `sample` and compares them with what was shipped. There is nothing to prove of a
    /// kernel that was built here.
    pub fn prove(
        &self,
        sample: &Sample,
        events: &mut Events<'_>,
    ) -> Result<Vec<ProofRecord>, Error> {
        let OriginalKind::Shipped { workspace, stock, parts } = &self.state else {
            return Ok(Vec::new());
        };
        let mut objects: BTreeSet<Utf8PathBuf> = sample.objects.iter().cloned().collect();
        let is_built_in = |linked: &LinkedInto| *linked == LinkedInto::Vmlinux;
        objects.extend(stock.recipes.sample(sample.random, sample.seed, is_built_in));
        objects.extend(
            stock.recipes.sample(sample.random, sample.seed, |linked| !is_built_in(linked)),
        );
        let touched = StockTouched { objects, ..StockTouched::default() };
        let settings = self.session.settings();
        let build =
            workspace.compile_stock_original(stock, &touched, &settings, &mut of_build(events))?;
        let proofs =
            self.session.on_threads(|| Proofs::of(parts, &build.objects, &build.root))??;
        Ok(proofs.records())
    }
}
