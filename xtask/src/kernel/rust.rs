//! A kernel with Rust drivers.

use anyhow::{Context as _, Result, bail};

use super::{Compiler, Kernel, build};
use crate::{environment, process};

/// Gets the sources of a version and configures them with Rust. Returns what make needs for it besides.
///
/// rustc and its standard library's sources have to be there, and bindgen of a version that the kernel takes.
pub(crate) fn configured_with_rust(version: &str) -> Result<(Kernel, Vec<String>)> {
    let (cache, source) = super::sources(version, Compiler::Gcc.into())?;
    if environment::find_program("bindgen").is_none() {
        bail!("bindgen is not here: cargo install bindgen-cli");
    }
    let library = if let Some(library) = environment::rust_library() {
        library
    } else {
        let sysroot = process::output(process::command("rustc").args(["--print", "sysroot"]))?;
        format!("{}/lib/rustlib/src/rust/library", sysroot.trim_end()).into()
    };
    if !library.join("core/src/lib.rs").is_file() {
        bail!("no sources of the Rust library in {library}: install rust-src, or set RUST_LIB_SRC");
    }
    let variables = vec![format!("RUST_LIB_SRC={library}")];
    let build = build::configure_rust(&cache, &source, version, &variables)
        .context("failed to configure a kernel with Rust")?;
    Ok((Kernel { source, build }, variables))
}
