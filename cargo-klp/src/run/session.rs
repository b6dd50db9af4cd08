//! What every run that builds needs: jobs, make and its variables, and a way to be interrupted.

use std::sync::Arc;

use kbuild_glue::{BuildSettings, Interrupt, Jobs};

use crate::cli;
use crate::environment;
use crate::error::Error;
use crate::shell::Shell;
use crate::signals;

/// More jobs than this for each processor help nobody, also where a launcher hands them to other machines.
const JOBS_PER_PROCESSOR: usize = 64;

/// A run that builds.
pub(super) struct Session {
    pub(super) jobs: Jobs,
    pub(super) interrupt: Arc<Interrupt>,
    pub(super) variables: Vec<String>,
    make: String,
    full_make: bool,
}

impl Session {
    /// As the arguments of a build say.
    pub(super) fn new(arguments: &cli::Build, shell: &Shell) -> Result<Self, Error> {
        let mut variables: Vec<String> = environment::kbuild_variables();
        variables.extend(arguments.variables().cloned());
        if let Some(launcher) = &arguments.launcher {
            variables = kbuild_glue::launch_with(launcher, &variables);
        }
        let session = Self::with_jobs(arguments.jobs, variables, shell)?;
        Ok(Self { full_make: arguments.full_make, ..session })
    }

    /// Joins or creates the jobserver, and lets signals end the run.
    pub(super) fn with_jobs(
        jobs: Option<usize>,
        variables: Vec<String>,
        shell: &Shell,
    ) -> Result<Self, Error> {
        let processors =
            std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let most = processors.saturating_mul(JOBS_PER_PROCESSOR);
        let wanted = jobs.unwrap_or(processors);
        if wanted > most {
            shell.warning(format_args!(
                "{wanted} jobs are too many for this machine: {most} at once"
            ));
        }
        let jobs = wanted.min(most);
        let jobs = Jobs::inherited(jobs)?;
        if let Some(note) = jobs.note() {
            shell.warning(note);
        }
        let interrupt = Arc::new(Interrupt::new());
        signals::forward(&interrupt)
            .map_err(|source| Error::Read { path: "signals".into(), source })?;
        Ok(Self { jobs, interrupt, variables, make: environment::make(), full_make: false })
    }

    /// How to build.
    pub(super) fn settings(&self) -> BuildSettings<'_> {
        BuildSettings {
            jobs: &self.jobs,
            variables: &self.variables,
            full_make: self.full_make,
            interrupt: &self.interrupt,
            make: &self.make,
        }
    }

    /// Runs `work` on as many threads as the jobserver grants.
    pub(super) fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
        // More jobs than processors are for compilers that work elsewhere; our threads work here.
        let processors = rayon::current_num_threads();
        let wanted = self.jobs.limit().map_or(processors, |jobs| jobs.min(processors));
        let tokens = self.jobs.threads(wanted);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(tokens.count()).build();
        Ok(pool.map_err(Error::Threads)?.install(work))
    }
}
