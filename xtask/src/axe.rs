//! axe-core, with which tests ask a browser whether people can use a page who do not see or hear as others do. It is no package
//! of Debian's, and is under the MPL 2.0, so it is fetched and not shipped.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;

use crate::{environment, process};

/// The version that tests look for, too: `tests/src/axe.rs`.
const PACKAGE: &str = "axe-core-4.14.1";

/// What npm says of its archive.
const INTEGRITY: &str = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";

/// Fetches it into `target/tools`, if it is not there and npm is. Where it cannot be had, its test says what it lacks.
pub(crate) fn ensure() {
    let tools = environment::root().join("target/tools");
    let kept = tools.join(PACKAGE);
    if kept.join("axe.min.js").is_file() || environment::find_program("npm").is_none() {
        return;
    }
    if let Err(error) = fetch(&tools, &kept) {
        println!("{PACKAGE} cannot be fetched: {error:#}");
    }
}

fn fetch(tools: &Utf8Path, kept: &Utf8Path) -> Result<()> {
    println!("==> npm pack {PACKAGE}");
    fs_err::create_dir_all(tools)?;
    let scratch = tempfile::Builder::new().prefix(".unpack-").tempdir_in(tools)?;
    let scratch = Utf8Path::from_path(scratch.path()).context("the target directory")?;
    let name = PACKAGE.replacen("core-", "core@", 1);
    let mut pack = process::command("npm");
    let said = process::output(pack.args(["pack", "--json", &name]).current_dir(scratch))?;
    ensure!(said.contains(INTEGRITY), "this is another {PACKAGE} than it was:\n{said}");
    let unpacked = scratch.join("package");
    let archive = format!("{PACKAGE}.tgz");
    process::run(process::command("tar").args(["-xzf", &archive]).current_dir(scratch))?;
    Ok(fs_err::rename(unpacked, kept)?)
}
