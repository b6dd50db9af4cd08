//! Objects of Rust with calls of `__fentry__`, which only newer compilers than that of the tests make: they are written
//! into the assembly.

use std::process::Command;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::matrix::RUST_KERNEL;
use crate::tools::{finish, tool};

/// The compiler.
pub const RUSTC: &str = "rustc";

/// How a kernel compiles it.
pub const PLAIN: &[&str] = &["-Zfunction-sections=n"];
/// How it is compiled again.
pub const SECTIONS: &[&str] = &["-Zfunction-sections=y"];

/// A line of a source without it: its functions are not traced.
pub const UNTRACED: &str = "// untraced\n";

/// Compiles `source` to an object of that name.
pub(crate) fn compile(
    directory: &Utf8Path,
    name: &str,
    source: &str,
    flags: &[&str],
) -> Result<Utf8PathBuf> {
    let file = |extension: &str| directory.join(format!("{name}.{extension}"));
    let (path, assembly, object) = (file("rs"), file("s"), file("o"));
    fs_err::write(&path, format!("#![no_std]\n{source}"))?;
    let mut command = Command::new(RUSTC);
    command.args(RUST_KERNEL).args(flags).env("RUSTC_BOOTSTRAP", "1");
    let emit = format!("--emit=asm={assembly}");
    finish(command.args([
        "--crate-name=small",
        "-Awarnings",
        &emit,
        "-o",
        assembly.as_str(),
        path.as_str(),
    ]))?;
    if !source.starts_with(UNTRACED) {
        let text = fs_err::read_to_string(&assembly)?;
        fs_err::write(&assembly, traced(&text))?;
    }
    tool("gcc", ["-c", "-o", object.as_str(), assembly.as_str()])?;
    Ok(object)
}

/// The same with a call at the start of each function.
fn traced(assembly: &str) -> String {
    let functions: Vec<&str> = assembly
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".type")?.trim().strip_suffix(",@function"))
        .collect();
    let lines = assembly.lines().map(|line| {
        let is_start = line.strip_suffix(':').is_some_and(|name| functions.contains(&name));
        if is_start { format!("{line}\n\tcall __fentry__\n") } else { format!("{line}\n") }
    });
    lines.collect()
}
