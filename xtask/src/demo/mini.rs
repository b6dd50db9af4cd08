//! The demo that needs only Rust, gcc and make.

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::expected::{self, Expected, Function};
use crate::{environment, klp, process};

const PATCHES: [&str; 4] = ["fix-one-function", "change-inline", "switch-constants", "only-lines"];

/// Builds the mini kernel in a temporary directory and takes some patches to it.
pub(crate) fn mini() -> Result<()> {
    let klp = klp::build(false)?;
    let scratch = tempfile::Builder::new().prefix("cargo-klp-demo-").tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("the temporary directory")?;
    let examples = environment::root().join("examples");
    let source = scratch.join("mini-kernel");
    let build = scratch.join("build");

    let mini_kernel = examples.join("mini-kernel");
    process::run(process::command("cp").args(["-a", mini_kernel.as_str(), source.as_str()]))?;
    let output = format!("O={build}");
    process::output(process::command("make").args(["-C", source.as_str(), &output, "defconfig"]))?;

    let mut wrong = 0;
    for name in PATCHES {
        let patch = examples.join("patches").join(name).with_extension("patch");
        if !one(&klp, &source, &build, &patch)? {
            wrong += 1;
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} results are not what the patches do", PATCHES.len());
    }
    println!("\nThe same on a real kernel: cargo xtask demo --kernel 6.1");
    Ok(())
}

/// Takes one patch, shows the result, and says whether it is the right one.
fn one(klp: &Utf8Path, source: &Utf8Path, build: &Utf8Path, patch: &Utf8PathBuf) -> Result<bool> {
    let subject = subject(patch)?;
    println!("\n==> {}: {subject}", patch.file_name().unwrap_or_default());
    let mut command = klp::build_command(klp, source, build);
    command.arg(patch);
    println!("    $ cargo klp build {}", patch.file_name().unwrap_or_default());
    let status = command.status().with_context(|| format!("failed to run {klp}"))?;

    let expected = Expected::read(patch, false)?;
    if status.code() != Some(expected.exit) {
        println!("FAIL: {status}, expected exit status {}", expected.exit);
        return Ok(false);
    }
    let found = if expected.functions.is_empty() { Vec::new() } else { written(build)? };
    let (missing, extra) = expected::compare(&expected.functions, &found);
    for function in &missing {
        println!("FAIL: not found: {function}");
    }
    for function in &extra {
        println!("FAIL: found, but not changed: {function}");
    }
    Ok(missing.is_empty() && extra.is_empty())
}

/// The functions in `changed-functions.json`.
fn written(build: &Utf8Path) -> Result<Vec<Function>> {
    let path = build.join("changed-functions.json");
    let document = serde_json::from_str(&fs_err::read_to_string(&path)?)
        .with_context(|| format!("failed to parse {path}"))?;
    Ok(expected::functions_in(&document))
}

/// The `Subject:` of a patch, without its tag.
fn subject(patch: &Utf8Path) -> Result<String> {
    let text = fs_err::read_to_string(patch)?;
    let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
    Ok(subject.trim_start_matches("[PATCH] ").to_owned())
}
