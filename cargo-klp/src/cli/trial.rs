//! `cargo klp try`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::TreeArgs;

/// Load livepatch modules into the built kernel, in QEMU, and see what they do
///
/// Boots the kernel with a small initrd, loads the modules one after the other, waits for the end of each transition,
/// runs the scripts, disables and unloads the modules, and reports. A kernel warning or oops is a failure, and so is
/// a script that fails or a guest that does not end in time.
///
/// Scripts are run by busybox sh with `KLP_STAGE` set to before, after or unloaded and
/// `KLP_MODULE` to the name of the livepatch. `modprobe` loads the modules that were put into the guest.
#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// Livepatch modules, loaded in this order
    #[arg(value_name = "MODULE.ko", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) livepatches: Vec<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Boot this image [default: arch/x86/boot/bzImage in the output directory, else of the original that
    /// `cargo klp build` keeps]
    #[arg(long, value_name = "BZIMAGE", value_hint = ValueHint::FilePath, help_heading = "Kernel")]
    pub(crate) kernel: Option<Utf8PathBuf>,
    /// Run this script before the livepatches are loaded
    #[arg(long, value_name = "SCRIPT", value_hint = ValueHint::FilePath, help_heading = STEPS)]
    pub(crate) before: Option<Utf8PathBuf>,
    /// Run this script after each livepatch was loaded
    #[arg(long, value_name = "SCRIPT", value_hint = ValueHint::FilePath, help_heading = STEPS)]
    pub(crate) after: Option<Utf8PathBuf>,
    /// Run this script before, after each livepatch, and when all are unloaded
    #[arg(long, value_name = "SCRIPT", conflicts_with_all = ["before", "after"],
          value_hint = ValueHint::FilePath, help_heading = STEPS)]
    pub(crate) script: Option<Utf8PathBuf>,
    /// Load this module of the kernel before the livepatches, with all that it needs
    #[arg(long = "module", value_name = "NAME", help_heading = STEPS)]
    pub(crate) modules: Vec<String>,
    /// Load this module of the kernel after each livepatch
    #[arg(long = "late-module", value_name = "NAME", help_heading = STEPS)]
    pub(crate) late_modules: Vec<String>,
    /// Put this file into /klp/files of the guest
    #[arg(long = "file", value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = STEPS)]
    pub(crate) files: Vec<Utf8PathBuf>,
    /// Load and unload this many times
    #[arg(long, value_name = "N", default_value = "1", help_heading = STEPS)]
    pub(crate) cycles: std::num::NonZeroU32,
    /// Fail unless the kernel warns with a line that contains this text
    #[arg(long = "expect", value_name = "TEXT", help_heading = STEPS)]
    pub(crate) expected: Vec<String>,
    /// Give the guest up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, help_heading = GUEST)]
    pub(crate) timeout: u64,
    /// Run the guest with this [default: KVM where it works, else TCG]
    #[arg(long, value_name = "ACCELERATOR", env = "CARGO_KLP_ACCEL", help_heading = GUEST)]
    pub(crate) accel: Option<Accel>,
    /// The QEMU program
    #[arg(long, value_name = "PROGRAM", default_value = klp_vm::QEMU,
          value_hint = ValueHint::CommandName, help_heading = GUEST)]
    pub(crate) qemu: String,
    /// The statically linked busybox for the guest [default: busybox on the PATH]
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::FilePath, help_heading = GUEST)]
    pub(crate) busybox: Option<Utf8PathBuf>,
    /// Give the guest this much memory, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512, help_heading = GUEST)]
    pub(crate) memory: u32,
    /// Give the guest this many processors
    #[arg(long, value_name = "N", default_value = "2", help_heading = GUEST)]
    pub(crate) processors: std::num::NonZeroU32,
    /// Add this to the kernel's command line, such as lockdown=integrity
    #[arg(long = "append", value_name = "PARAMETER", help_heading = GUEST)]
    pub(crate) parameters: Vec<String>,
    /// Write the log to this file [default: .klp/log/try.log in the output directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = GUEST)]
    pub(crate) log: Option<Utf8PathBuf>,
}

/// Headings of the options.
const STEPS: &str = "What to do in the guest";
const GUEST: &str = "Guest";

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    /// The processor itself, through /dev/kvm
    Kvm,
    /// QEMU's own translation: slow, works everywhere
    Tcg,
}
