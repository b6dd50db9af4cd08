//! Runs a guest to its end.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixListener;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Config, Interrupt};

use crate::error::VmError;
use crate::guest::{self, GuestReport, Reports};
use crate::judge::LogJudge;
use crate::qemu::{self, Accelerator};
use crate::requirements;
use crate::trial::{Stage, Trial, TrialOutcome, TrialStep};

/// How often we look at the clock.
const TICK: Duration = Duration::from_millis(100);

/// A guest on KVM that has said nothing for so long does not run. It takes a second.
const SILENCE: Duration = Duration::from_secs(15);

/// How long a guest that is done may take to go.
const LEAVING: Duration = Duration::from_secs(20);

/// What a guest runs on.
#[derive(Debug)]
pub struct GuestMachine<'a> {
    /// The program, by name or path.
    pub qemu: String,
    /// Without one: KVM where it works, else TCG.
    pub accelerator: Option<Accelerator>,
    /// A static busybox; without one that on the search path.
    pub busybox: Option<Utf8PathBuf>,
    /// Directories with programs.
    pub search_path: Vec<Utf8PathBuf>,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Number of processors.
    pub processors: u32,
    /// Where the console and all output goes.
    pub log: Utf8PathBuf,
    /// Ends the guest from another thread.
    pub interrupt: &'a Interrupt,
}

/// Something that happens while a guest runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VmEvent {
    /// QEMU was started.
    Started(Accelerator),
    /// A line of the kernel's console.
    Console(String),
    /// A line of a script's output.
    Output(String),
    /// A part of the trial begins; the livepatch that it is about.
    Begin(Stage, Option<String>),
    /// A part of the trial has ended.
    End(TrialStep),
    /// Something that stops nothing.
    Note(String),
}

/// What the reading threads send.
enum GuestOutput {
    Console(Vec<u8>),
    Report(Vec<u8>),
}

/// How a guest ended.
enum GuestEnd {
    Judged(TrialOutcome),
    /// It did not say a word.
    Silent(String),
}

impl GuestMachine<'_> {
    /// Runs a trial.
    pub fn run(
        &self,
        trial: &Trial,
        events: &mut dyn FnMut(VmEvent),
    ) -> Result<TrialOutcome, VmError> {
        if let Some(output) = &trial.output {
            let config = Config::read(&output.join(".config"))?;
            requirements::check(&config, !trial.livepatches.is_empty())?;
        }
        if !trial.image.is_file() {
            return Err(VmError::NoImage { path: trial.image.clone() });
        }
        let busybox = guest::busybox(self.busybox.as_ref(), &self.search_path)?;
        let initrd = guest::initrd(trial, &busybox)?;
        let directory =
            tempfile::Builder::new().prefix("klp-vm-").tempdir().map_err(VmError::Io)?;
        let place = Utf8Path::from_path(directory.path())
            .ok_or_else(|| VmError::Io(io::ErrorKind::InvalidFilename.into()))?;
        let file = place.join("initrd");
        fs_err::write(&file, initrd)
            .map_err(|source| VmError::Write { path: file.clone(), source })?;

        let kvm_first = [Accelerator::Kvm, Accelerator::Tcg];
        let candidates: &[Accelerator] = match &self.accelerator {
            Some(accelerator) => std::slice::from_ref(accelerator),
            None if Accelerator::kvm_is_open() => &kvm_first,
            None => &[Accelerator::Tcg],
        };
        let mut message = String::new();
        for accelerator in candidates {
            events(VmEvent::Started(*accelerator));
            match self.boot(*accelerator, trial, &file, events)? {
                GuestEnd::Judged(outcome) => return Ok(outcome),
                GuestEnd::Silent(why) => message = why,
            }
            if self.accelerator.is_none() && *accelerator == Accelerator::Kvm {
                let short = message.lines().last().unwrap_or_default();
                events(VmEvent::Note(format!("KVM does not work here, so TCG is used: {short}")));
            }
        }
        Err(VmError::NotStarted { message })
    }

    fn boot(
        &self,
        accelerator: Accelerator,
        trial: &Trial,
        initrd: &Utf8Path,
        events: &mut dyn FnMut(VmEvent),
    ) -> Result<GuestEnd, VmError> {
        let socket = initrd.with_file_name(format!("{}.socket", accelerator.word()));
        let listener = UnixListener::bind(&socket).map_err(VmError::Io)?;
        listener.set_nonblocking(true).map_err(VmError::Io)?;
        let mut log = self.create_log()?;
        let begin = Instant::now();
        let mut command = qemu::command(self, accelerator, trial, initrd, &socket);
        let child = command
            .spawn()
            .map_err(|source| VmError::Program { program: self.qemu.clone(), source })?;
        let mut qemu = Qemu { child, ended: None };
        let (sender, receiver) = channel();
        if let Some(console) = qemu.child.stdout.take() {
            read_in_background(console, sender.clone(), GuestOutput::Console);
        }
        let complaints = qemu.child.stderr.take().map(read_to_end_in_background);
        let mut listener = Some((listener, sender));
        let mut session = GuestSession {
            judge: LogJudge::new(&trial.expected),
            reports: Reports::default(),
            console: Vec::new(),
            said_something: false,
        };
        let mut leaving_since = None;
        let why = loop {
            if let Some((socket, sender)) = &listener
                && let Ok((stream, _)) = socket.accept()
            {
                stream.set_nonblocking(false).map_err(VmError::Io)?;
                read_in_background(stream, sender.clone(), GuestOutput::Report);
                listener = None;
            }
            let drained = session
                .take(&receiver, &mut log, events)
                .map_err(|source| VmError::Write { path: self.log.clone(), source })?;
            if self.interrupt.is_raised() {
                return Err(VmError::Interrupted);
            }
            if session.judge.has_finished() {
                let since = *leaving_since.get_or_insert_with(Instant::now);
                if drained && (qemu.has_ended()? || since.elapsed() > LEAVING) {
                    break None;
                }
            } else if drained && qemu.has_ended()? {
                break Some(match qemu.ended {
                    Some(status) if !status.success() => format!("QEMU ended: {status}"),
                    _ => "the guest died".to_owned(),
                });
            } else if begin.elapsed() > trial.timeout {
                break Some(format!("no end after {} s", trial.timeout.as_secs()));
            }
            let silent = accelerator == Accelerator::Kvm && self.accelerator.is_none();
            if silent && !session.said_something && begin.elapsed() > SILENCE {
                break Some(format!("the guest says nothing for {} s", SILENCE.as_secs()));
            }
        };
        drop(qemu);
        if !session.said_something {
            let said = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
            let said = said.trim().to_owned();
            return Ok(GuestEnd::Silent(if said.is_empty() {
                why.unwrap_or_default()
            } else {
                said
            }));
        }
        let (outcome, last) = session.judge.finish(why);
        for step in last {
            events(VmEvent::End(step));
        }
        Ok(GuestEnd::Judged(outcome))
    }

    fn create_log(&self) -> Result<fs_err::File, VmError> {
        let failed = |source| VmError::Write { path: self.log.clone(), source };
        if let Some(parent) = self.log.parent() {
            fs_err::create_dir_all(parent).map_err(failed)?;
        }
        fs_err::File::create(&self.log).map_err(failed)
    }
}

