//! `build --stock --dry-run`: what a run would do for a kernel that somebody else built.

use anyhow::{Result, ensure};
use klp_tests::kernel::copy_mini_kernel;
use klp_tests::klp::{Outcome, klp, run};
use klp_tests::snapshot::Snapshot;
use klp_tests::stock::{Packages, RELEASE};

fn dry_run(packages: &Packages, file: &str, more: &[&str]) -> Result<Outcome> {
    let patch = packages.root.join("fix.patch");
    let is_there = packages.root.join("usr/src/linux-source-7.2").join(file).exists();
    let before = if is_there { format!("a/{file}") } else { "/dev/null".to_owned() };
    let place = if is_there { "-1,0 +2,1" } else { "-0,0 +1,1" };
    fs_err::write(&patch, format!("--- {before}\n+++ b/{file}\n@@ {place} @@\n+\n"))?;
    let (target, root) = (packages.root.join("target"), packages.root.as_str());
    let mut command = klp(["build", &format!("--stock={RELEASE}"), "--dry-run", patch.as_str()])?;
    command.args(["--sysroot", root, "--target-dir", target.as_str()]);
    let before = Snapshot::take(&packages.root, &[])?;
    let outcome = run(command.args(more).current_dir(root))?;
    before.expect(&Snapshot::take(&packages.root, &[])?)?;
    Ok(outcome)
}

#[test]
fn packed_sources() -> Result<()> {
    let packages = Packages::new()?;
    let outcome = dry_run(&packages, "fs/new.c", &[])?.expect(0)?;
    for words in ["Would unpack", "linux-source-7.2.tar.xz", "Would prepare tools", "Would write"] {
        ensure!(outcome.stderr.contains(words), "{words}: {outcome:#?}");
    }
    ensure!(!outcome.stderr.contains("original kernel"), "{outcome:#?}");
    let json = dry_run(&packages, "fs/new.c", &["--message-format", "json"])?.expect(0)?;
    ensure!(json.stdout.contains("\"original\":\"shipped\""), "{json:#?}");
    ensure!(json.stdout.contains("the sources are not unpacked"), "{json:#?}");
    Ok(())
}

#[test]
fn sources_that_are_there() -> Result<()> {
    let packages = Packages::new()?;
    copy_mini_kernel(&packages.root.join("usr/src/linux-source-7.2"))?;
    let outcome = dry_run(&packages, "fs/proc.c", &[])?.expect(0)?;
    for words in ["Would prepare tools", "Would patch fs/proc.c (changed)", "Would compile"] {
        ensure!(outcome.stderr.contains(words), "{words}: {outcome:#?}");
    }
    for words in ["Would unpack", "original kernel", "Would build"] {
        ensure!(!outcome.stderr.contains(words), "{words}: {outcome:#?}");
    }
    for file in ["fs/Makefile", "arch/x86/entry/syscalls/new.tbl", "tools/objtool/check.c"] {
        let outcome = dry_run(&packages, file, &[])?;
        outcome.expect_error(96, "only known after a whole build", Some("leave out --stock"))?;
    }
    Ok(())
}
