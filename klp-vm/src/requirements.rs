//! What the configuration of a kernel must have for a trial.

use kbuild_glue::Config;

use crate::error::VmError;

/// Options, and what each is needed for.
const NEEDED: &[(&str, &str)] = &[
    ("CONFIG_BLK_DEV_INITRD", "the guest's programs are in an initrd"),
    ("CONFIG_SERIAL_8250_CONSOLE", "the guest talks through a serial console"),
    ("CONFIG_PRINTK", "the kernel's messages tell whether it is well"),
    ("CONFIG_BINFMT_ELF", "the guest runs busybox"),
    ("CONFIG_BINFMT_SCRIPT", "the first process of the guest is a script"),
    ("CONFIG_PROC_FS", "the guest waits for transitions and reads the taint"),
];

/// The same for loading livepatches.
const FOR_LIVEPATCHES: &[(&str, &str)] = &[
    ("CONFIG_MODULES", "a livepatch is a module"),
    ("CONFIG_MODULE_UNLOAD", "the livepatch is unloaded again"),
    ("CONFIG_LIVEPATCH", "livepatches are not supported"),
    ("CONFIG_SYSFS", "livepatches are enabled and disabled there"),
];

/// Whether a kernel with this configuration can be tried, and why not.
pub(crate) fn check(config: &Config, with_livepatches: bool) -> Result<(), VmError> {
    let more: &[_] = if with_livepatches { FOR_LIVEPATCHES } else { &[] };
    // Options that hang on others are listed after them: the first one missing is the one to set.
    match NEEDED.iter().chain(more).find(|(option, _)| !config.is_enabled(option)) {
        Some((option, why)) => Err(VmError::Option { option, why }),
        None => Ok(()),
    }
}
