//! What is of one architecture in a kernel's tree and its build.

use camino::Utf8Path;

/// The architecture, as people write it.
pub(crate) const NAME: &str = "x86-64";
/// The same, as Debian calls it in packages.
pub(crate) const DEBIAN: &str = "amd64";
/// The option that says that a kernel is for it.
pub(crate) const OPTION: &str = "CONFIG_X86_64";
/// Its directory below `arch`.
pub(crate) const DIRECTORY: &str = "x86";
/// What make is asked for to get the image that boots.
pub(crate) const IMAGE_TARGET: &str = "bzImage";
/// That image, in the output directory.
pub const IMAGE: &str = "arch/x86/boot/bzImage";
/// Headers that a build makes for it, in the output directory.
pub(crate) const GENERATED_HEADERS: &str = "arch/x86/include/generated";
/// The libraries that are linked into the kernel, in the output directory.
pub(crate) const LIBRARIES: &[&str] = &["lib/lib.a", "arch/x86/lib/lib.a"];

/// The directory of the program that runs between two kernels.
pub(crate) const PURGATORY: &str = "arch/x86/purgatory";

/// Directories of programs that are put into the kernel as data, or run before it.
pub(crate) const NOT_RUNNING: &[&str] = &[
    "arch/x86/boot/",
    "arch/x86/entry/vdso/",
    "arch/x86/purgatory/",
    "arch/x86/realmode/",
    "drivers/firmware/efi/libstub/",
];

/// Those of them whose programs are put into the kernel as data.
pub(crate) const BROUGHT_ALONG: &[&str] =
    &["arch/x86/entry/vdso/", "arch/x86/purgatory/", "arch/x86/realmode/"];

/// Directories of programs that run before the kernel, and none of which is linked into it.
pub(crate) const STARTING: &[&str] = &["arch/x86/boot", "drivers/firmware/efi/libstub"];

/// What is in one of those, and is linked into the kernel.
pub(crate) const NOT_STARTING: &str = "arch/x86/boot/startup";

/// Options of compilers for code that is none of the kernel that runs.
pub(crate) const OTHER_MODES: &[&str] = &["-m32", "-m16"];

/// Its own part of the kernel's Makefile.
pub(crate) const MAKEFILE: &str = "arch/x86/Makefile";

/// The line of `scripts/generate_rust_target.rs` that begins the target of its kernels for rustc (Linux 7.2 and 7.3).
pub(crate) const RUST_TARGET: &str = r#"ts.push("llvm-target", "x86_64-linux-gnu");"#;

/// Whether `path` in the sources is of another architecture.
pub(crate) fn is_other(path: &Utf8Path) -> bool {
    path.strip_prefix("arch").is_ok_and(|rest| !rest.starts_with(DIRECTORY))
}
