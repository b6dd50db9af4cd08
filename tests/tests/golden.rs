//! Digests stay what they were: checksum files are compared months after they were written. The objects of
//! `golden/` were made from inputs of the matrix (gcc 12, clang 19, rustc 1.95, linked with `ld -r`). Where
//! the definition of the digest changes, and its version with it, they are written anew:
//! `cargo klp checksum gcc.o > gcc.checksums`.

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::klp::{klp, run};

fn check(name: &str) -> Result<()> {
    let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let object = format!("{name}.o");
    let outcome = run(klp(["checksum", object.as_str()])?.current_dir(&directory))?;
    ensure!(outcome.status == Some(0), "{}", outcome.stderr);
    let known = fs_err::read_to_string(directory.join(format!("{name}.checksums")))?;
    ensure!(known.lines().count() > 30, "{known}");
    assert_eq!(outcome.stdout, known);
    Ok(())
}

#[test]
fn of_gcc() -> Result<()> {
    check("gcc")
}

#[test]
fn of_clang() -> Result<()> {
    check("clang")
}

#[test]
fn of_rustc() -> Result<()> {
    check("rust")
}
