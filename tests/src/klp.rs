//! The program under test, called as a user calls it.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{schema, tools};

/// No run of a test takes this long, on however slow a machine.
const PATIENCE: Duration = Duration::from_mins(4);

/// The same for building and booting a real kernel.
const PATIENCE_WITH_KERNELS: Duration = Duration::from_hours(3);

/// What would reach the program from the shell of whoever runs the tests, or from a make above it.
const FOREIGN: &[&str] = &[
    "AR",
    "ARCH",
    "CARGO_KLP_CACHE_DIR",
    "CARGO_KLP_PAGER",
    "CARGO_KLP_TARGET_DIR",
    "CARGO_MAKEFLAGS",
    "CARGO_TERM_COLOR",
    "CARGO_TERM_PROGRESS_WHEN",
    "CARGO_TERM_QUIET",
    "CARGO_TERM_VERBOSE",
    "CC",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "CROSS_COMPILE",
    "GIT_PAGER",
    "HOSTCC",
    "KAFLAGS",
    "KBUILD_OUTPUT",
    "KCFLAGS",
    "KCPPFLAGS",
    "LD",
    "LLVM",
    "MAKE",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
    "NM",
    "NO_COLOR",
    "OBJCOPY",
    "RAYON_NUM_THREADS",
];

/// The workspace's root.
#[must_use]
pub fn root() -> &'static Utf8Path {
    Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The binary, built once by cargo.
pub fn binary() -> Result<&'static Utf8Path> {
    static BINARY: OnceLock<Result<Utf8PathBuf, String>> = OnceLock::new();
    match BINARY.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(error) => bail!("no program to test: {error}"),
    }
}

fn build() -> Result<Utf8PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "cargo-klp"]);
    cargo.arg("--message-format=json-render-diagnostics").current_dir(root());
    let output = cargo.stderr(Stdio::inherit()).output().context("failed to run cargo")?;
    ensure!(output.status.success(), "cargo build: {}", output.status);
    String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "cargo-klp")
        .find_map(|message| message["executable"].as_str().map(Utf8PathBuf::from))
        .context("cargo named no executable")
}

/// `cargo-klp klp ARGUMENTS`. What it keeps of objects, it keeps beside the program.
pub fn klp<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Command> {
    let binary = binary()?;
    let mut command = plain(binary);
    command.env("CARGO_KLP_CACHE_DIR", binary.with_extension("cache"));
    command.arg("klp").args(arguments);
    Ok(command)
}

/// `cargo klp ARGUMENTS`, with the program on the `PATH`.
pub fn through_cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Command> {
    let mut command = plain(env!("CARGO"));
    command.arg("klp").args(arguments).env("PATH", path_with_binary()?);
    Ok(command)
}

/// `PATH`, with the directory of the program in front.
pub fn path_with_binary() -> Result<String> {
    let directory = binary()?.parent().context("the binary is in no directory")?;
    Ok(format!("{directory}:{}", tools::variable("PATH").unwrap_or_default()))
}

/// A command that sees nothing of the caller's environment that means something to us.
pub fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command
}

/// How a run ended, and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Exit status; none when a signal ended it.
    pub status: Option<i32>,
    /// Results.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// How long it took, in milliseconds.
    pub millis: u128,
}

impl Outcome {
    /// Is an error unless the run ended with `status` and did not panic.
    pub fn expect(self, status: i32) -> Result<Self> {
        ensure!(self.status == Some(status), "expected exit status {status}: {self:#?}");
        ensure!(!self.stderr.contains("panicked"), "{self:#?}");
        Ok(self)
    }

