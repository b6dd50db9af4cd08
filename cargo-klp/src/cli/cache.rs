//! Options about the digests that are kept from run to run.

use camino::Utf8PathBuf;
use clap::{Args, ValueHint};
use klp::Cache;

use crate::environment;

/// Whether and where digests are kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArgs {
    /// Compute all digests anew, and keep none
    #[arg(long)]
    no_cache: bool,
    /// Keep the digests of large objects in this directory, by their content [default: cargo-klp/digests in
    /// `XDG_CACHE_HOME`, else in ~/.cache]
    #[arg(long, value_name = "DIR", env = "CARGO_KLP_CACHE_DIR", hide_env_values = true,
          value_hint = ValueHint::DirPath)]
    cache_dir: Option<Utf8PathBuf>,
}

impl CacheArgs {
    /// What they name.
    pub(crate) fn cache(&self) -> Cache {
        let own = || Some(environment::cache_home()?.join("cargo-klp/digests"));
        let directory = self.cache_dir.clone().or_else(own);
        Cache::new(directory.filter(|_| !self.no_cache))
    }
}