/// What a guest has said so far.
struct GuestSession {
    judge: LogJudge,
    reports: Reports,
    /// The start of a line of the console.
    console: Vec<u8>,
    said_something: bool,
}

impl GuestSession {
    /// Takes what has come, after waiting a little for it. True when nothing more can be there now.
    fn take(
        &mut self,
        receiver: &Receiver<GuestOutput>,
        log: &mut impl Write,
        events: &mut dyn FnMut(VmEvent),
    ) -> io::Result<bool> {
        match receiver.recv_timeout(TICK) {
            Ok(GuestOutput::Console(bytes)) => {
                self.said_something = true;
                for byte in bytes {
                    if byte == b'\n' {
                        let line = String::from_utf8_lossy(&std::mem::take(&mut self.console))
                            .trim_end_matches('\r')
                            .to_owned();
                        writeln!(log, "{line}")?;
                        self.judge.console(&line);
                        events(VmEvent::Console(line));
                    } else {
                        self.console.push(byte);
                    }
                }
                Ok(false)
            }
            Ok(GuestOutput::Report(bytes)) => {
                for report in self.reports.feed(&bytes) {
                    write_report(&report, log)?;
                    if let GuestReport::Output(line) = &report {
                        events(VmEvent::Output(line.clone()));
                    }
                    if let GuestReport::Begin(stage, module) = &report {
                        events(VmEvent::Begin(*stage, module.clone()));
                    }
                    if let Some(step) = self.judge.report(report) {
                        events(VmEvent::End(step));
                    }
                }
                Ok(false)
            }
            Err(RecvTimeoutError::Timeout) => Ok(true),
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(TICK);
                Ok(true)
            }
        }
    }
}

fn write_report(report: &GuestReport, log: &mut impl Write) -> io::Result<()> {
    match report {
        GuestReport::Output(line) => writeln!(log, "{line}"),
        GuestReport::Begin(stage, module) => {
            writeln!(log, "==> {} {}", stage.word(), module.as_deref().unwrap_or_default())
        }
        GuestReport::End(status) => writeln!(log, "<== status {status}"),
        GuestReport::Cycle(number) => writeln!(log, "==> cycle {number}"),
        GuestReport::Taint(bits) => writeln!(log, "==> taint {bits:#x}"),
        GuestReport::Finished => writeln!(log, "==> finished"),
    }
}

/// A QEMU that is ended when we leave.
struct Qemu {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Qemu {
    fn has_ended(&mut self) -> Result<bool, VmError> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().map_err(VmError::Io)?;
        }
        Ok(self.ended.is_some())
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        if self.ended.is_none() {
            // It may have ended by itself; either way it is gone after this.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn read_in_background(
    mut from: impl Read + Send + 'static,
    to: Sender<GuestOutput>,
    wrap: fn(Vec<u8>) -> GuestOutput,
) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 12];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let Some(bytes) = buffer.get(..count) else { return };
            if to.send(wrap(bytes.to_vec())).is_err() {
                return;
            }
        }
    });
}

fn read_to_end_in_background(
    mut from: impl Read + Send + 'static,
) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came until then is what there is to tell.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
