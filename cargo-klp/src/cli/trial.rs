//! `cargo klp try`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::TreeArgs;

/// Load livepatch modules into the built kernel, in QEMU, and see what they do
///
/// Boots arch/x86/boot/bzImage of the output directory, or, where that was not built, of the original that
/// `cargo klp build` keeps, with a small initrd, loads the modules one after the other, waits for the end of each transition, runs the scripts, disables, unloads, and reports. A
/// kernel warning or oops is a failure, and so is a script that fails or a guest that comes to no end.
///
/// Scripts are run by busybox sh with `KLP_STAGE` set to before, after or unloaded and
/// `KLP_MODULE` to the name of the livepatch. `modprobe` loads the modules that were put into the guest.
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// Livepatch modules, loaded in this order
    #[arg(value_name = "MODULE.ko", required = true)]
    pub(crate) livepatches: Vec<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) tree: TreeArgs,
    /// Kernel image [default: arch/x86/boot/bzImage in the output directory, or of the kept original]
    #[arg(long, value_name = "BZIMAGE")]
    pub(crate) kernel: Option<Utf8PathBuf>,
    /// Run this before the livepatches are loaded
    #[arg(long, value_name = "SCRIPT")]
    pub(crate) before: Option<Utf8PathBuf>,
    /// Run this after each livepatch was loaded
    #[arg(long, value_name = "SCRIPT")]
    pub(crate) after: Option<Utf8PathBuf>,
    /// Run this before, after each livepatch, and when all are unloaded
    #[arg(long, value_name = "SCRIPT", conflicts_with_all = ["before", "after"])]
    pub(crate) script: Option<Utf8PathBuf>,
    /// Load this module of the kernel before the livepatches, with all that it needs
    #[arg(long = "module", value_name = "NAME")]
    pub(crate) modules: Vec<String>,
    /// Load this module of the kernel after each livepatch
    #[arg(long = "late-module", value_name = "NAME")]
    pub(crate) late_modules: Vec<String>,
    /// Put this file into /klp/files of the guest
    #[arg(long = "file", value_name = "FILE")]
    pub(crate) files: Vec<Utf8PathBuf>,
    /// How often to load and unload
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) cycles: std::num::NonZeroU32,
    /// The kernel has to warn with a line that contains this
    #[arg(long = "expect", value_name = "TEXT")]
    pub(crate) expected: Vec<String>,
    /// Seconds until the guest is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// What runs the guest [default: KVM where it works, else TCG]
    #[arg(long, value_name = "ACCELERATOR", env = "CARGO_KLP_ACCEL")]
    pub(crate) accel: Option<Accel>,
    /// QEMU
    #[arg(long, value_name = "PROGRAM", default_value = "qemu-system-x86_64")]
    pub(crate) qemu: String,
    /// Static busybox for the guest [default: busybox on the PATH]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) busybox: Option<Utf8PathBuf>,
    /// Memory of the guest in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub(crate) memory: u32,
    /// Processors of the guest
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) processors: std::num::NonZeroU32,
    /// Where to keep the log [default: .klp/log/try.log in the output directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<Utf8PathBuf>,
}

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    Kvm,
    Tcg,
}
