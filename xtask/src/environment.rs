//! Everything that xtask reads from its environment.

#![expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};

/// The root of the repository.
pub(crate) fn root() -> &'static Utf8Path {
    let xtask = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs us.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Where kernels are kept: `CARGO_KLP_CACHE`, or the user's cache directory.
pub(crate) fn kernel_cache() -> Result<Utf8PathBuf> {
    let absolute =
        |name| std::env::var(name).ok().map(Utf8PathBuf::from).filter(|path| path.is_absolute());
    if let Ok(given) = std::env::var("CARGO_KLP_CACHE")
        && !given.is_empty()
    {
        let path = camino::absolute_utf8(&given)
            .with_context(|| format!("CARGO_KLP_CACHE is no usable path: {given}"))?;
        return Ok(path);
    }
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("cargo-klp/kernels"))
        .context("neither XDG_CACHE_HOME nor HOME is set: set CARGO_KLP_CACHE")
}

/// The first directory of `PATH` that has this program.
pub(crate) fn find_program(name: &str) -> Option<Utf8PathBuf> {
    let path = std::env::var("PATH").ok()?;
    path.split(':').map(|dir| Utf8Path::new(dir).join(name)).find(|file| file.is_file())
}

/// The sources of Rust's standard library, as Kbuild knows them: `RUST_LIB_SRC`.
pub(crate) fn rust_library() -> Option<Utf8PathBuf> {
    std::env::var("RUST_LIB_SRC").ok().map(Utf8PathBuf::from).filter(|path| path.is_absolute())
}

/// How many jobs make and we run at a time.
pub(crate) fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
