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

    /// Whether the file is code of what starts the kernel, which is neither linked into it nor compared.
    #[must_use]
    pub fn starts_the_kernel(&self) -> bool {
        is_code(&self.path) && starts_the_kernel(&self.path)
    }

    /// Whether the file takes part in the last link of the kernel and of its modules, behind the objects that are compared.
    #[must_use]
    pub fn is_of_last_link(&self) -> bool {
        let path = &self.path;
        unpatchable(path).is_none() && !starts_the_kernel(path) && is_of_last_link(path)
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
    let is_arch = within("arch");
    if !is_code(path) || arch::is_other(path) {
        return None;
    }
    let has = |name: &str| path.components().any(|part| part.as_str() == name);
    // What maps it into processes, and the data that it reads, is in the kernel.
    let is_kernel = path.file_name().is_some_and(|name| OF_THE_KERNEL.contains(&name));
    if (has("vdso") && is_arch || within("lib/vdso")) && !is_kernel {
        return Some("the vDSO is code of processes, mapped into them when they start");
    }
    if has("realmode") && has("rm") {
        return Some("real mode code runs before the kernel and when processors start");
    }
    if within(arch::PURGATORY) {
        return Some("it is linked into a program of its own");
    }
    if path.extension() == Some("S") && !starts_the_kernel(path) && !is_of_last_link(path) {
        return Some("functions in assembly have no place for ftrace to redirect calls");
    }
    None
}

/// Files beside the sources of the vDSO (Linux 6.1 to 7.3).
const OF_THE_KERNEL: [&str; 4] = ["vma.c", "extable.c", "vdso32-setup.c", "datastore.c"];

/// Whether it is in the directory of a program that runs before the kernel.
pub(crate) fn starts_the_kernel(path: &Utf8Path) -> bool {
    let is_of = |directory: &&str| path.starts_with(directory);
    arch::STARTING.iter().any(is_of) && !path.starts_with(arch::NOT_STARTING)
}

fn is_code(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("S" | "c" | "h" | "rs"))
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
            "arch/x86/purgatory/purgatory.c",
            "arch/x86/lib/memmove_64.S",
        ] {
            assert!(unpatchable(path.into()).is_some(), "{path}");
        }
        for path in [
            "fs/inode.c",
            "kernel/reboot.c",
            "arch/x86/entry/vdso/vma.c",
            "lib/vdso/datastore.c",
            "lib/vdso/Makefile",
            "arch/x86/realmode/init.c",
            "arch/x86/kernel/process.c",
            "arch/arm/boot/dts/ti/clocks.dtsi",
            "arch/arm64/kernel/vdso/note.S",
            "arch/arm64/lib/memcpy.S",
            "boot/x.c",
        ] {
            assert_eq!(unpatchable(path.into()), None, "{path}");
        }
    }

    #[test]
    fn what_starts_the_kernel() {
        for (path, expected) in [
            ("arch/x86/boot/main.c", true),
            ("arch/x86/boot/compressed/head_64.S", true),
            ("drivers/firmware/efi/libstub/x86-stub.c", true),
            ("arch/x86/boot/startup/sev-startup.c", false),
            ("arch/arm/boot/compressed/misc.c", false),
            ("drivers/firmware/efi/efi.c", false),
        ] {
            assert_eq!(starts_the_kernel(path.into()), expected, "{path}");
        }
    }
}