    /// Is an error unless the run failed with `status`, one error line that contains `message`, and a
    /// hint that contains `hint` (none for `None`), and printed no results.
    pub fn expect_error(self, status: i32, message: &str, hint: Option<&str>) -> Result<Self> {
        let this = self.expect(status)?;
        let starting = |start: &str| -> Vec<String> {
            this.stderr.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
        };
        let (errors, hints) = (starting("error"), starting("hint: "));
        ensure!(errors.len() == 1, "expected one error line: {this:#?}");
        ensure!(this.stderr.contains(message), "expected `{message}`: {this:#?}");
        for cause in starting("  caused by: ") {
            let cause = cause.trim_start_matches("  caused by: ");
            ensure!(this.stderr.matches(cause).count() == 1, "said twice: {this:#?}");
        }
        match (hint, hints.as_slice()) {
            (None, []) => {}
            (Some(wanted), [hint]) if hint.contains(wanted) => {}
            _ => bail!("expected the hint {hint:?}: {this:#?}"),
        }
        let is_result = |line: &str| {
            !["version", "error"]
                .iter()
                .any(|reason| line.starts_with(&format!("{{\"reason\":\"{reason}\"")))
        };
        ensure!(!this.stdout.lines().any(is_result), "an error with results: {this:#?}");
        Ok(this)
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<Outcome> {
    Running::start(command)?.wait()
}

/// Runs a command to its end that may build or boot a real kernel.
pub fn run_patiently(command: &mut Command) -> Result<Outcome> {
    let mut running = Running::start(command)?;
    running.patience = PATIENCE_WITH_KERNELS;
    running.wait()
}

/// A command that runs, in a process group of its own. It is killed when this is dropped early.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ended: Option<ExitStatus>,
    stdout: std::fs::File,
    stderr: std::fs::File,
    begin: Instant,
    patience: Duration,
    name: String,
}

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Result<Self> {
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?).process_group(0);
        let name = format!("{command:?}");
        let child = command.spawn().with_context(|| format!("failed to run {name}"))?;
        Ok(Self {
            child,
            ended: None,
            stdout,
            stderr,
            begin: Instant::now(),
            patience: PATIENCE,
            name,
        })
    }

    /// What it has printed to standard error so far.
    pub fn stderr(&mut self) -> Result<String> {
        text(&mut self.stderr)
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(self.pid()?, signal)?)
    }

    /// Sends a signal to its process group. (A make that it runs has a group of its own.)
    pub fn signal_group(&self, signal: Signal) -> Result<()> {
        Ok(kill_process_group(self.pid()?, signal)?)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> Result<bool> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended.is_some())
    }

    /// Waits until `condition` holds while the command runs; false when the command ended before.
    pub fn wait_until(&mut self, condition: impl Fn() -> bool) -> Result<bool> {
        loop {
            if condition() {
                return Ok(true);
            }
            if self.has_ended()? {
                return Ok(false);
            }
            self.check_patience()?;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until it ends.
    pub fn wait(self) -> Result<Outcome> {
        self.wait_and_watch(|_| ())
    }

    /// Waits until it ends, and gives the number of the process to `watch` every few milliseconds.
    pub fn wait_and_watch(mut self, mut watch: impl FnMut(u32)) -> Result<Outcome> {
        while !self.has_ended()? {
            self.check_patience()?;
            watch(self.child.id());
            std::thread::sleep(Duration::from_millis(2));
        }
        let stdout = text(&mut self.stdout)?;
        schema::check_lines(&stdout).with_context(|| self.name.clone())?;
        Ok(Outcome {
            status: self.ended.and_then(|status| status.code()),
            stdout,
            stderr: text(&mut self.stderr)?,
            millis: self.begin.elapsed().as_millis(),
        })
    }

    fn check_patience(&mut self) -> Result<()> {
        if self.begin.elapsed() < self.patience {
            return Ok(());
        }
        let stderr = self.stderr()?;
        bail!("{} still runs after {:?}: {stderr}", self.name, self.patience)
    }

    fn pid(&self) -> Result<Pid> {
        let pid = i32::try_from(self.child.id())?;
        Pid::from_raw(pid).context("a process without a number")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(false) = self.has_ended() {
            let _ = self.signal_group(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

fn text(file: &mut std::fs::File) -> Result<String> {
    // The position is shared with the process that writes; reading at an offset leaves it alone.
    use std::os::unix::fs::FileExt as _;
    let length = usize::try_from(file.metadata()?.len())?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
