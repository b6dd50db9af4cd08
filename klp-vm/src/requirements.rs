//! What a trial needs: programs of this system, and options in the configuration of the kernel.

use camino::Utf8PathBuf;
use kbuild_glue::Config;

use crate::error::VmError;
use crate::guest;

/// The programs of a trial by their names: `qemu`, and a busybox that runs in a guest, looked for in the directories of
/// `search_path`. Nothing is run.
pub fn programs(
    qemu: &str,
    search_path: &[Utf8PathBuf],
) -> [(&'static str, Result<(), VmError>); 2] {
    let is_there = search_path.iter().any(|directory| directory.join(qemu).is_file());
    let absent = || VmError::Program {
        program: qemu.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let busybox = guest::busybox(None, search_path).map(drop);
    [("qemu", if is_there { Ok(()) } else { Err(absent()) }), ("busybox", busybox)]
}

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
