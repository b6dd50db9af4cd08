//! What is of one architecture in a virtual machine.

/// The program that runs a guest.
pub const QEMU: &str = "qemu-system-x86_64";
/// The package that has QEMU for it, on Debian.
pub(crate) const QEMU_PACKAGE: &str = "qemu-system-x86";
/// The first serial port, as the guest's kernel calls it.
pub(crate) const CONSOLE: &str = "ttyS0";
/// The second one, for reports, which `init.sh` writes to: file, and the numbers of the device.
pub(crate) const REPORTS: (&str, u32, u32) = ("dev/ttyS1", 4, 65);
/// What make is asked for to get the image that boots.
pub(crate) const IMAGE_TARGET: &str = "bzImage";
/// What the kernel says of relocations that do not fit (arch/x86/kernel/module.c).
pub(crate) const INVALID_RELOCATION: &str = "module: x86/modules: Invalid ";
