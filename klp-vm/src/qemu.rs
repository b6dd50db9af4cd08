//! How QEMU is called.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use camino::Utf8Path;
use kbuild_glue::child::end_with_us;

use crate::arch;
use crate::machine::GuestMachine;
use crate::trial::Trial;

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor, through `/dev/kvm`.
    Kvm,
    /// QEMU's own translator: works everywhere, and takes about ten times as long.
    Tcg,
}

impl Accelerator {
    /// The word that QEMU knows it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// Whether this process may use `/dev/kvm`. That does not tell whether it works: in a virtual
    /// machine it can be there and hang.
    pub(crate) fn kvm_is_open() -> bool {
        fs_err::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
    }
}

/// Only the kernel of a trial is started with it, and says so in its log. No kernel has a module of that name.
const MARK: &str = "cargo_klp.trial=1";

/// Whether a file is the log of a trial, or of one in which the kernel said nothing.
#[must_use]
pub fn is_log(file: &[u8]) -> bool {
    let says = |words: &str| file.windows(words.len()).any(|part| part == words.as_bytes());
    file.is_empty() || says("Linux version") && says("ommand line: ") && says(MARK)
}

/// QEMU with the console on its standard output and the guest's reports on the socket.
pub(crate) fn command(
    machine: &GuestMachine<'_>,
    accelerator: Accelerator,
    trial: &Trial,
    initrd: &Utf8Path,
    reports: &Utf8Path,
) -> Command {
    let mut command = Command::new(&machine.qemu);
    let console = format!("console={}", arch::CONSOLE);
    let always = ["oops=panic", "panic=-1", MARK].map(str::to_owned);
    let parameters = [&[console][..], &always, &trial.parameters].concat();
    let processor = match accelerator {
        Accelerator::Kvm => "host",
        Accelerator::Tcg => "max",
    };
    // With a thread for each processor, QEMU (7.2) can run an int3 that another processor has taken
    // away: any livepatch under load, the kernel's sample too, ends in an oops then.
    let accel = match accelerator {
        Accelerator::Kvm => "kvm",
        Accelerator::Tcg => "tcg,thread=single",
    };
    command
        .args(["-accel", accel, "-cpu", processor])
        .args(["-m", &format!("{}M", machine.memory_mib)])
        .args(["-smp", &machine.processors.to_string()])
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"])
        .args(["-serial", "stdio"])
        .args([
            "-chardev",
            &format!("socket,id=reports,path={}", reports.as_str().replace(',', ",,")),
        ])
        .args(["-serial", "chardev:reports"])
        .args(["-kernel", trial.image.as_str(), "-initrd", initrd.as_str()])
        // A guest that oopses ends: -no-reboot makes QEMU leave where the kernel would reboot.
        .args(["-append", &parameters.join(" ")]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C is for us: we end QEMU ourselves.
    command.process_group(0);
    end_with_us(&mut command);
    command
}
