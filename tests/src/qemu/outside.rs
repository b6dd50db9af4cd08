//! A livepatch of a module outside of the kernel's tree.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use serde_json::Value;

use super::Kernel;
use crate::kernel::temporary;
use crate::klp::{Outcome, klp, plain, root, run_patiently};
use crate::tools::finish;

/// What a reader of the module's file sees.
const SCRIPT: &str = "cat /proc/visitors\n";

/// The module of `tests/qemu/module` is built, a livepatch of it is loaded before it and after it, and one of another build of
/// it is refused. Its sources may be elsewhere than where it was built.
pub fn outside(kernel: &Kernel) -> Result<()> {
    let build = kernel.workspace().join("build");
    ensure!(build.join("vmlinux").is_file(), "{build} has no kernel: run the other cases first");
    let (_guard, directory) = temporary()?;
    let (module, livepatch) = (directory.join("visitors"), directory.join("livepatch-fix.ko"));
    let from = root().join("tests/qemu/module");
    finish(plain("cp").args(["-a", from.as_str(), module.as_str()]))?;
    let make = |flags: &str| {
        let mut make = plain("make");
        make.args(["-s", "-C", build.as_str(), &format!("M={module}"), "modules", flags]);
        finish(make.args(&kernel.variables))
    };
    make("KCFLAGS=")?;
    let patch = root().join("tests/qemu/module.patch");
    let call = |command: &str, arguments: &[&str]| -> Result<Outcome> {
        let mut call = klp([command, "-C", build.as_str(), "-M", module.as_str()])?;
        run_patiently(call.args(["--message-format", "json"]).args(arguments))
    };
    let with_variables = |arguments: &[&str]| -> Result<Outcome> {
        let variables = kernel.variables.iter().map(String::as_str);
        call("build", &arguments.iter().copied().chain(variables).collect::<Vec<&str>>())
    };
    let arguments = [patch.as_str(), "-o", livepatch.as_str()];
    let livepatched = with_variables(&arguments)?.expect(0)?;
    expect_proven(&livepatched)?;
    call("check", &[livepatch.as_str()])?.expect(0)?;
    let bytes = fs_err::read(&livepatch)?;
    let names_copy = bytes.windows(5).any(|text| text == b".klp/");
    ensure!(!names_copy, "a warning would name a file of ours");

    let script = directory.join("see.sh");
    fs_err::write(&script, SCRIPT)?;
    let trial = ["--script", script.as_str(), livepatch.as_str()];
    let before = [&["--module", "visitors"], &trial[..]].concat();
    let seen = call("try", &before)?.expect(0)?;
    expect(&seen, "before", "visitor 1, odd\n")?;
    expect(&seen, "after", "visitor 2, even, patched 1\n")?;
    expect(&seen, "unloaded", "visitor 3, odd\n")?;
    let script = ["--after", script.as_str(), livepatch.as_str()];
    let seen = call("try", &[&["--late-module", "visitors"], &script[..]].concat())?.expect(0)?;
    expect(&seen, "after", "visitor 1, uneven, patched 1\n")?;

    needing(kernel, &directory, &module)?;

    // It was built elsewhere, as DKMS does it, and says so in `__FILE__`.
    let moved = directory.join("moved");
    finish(plain("cp").args(["-a", module.as_str(), moved.as_str()]))?;
    let mut elsewhere = klp(["build", "-C", build.as_str(), "-M", moved.as_str(), "--force"])?;
    elsewhere.args(&kernel.variables).args(["--message-format", "json"]).args(arguments);
    expect_proven(&run_patiently(&mut elsewhere)?.expect(0)?)?;

    make("KCFLAGS=-O1")?;
    let refused = with_variables(&arguments)?.expect(4)?;
    let refused = records(&refused.stdout, "refused")?;
    ensure!(refused.iter().any(|it| it["code"] == "unproven"), "{refused:?}");
    ensure!(!livepatch.exists(), "a module is left");
    Ok(())
}

/// The module of `tests/qemu/guests` uses an export of `module`, which is in another directory, and its livepatch does.
fn needing(kernel: &Kernel, directory: &Utf8Path, module: &Utf8Path) -> Result<()> {
    let (build, guests) = (kernel.workspace().join("build"), directory.join("guests"));
    let from = root().join("tests/qemu/guests");
    finish(plain("cp").args(["-a", from.as_str(), guests.as_str()]))?;
    let exports = format!("KBUILD_EXTRA_SYMBOLS={module}/Module.symvers");
    let mut make = plain("make");
    make.args(["-s", "-C", build.as_str(), &format!("M={guests}"), "modules", &exports]);
    finish(make.args(&kernel.variables))?;
    let (patch, livepatch) =
        (root().join("tests/qemu/guests.patch"), directory.join("livepatch-guests.ko"));
    let call = |command: &str| klp([command, "-C", build.as_str(), "-M", guests.as_str()]);
    let make = |output: &Utf8Path| {
        let mut build = call("build")?;
        build.args([patch.as_str(), "-o", output.as_str(), exports.as_str()]);
        run_patiently(build.args(&kernel.variables))
    };
    let same_name = make(&directory.join("guests.ko"))?.expect(1)?;
    ensure!(same_name.stderr.contains("the kernel has a module guests"), "{same_name:?}");
    make(&livepatch)?.expect(0)?;
    let script = directory.join("guests.sh");
    fs_err::write(&script, "cat /proc/guests\n")?;
    let mut seen = call("try")?;
    seen.args(["--module", "guests", "--script", script.as_str(), livepatch.as_str()]);
    let seen = run_patiently(seen.args(["--message-format", "json"]))?.expect(0)?;
    expect(&seen, "before", "a guest, odd\n")?;
    expect(&seen, "after", "two guests, even\n")
}

/// Whether both objects were made as those of the module in use.
fn expect_proven(outcome: &Outcome) -> Result<()> {
    let proofs = records(&outcome.stdout, "proof")?;
    ensure!(proofs.len() == 2, "two objects are proven: {proofs:?}");
    ensure!(proofs.iter().all(|proof| proof["functions"] == proof["equal"]), "{proofs:?}");
    Ok(())
}

fn records(stdout: &str, reason: &str) -> Result<Vec<Value>> {
    let records: Result<Vec<Value>, _> = stdout.lines().map(serde_json::from_str).collect();
    let mut records = records.with_context(|| format!("not a record a line: {stdout}"))?;
    records.retain(|record| record["reason"] == reason);
    Ok(records)
}

/// Whether the script of that stage printed `text`.
fn expect(outcome: &Outcome, stage: &str, text: &str) -> Result<()> {
    let steps = records(&outcome.stdout, "try")?;
    let step = steps.iter().find(|step| step["stage"] == stage);
    let said = step.and_then(|step| step["output"].as_str());
    ensure!(said == Some(text), "`{text}` is not what {stage} says: {steps:?}");
    Ok(())
}

/// Whether a livepatch of such a module can be made for that kernel.
#[must_use]
pub fn can_be_outside(output: &Utf8Path) -> bool {
    let config = fs_err::read_to_string(output.join(".config")).unwrap_or_default();
    !config.contains("CONFIG_LTO_CLANG=y")
}
