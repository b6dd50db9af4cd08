//! What every run that builds needs: jobs, make and its variables, and a way to be interrupted.

use std::sync::Arc;

use kbuild_glue::{BuildSettings, Interrupt, Jobs};

use crate::error::Error;

/// More jobs than this for each processor help nobody, also where a launcher hands them to other machines.
const JOBS_PER_PROCESSOR: usize = 64;

/// A run that builds.
#[derive(Debug)]
pub struct Session {
    /// The jobserver, a parent make's or our own.
    pub jobs: Jobs,
    /// Ends the run as soon as it is raised.
    pub interrupt: Arc<Interrupt>,
    /// `NAME=value` for make. They belong to the fingerprint of the original.
    pub variables: Vec<String>,
    /// Names and values of what else the environment has that scripts of a build may read.
    pub environment: Vec<(String, String)>,
    /// The make program.
    pub make: String,
    /// Whether the patched kernel is built by a full make, even if Kbuild's records say what a patch touches.
    pub full_make: bool,
    notes: Vec<String>,
}

impl Session {
    /// Joins the jobserver of a parent make or cargo, or creates one for `jobs` (by default as many as there are
    /// processors).
    pub fn new(jobs: Option<usize>, interrupt: Arc<Interrupt>) -> Result<Self, Error> {
        let processors =
            std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let most = processors.saturating_mul(JOBS_PER_PROCESSOR);
        let wanted = jobs.unwrap_or(processors);
        let mut notes = Vec::new();
        if wanted > most {
            notes.push(format!("{wanted} jobs are too many for this machine: {most} at once"));
        }
        let jobs = Jobs::inherited(wanted.min(most))?;
        notes.extend(jobs.note().map(str::to_owned));
        let (variables, environment, make) = (Vec::new(), Vec::new(), "make".to_owned());
        Ok(Self { jobs, interrupt, variables, environment, make, full_make: false, notes })
    }

    /// What the person should know about the jobs.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How to build.
    #[must_use]
    pub fn settings(&self) -> BuildSettings<'_> {
        BuildSettings {
            jobs: &self.jobs,
            variables: &self.variables,
            environment: &self.environment,
            full_make: self.full_make,
            interrupt: &self.interrupt,
            make: &self.make,
        }
    }

    /// Runs `work` on as many threads as the jobserver grants.
    pub fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        // More jobs than processors are for compilers that work elsewhere; our threads work here.
        let processors = rayon::current_num_threads();
        let wanted = self.jobs.limit().map_or(processors, |jobs| jobs.min(processors));
        let tokens = self.jobs.threads(wanted);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(tokens.count()).build();
        Ok(pool.map_err(Error::Threads)?.install(work))
    }
}
