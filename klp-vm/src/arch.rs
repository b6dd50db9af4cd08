//! What is of one architecture in a virtual machine.

/// The package that has QEMU for it, on Debian.
pub(crate) const QEMU_PACKAGE: &str = "qemu-system-x86";
/// The first serial port, as the guest's kernel calls it.
pub(crate) const CONSOLE: &str = "ttyS0";
/// What make is asked for to get the image that boots.
pub(crate) const IMAGE_TARGET: &str = "bzImage";
/// What the kernel says of relocations that do not fit (arch/x86/kernel/module.c).
pub(crate) const INVALID_RELOCATION: &str = "module: x86/modules: Invalid ";
