//! Runs make.

mod output;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use thiserror::Error;

use crate::child::end_with_us;
use crate::interrupt::Interrupt;
use crate::jobserver::Jobs;
use crate::packages::PackageNames;

/// Variables of a make above us that would change what ours does. The kernel's own Makefile
/// exports most of them when our recipe is part of it.
pub(crate) const FOREIGN: &[&str] = &[
    "CARGO_MAKEFLAGS",
    "GNUMAKEFLAGS",
    "KBUILD_EXTMOD",
    "KBUILD_OUTPUT",
    "KBUILD_SRC",
    "KBUILD_VERBOSE",
    "M",
    "MAKEFILES",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
    "MAKE_RESTARTS",
    "MAKE_TERMERR",
    "MAKE_TERMOUT",
    "MFLAGS",
    "O",
    "V",
    "VPATH",
    "abs_objtree",
    "abs_output",
    "abs_srctree",
    "building_out_of_srctree",
    "objtree",
    "quiet",
    "srcroot",
    "srctree",
    "sub_make_done",
];

/// How long make and its compilers may take to end when they are asked to.
const PATIENCE: Duration = Duration::from_secs(1);

/// How to run make on a kernel tree.
#[derive(Debug, Clone)]
pub struct Make<'a> {
    /// The program, usually `make`.
    pub program: String,
    /// The source tree.
    pub source: Utf8PathBuf,
    /// The output directory (`O=`). Nothing is passed when it is the source.
    pub output: Utf8PathBuf,
    /// The limit on what runs at once.
    pub jobs: &'a Jobs,
    /// For the command line, for example `LLVM=1`.
    pub variables: &'a [String],
    /// Set in make's environment.
    pub environment: &'a [(String, String)],
    /// Ends the run from another thread.
    pub interrupt: &'a Interrupt,
    /// Everything that make prints is appended here.
    pub log: Utf8PathBuf,
}

/// Something that make did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MakeEvent {
    /// The process has started, as leader of a process group of its own.
    Started {
        /// The number of process and group.
        group: i32,
    },
    /// It makes something.
    Step {
        /// Kbuild's verb, for example `CC` or `LD [M]`.
        verb: String,
        /// What is made.
        target: String,
    },
}

/// Why make did not do it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MakeError {
    /// It ended with an error.
    #[error("`{call}` failed ({status})")]
    Failed {
        /// How it was called, without variables.
        call: String,
        /// Where all of its output is.
        log: Utf8PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The lines that tell why, at most 20.
        tail: Vec<String>,
        /// The build of which a copy was what it began with.
        begun_with: Option<Utf8PathBuf>,
    },
    /// We were told to stop.
    #[error("make was interrupted")]
    Interrupted {
        /// Whether make had no chance to clean up.
        killed: bool,
    },
    /// It could not be started.
    #[error("cannot run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The log or the pipe failed.
    #[error("cannot keep the output of make in `{log}`")]
    Log {
        /// The log.
        log: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl MakeError {
    /// The same, with other words in the lines that tell why.
    #[must_use]
    pub(crate) fn map_lines(mut self, other: impl Fn(&str) -> String) -> Self {
        if let Self::Failed { tail, .. } = &mut self {
            for line in tail.iter_mut() {
                *line = other(line);
            }
        }
        self
    }

    /// The same of a make that began with a copy of the build in `output`.
    #[must_use]
    pub(crate) fn of_copy(mut self, output: &Utf8Path) -> Self {
        if let Self::Failed { begun_with, .. } = &mut self {
            *begun_with = Some(output.to_owned());
        }
        self
    }

    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { log, begun_with: Some(output), .. } => Some(format!(
                "it went on from a copy of the build in {output}: if an object of that one is to blame, make it there \
                 again, then run `cargo klp clean`; all of make's output is in {log}"
            )),
            Self::Failed { log, tail, .. } => Some(match PackageNames::missed_in(tail) {
                Some(package) => format!(
                    "install {package}; `cargo klp doctor` tells what else is missing, and all of make's output \
                     is in {log}"
                ),
                None => format!("all of make's output is in {log}"),
            }),
            Self::Start { program, source } if source.kind() == std::io::ErrorKind::NotFound => {
                Some(format!("install {program}"))
            }
            Self::Interrupted { .. } => Some("run again to go on from here".to_owned()),
            Self::Start { .. } | Self::Log { .. } => None,
        }
    }
}

