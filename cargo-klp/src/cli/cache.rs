//! Options about the digests that are kept from run to run.

use camino::Utf8PathBuf;
use clap::Args;

use crate::cache::Cache;
use crate::environment;

/// Whether and where digests are kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArgs {
    /// Digest again what was digested before, and keep nothing
    #[arg(long)]
    no_cache: bool,
    /// Where digests of large objects are kept, by what is in them [default: cargo-klp/digests in
    /// `XDG_CACHE_HOME`, else in ~/.cache]
    #[arg(long, value_name = "DIR", env = "CARGO_KLP_CACHE_DIR", hide_env_values = true)]
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
