//! One limit for everything that runs at once: make's compilers and our own threads.
//!
//! The protocol: a process that was started holds one *implicit* token, and takes one more for
//! each job beyond the first. While make runs for us it uses our implicit token.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use fs_err as fs;
use jobserver::{Client, FromEnvErrorKind};
use rustix::fs::OFlags;
use thiserror::Error;

/// A jobserver that we are the server or a client of.
#[derive(Debug)]
pub struct Jobs {
    client: Client,
    /// The reading end of our own pipe, opened once more so that it can be non-blocking
    /// without changing it for make.
    own_pipe: Option<fs::File>,
    /// The named pipe of a make 4.4 above us, to be handed to any make as two descriptors.
    fifo: Option<fs::File>,
    limit: Option<usize>,
    note: Option<String>,
    held: AtomicUsize,
}

/// Threads that may run, the calling one included. The tokens go back when this is dropped.
#[derive(Debug)]
pub struct Tokens<'a> {
    jobs: &'a Jobs,
    taken: usize,
}

/// Why there is no jobserver.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The system refused.
    #[error("cannot create a jobserver for {jobs} jobs")]
    Create {
        /// How many jobs were asked for.
        jobs: usize,
        /// What the system said.
        source: std::io::Error,
    },
}

impl JobsError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Create { .. } => Some("ask for fewer jobs".to_owned()),
        }
    }
}

impl Jobs {
    /// A new jobserver for `jobs` jobs at once (at least one).
    pub fn new(jobs: usize) -> Result<Self, JobsError> {
        let jobs = jobs.max(1);
        let failed = |source| JobsError::Create { jobs, source };
        // A pipe holds 64 KiB; more tokens than that would block us for ever.
        let tokens = jobs.saturating_sub(1).min(32 * 1024);
        let client = Client::new(tokens).map_err(failed)?;
        let own_pipe = own_pipe(&client).map_err(failed)?;
        Ok(Self {
            client,
            own_pipe,
            fifo: None,
            limit: Some(jobs),
            note: None,
            held: AtomicUsize::new(0),
        })
    }

    /// Joins the jobserver of the make or cargo that started us; without one, creates one for
    /// `jobs` jobs. Call it early in `main`, before files are opened.
    ///
    /// This is the one place that looks at the environment (through the jobserver crate:
    /// `CARGO_MAKEFLAGS`, `MAKEFLAGS`, `MFLAGS`). A make that announces a jobserver without
    /// passing it on (a recipe without `+`) leaves us one job, and a [`note`](Self::note).
    pub fn inherited(jobs: usize) -> Result<Self, JobsError> {
        #[expect(
            unsafe_code,
            reason = "descriptors named in the environment are taken over; \
                                        only pipes are accepted, so no other file is touched"
        )]
        let found = unsafe { Client::from_env_ext(true) };
        match found.client {
            Ok(client) => Ok(Self {
                fifo: fifo(&client),
                client,
                own_pipe: None,
                limit: None,
                note: None,
                held: AtomicUsize::new(0),
            }),
            Err(error) => match error.kind() {
                FromEnvErrorKind::NoEnvVar | FromEnvErrorKind::NoJobserver => Self::new(jobs),
                _ => Ok(Self {
                    note: Some(format!(
                        "the make that started us does not share its jobserver ({error}), so one \
                         job runs at a time; put a `+` before the command in the recipe"
                    )),
                    ..Self::new(1)?
                }),
            },
        }
    }

    /// How many jobs may run at once, when that is ours to say.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Something that the person should know about the jobserver.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Lets a make that is about to start take part.
    pub fn configure(&self, command: &mut Command) {
        self.client.configure_make(command);
        if let Some(fifo) = &self.fifo {
            hand_over(fifo, command);
        }
    }

    /// Takes tokens for up to `wanted` threads, as many as are free right now: at least one,
    /// the one that is ours already. Never blocks.
    #[must_use]
    pub fn threads(&self, wanted: usize) -> Tokens<'_> {
        let mut taken = 0_usize;
        while taken.saturating_add(1) < wanted && self.try_take() {
            taken += 1;
        }
        Tokens { jobs: self, taken }
    }

    /// Gives back all tokens that any [`Tokens`] holds. For ways out that run no destructors.
    pub fn give_back(&self) {
        for _ in 0..self.held.swap(0, Ordering::SeqCst) {
            // There is nobody to tell: the server is gone, and with it the limit.
            let _ = self.client.release_raw();
        }
    }

    fn try_take(&self) -> bool {
        let got = match &self.own_pipe {
            Some(pipe) => {
                let mut pipe = pipe.file();
                matches!(pipe.read(&mut [0]), Ok(1))
            }
            None => match self.client.try_acquire() {
                Ok(Some(token)) => {
                    token.drop_without_releasing();
                    true
                }
                // Errors included: our own token is enough to go on.
                _ => false,
            },
        };
        if got {
            self.held.fetch_add(1, Ordering::SeqCst);
        }
        got
    }

    fn give(&self) {
        let decrement = |held: usize| held.checked_sub(1);
        if self.held.fetch_update(Ordering::SeqCst, Ordering::SeqCst, decrement).is_ok() {
            let _ = self.client.release_raw();
        }
    }
}

