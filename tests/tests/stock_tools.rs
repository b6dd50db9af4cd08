//! What a kernel that somebody else built is compiled with, on a system that has none of it.

use anyhow::{Context as _, Result, ensure};
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, run};
use klp_tests::stock::{Packages, RELEASE};
use serde_json::Value;

/// One command a kind gets all: what nobody knows to be needless is asked for at once.
#[test]
fn doctor_tells_all_at_once() -> Result<()> {
    let (_guard, empty) = temporary()?;
    let mut doctor = klp(["doctor", &format!("--stock={RELEASE}"), "--message-format", "json"])?;
    doctor.args(["--sysroot", empty.as_str()]).env("PATH", &empty);
    let outcome = run(&mut doctor)?.expect(96)?;
    let summary: Value = serde_json::from_str(outcome.stdout.lines().last().context("nothing")?)?;
    let get = format!("cargo klp stock get {RELEASE} --sysroot {empty}");
    let packages =
        "bc binutils bison flex gcc libc6-dev libelf-dev libssl-dev make python3 xz-utils";
    let install = format!("apt-get install --no-install-recommends {packages}");
    assert_eq!(summary["commands"], serde_json::json!([get, install]), "{outcome:#?}");

    let mut doctor = klp(["doctor", &format!("--stock={RELEASE}"), "--sysroot", empty.as_str()])?;
    let outcome = run(doctor.env("PATH", &empty))?.expect(96)?;
    for words in ["install binutils\n", &format!("\n    {install}\n"), "qemu-system-x86"] {
        ensure!(outcome.stdout.contains(words), "{words}: {outcome:#?}");
    }
    Ok(())
}

/// To unpack the sources takes a minute: what is missing is told before that.
#[test]
fn a_build_tells_before_it_begins() -> Result<()> {
    let packages = Packages::new()?;
    let (_guard, empty) = temporary()?;
    let patch = packages.root.join("fix.patch");
    fs_err::write(&patch, "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1 +1 @@\n-a\n+b\n")?;
    let mut build = klp(["build", &format!("--stock={RELEASE}"), patch.as_str()])?;
    let target = packages.root.join("target");
    build.args(["--sysroot", packages.root.as_str(), "--target-dir", target.as_str()]);
    let outcome = run(build.env("PATH", &empty).current_dir(&packages.root))?;
    let outcome =
        outcome.expect_error(96, "this is missing: make, gcc", Some("apt-get install"))?;
    ensure!(outcome.stderr.contains("xz-utils") && !outcome.stderr.contains("Unpacking"));
    ensure!(!target.join("unpacked").exists());
    Ok(())
}