impl Make<'_> {
    /// Makes `targets`, and reports each step.
    pub fn run(
        &self,
        targets: &[&str],
        events: &mut dyn FnMut(MakeEvent),
    ) -> Result<(), MakeError> {
        if self.interrupt.is_raised() {
            return Err(MakeError::Interrupted { killed: false });
        }
        let log_failed = |source| MakeError::Log { log: self.log.clone(), source };
        let mut log =
            fs::OpenOptions::new().create(true).append(true).open(&self.log).map_err(log_failed)?;
        let (reader, writer) = std::io::pipe().map_err(log_failed)?;
        let mut command = self.command(targets);
        command.stdin(Stdio::null()).stderr(writer.try_clone().map_err(log_failed)?).stdout(writer);
        writeln!(log, "# {command:?}").map_err(log_failed)?;
        let child = command
            .spawn()
            .map_err(|source| MakeError::Start { program: self.program.clone(), source })?;
        // Our copies of the writing end: the pipe must end when make does.
        drop(command);
        let mut running =
            RunningMake { child, interrupt: self.interrupt, asked: None, done: false };
        if let Some(group) = running.group() {
            self.interrupt.watch(group);
            events(MakeEvent::Started { group: group.as_raw_nonzero().get() });
        }

        let lines = read_lines(reader);
        let mut tail = output::FailureTail::default();
        let mut on_line = |line: Vec<u8>| {
            log.write_all(&line)?;
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            tail.push(text);
            if let Some((verb, target)) = output::step(text) {
                events(MakeEvent::Step { verb: verb.to_owned(), target: target.to_owned() });
            }
            Ok(())
        };
        let status = running.wait(&lines, &mut on_line).map_err(log_failed)?;
        if status.success() {
            return Ok(());
        }
        if self.interrupt.is_raised() {
            let killed = status.signal() == Some(Signal::KILL.as_raw());
            return Err(MakeError::Interrupted { killed });
        }
        Err(MakeError::Failed {
            call: [&["make"], targets].concat().join(" "),
            log: self.log.clone(),
            status,
            tail: tail.into_lines(),
            begun_with: None,
        })
    }

    fn command(&self, targets: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.source).arg("--no-print-directory");
        if self.output != self.source {
            command.arg(format!("O={}", self.output));
        }
        command.args(self.variables).args(targets);
        for name in FOREIGN {
            command.env_remove(name);
        }
        // Messages are parsed, and PWD is used by the kernel's Makefile before 5.x.
        command.env("LC_ALL", "C").env("PWD", &self.source);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.jobs.configure(&mut command);
        command.process_group(0);
        end_with_us(&mut command);
        command
    }
}

/// A make that is ended when we leave early.
struct RunningMake<'a> {
    child: Child,
    interrupt: &'a Interrupt,
    /// When it was seen that we were told to stop.
    asked: Option<Instant>,
    done: bool,
}

impl RunningMake<'_> {
    fn group(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Handles lines until make has ended and its output as well.
    ///
    /// A daemon that a recipe started (a compiler cache's server) can keep the pipe open, so the
    /// end of make counts, not the end of the pipe.
    fn wait(
        &mut self,
        lines: &Receiver<Vec<u8>>,
        on_line: &mut dyn FnMut(Vec<u8>) -> std::io::Result<()>,
    ) -> std::io::Result<ExitStatus> {
        let mut open = true;
        loop {
            if open {
                match lines.recv_timeout(Duration::from_millis(50)) {
                    Ok(line) => {
                        on_line(line)?;
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => open = false,
                }
            } else {
                std::thread::sleep(Duration::from_millis(2));
            }
            if let Some(status) = self.try_wait()? {
                // What was printed last may still be on its way through the reading thread.
                while open && let Ok(line) = lines.recv_timeout(Duration::from_millis(100)) {
                    on_line(line)?;
                }
                return Ok(status);
            }
        }
    }

    /// Once an interrupted make is gone, nothing that ignored the signal may write on. As long as make
    /// is not reaped, nobody else can have its group's number.
    fn end_stragglers(group: Option<Pid>) -> std::io::Result<()> {
        let Some(group) = group else { return Ok(()) };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if waitid(WaitId::Pid(group), options)?.is_some() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        Ok(())
    }

    fn try_wait(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let mut group = self.interrupt.group();
        if self.interrupt.is_raised() {
            Self::end_stragglers(*group)?;
            let asked = *self.asked.get_or_insert_with(Instant::now);
            if let Some(group) = *group
                && asked.elapsed() > PATIENCE
            {
                // SIGINT is ignored below a shell that started us in the background.
                let _ = kill_process_group(group, Signal::TERM);
                self.asked = Some(Instant::now());
            }
        }
        let status = self.child.try_wait()?;
        if status.is_some() {
            *group = None;
            self.done = true;
        }
        Ok(status)
    }
}

impl Drop for RunningMake<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if let Some(group) = self.group() {
            let _ = kill_process_group(group, Signal::INT);
        }
        let _ = self.child.wait();
        *self.interrupt.group() = None;
    }
}

/// Reads lines in a thread of its own, their ends included.
fn read_lines(pipe: std::io::PipeReader) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            }
        }
    });
    receiver
}