impl Tokens<'_> {
    /// How many threads may run, at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.taken.saturating_add(1)
    }
}

impl Drop for Tokens<'_> {
    fn drop(&mut self) {
        for _ in 0..self.taken {
            self.jobs.give();
        }
    }
}

/// Opens the reading end of a client's pipe once more, non-blocking.
///
/// The crate does not try without blocking on a pipe that it made itself, since the flag would
/// be shared with make. A second open file description has flags of its own.
fn own_pipe(client: &Client) -> std::io::Result<Option<fs::File>> {
    let descriptor = auth(client)
        .and_then(|auth| auth.split(',').next().map(str::to_owned))
        .and_then(|text| text.parse::<u32>().ok());
    let Some(descriptor) = descriptor else { return Ok(None) };
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(format!("/proc/self/fd/{descriptor}"))?;
    Ok(Some(fs::File::from_parts(file, "jobserver")))
}

/// The named pipe of a jobserver of make 4.4 and later, opened for us.
fn fifo(client: &Client) -> Option<fs::File> {
    let auth = auth(client)?;
    fs::OpenOptions::new().read(true).write(true).open(auth.strip_prefix("fifo:")?).ok()
}

/// What make is told about a jobserver. The crate says it only to a command that is going to start.
fn auth(client: &Client) -> Option<String> {
    let mut command = Command::new("make");
    client.configure_make(&mut command);
    let flags = command.get_envs().find(|(name, _)| *name == "MAKEFLAGS")?.1?.to_str()?;
    let auth = flags.rsplit_once("--jobserver-auth=")?.1;
    auth.split_whitespace().next().map(str::to_owned)
}

/// Lets a make of any version use a named pipe: before 4.4, make knows descriptors only.
fn hand_over(fifo: &fs::File, command: &mut Command) {
    let descriptor = fifo.file().as_raw_fd();
    let flags = format!(
        "-j --jobserver-fds={descriptor},{descriptor} --jobserver-auth={descriptor},{descriptor}"
    );
    for name in ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"] {
        command.env(name, &flags);
    }
    #[expect(
        unsafe_code,
        reason = "runs between fork and exec, one system call on a descriptor that is open"
    )]
    unsafe {
        command.pre_exec(move || {
            let descriptor = std::os::fd::BorrowedFd::borrow_raw(descriptor);
            Ok(rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty())?)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_the_limit() {
        let jobs = Jobs::new(3).unwrap();
        let first = jobs.threads(2);
        assert_eq!(first.count(), 2);
        let second = jobs.threads(8);
        assert_eq!(second.count(), 2);
        let third = jobs.threads(8);
        assert_eq!(third.count(), 1);
        drop(first);
        assert_eq!(jobs.threads(8).count(), 2);
        drop((second, third));
        assert_eq!(jobs.threads(8).count(), 3);
    }

    #[test]
    fn one_job_is_the_implicit_one() {
        let jobs = Jobs::new(0).unwrap();
        assert_eq!(jobs.limit(), Some(1));
        assert_eq!(jobs.threads(4).count(), 1);
    }

    #[test]
    fn given_back_once() {
        let jobs = Jobs::new(4).unwrap();
        let tokens = jobs.threads(4);
        assert_eq!(tokens.count(), 4);
        jobs.give_back();
        drop(tokens);
        assert_eq!(jobs.threads(100).count(), 4);
    }
}
