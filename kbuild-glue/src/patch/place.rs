//! Sources whose code no livepatch reaches.

use camino::Utf8Path;

use super::FileChange;
use crate::arch;

impl FileChange {
    /// Why code of this file cannot be livepatched; it can still be compared.
    ///
    /// Only what the path says. Which functions can be patched is known when they have been compared.
    #[must_use]
    pub fn unpatchable(&self) -> Option<&'static str> {
        unpatchable(&self.path)
    }

    /// Whether the file takes part in the last link of the kernel and of its modules, behind the objects that are compared.
    #[must_use]
    pub fn is_of_last_link(&self) -> bool {
        unpatchable(&self.path).is_none() && is_of_last_link(&self.path)
    }
}

/// Whether the file takes part in the last link of the kernel and of its modules, behind the objects that are compared.
fn is_of_last_link(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let is_script = name.ends_with(".lds.S") || name.ends_with(".lds.h");
    is_script || path.starts_with("scripts/mod") || LAST_LINK.contains(&path.as_str())
}

/// What the kernel's last link runs and reads (Linux 6.1 to 7.3).
const LAST_LINK: [&str; 12] = [
    "scripts/Makefile.modfinal",
    "scripts/Makefile.modpost",
    "scripts/Makefile.module",
    "scripts/Makefile.vmlinux",
    "scripts/Makefile.vmlinux_a",
    "scripts/Makefile.vmlinux_o",
    "scripts/kallsyms.c",
    "scripts/link-vmlinux.sh",
    "scripts/module-common.c",
    "scripts/sorttable.c",
    "scripts/sorttable.h",
    "scripts/generate_initcall_order.pl",
];

fn unpatchable(path: &Utf8Path) -> Option<&'static str> {
    let within = |directory: &str| path.starts_with(directory);
    let parts: Vec<&str> = path.components().map(|part| part.as_str()).collect();
    let is_arch = parts.first() == Some(&"arch");
    // What maps it into processes is in the kernel.
    let maps_it = ["vma.c", "extable.c", "vdso32-setup.c"].map(Some).contains(&path.file_name());
    if (parts.contains(&"vdso") && is_arch && !maps_it) || within("lib/vdso") {
        return Some("the vDSO is code of processes, mapped into them when they start");
    }
    if parts.contains(&"realmode") {
        return Some("real mode code runs before the kernel and when processors start");
    }
    if is_arch && parts.get(2) == Some(&"boot") {
        return Some("boot code is gone when the kernel runs");
    }
    if arch::PROGRAMS.iter().any(|directory| within(directory)) {
        return Some("it is linked into a program of its own");
    }
    if matches!(path.extension(), Some("S")) && !is_of_last_link(path) {
        return Some("functions in assembly have no place for ftrace to redirect calls");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for path in [
            "arch/x86/entry/vdso/common/vclock_gettime.c",
            "lib/vdso/gettimeofday.c",
            "arch/x86/realmode/rm/header.S",
            "arch/x86/boot/main.c",
            "arch/x86/lib/memmove_64.S",
            "drivers/firmware/efi/libstub/x86-stub.c",
        ] {
            assert!(unpatchable(path.into()).is_some(), "{path}");
        }
        for path in [
            "fs/inode.c",
            "kernel/reboot.c",
            "arch/x86/entry/vdso/vma.c",
            "arch/x86/kernel/process.c",
            "boot/x.c",
        ] {
            assert_eq!(unpatchable(path.into()), None, "{path}");
        }
    }
}
