//! `build --stock --dry-run`: what a run would do for a kernel that somebody else built.

use anyhow::{Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::{copy_mini_kernel, temporary};
use klp_tests::klp::{Outcome, klp, run};
use klp_tests::snapshot::Snapshot;
use tempfile::TempDir;

const RELEASE: &str = "7.2.0-1-amd64";

/// What packages of such a kernel have, as far as a run looks at it before it makes anything.
struct Packages {
    root: Utf8PathBuf,
    _guard: TempDir,
}

impl Packages {
    fn new() -> Result<Self> {
        let (guard, root) = temporary()?;
        let headers = format!("usr/src/linux-headers-{RELEASE}/.config");
        for path in [
            &format!("boot/vmlinuz-{RELEASE}"),
            &format!("lib/modules/{RELEASE}/modules.order"),
            &headers,
            "usr/src/linux-source-7.2.tar.xz",
        ] {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap_or(&root))?;
            fs_err::write(path, "")?;
        }
        fs_err::write(root.join(headers), "CONFIG_X86_64=y\n")?;
        Ok(Self { root, _guard: guard })
    }

    fn dry_run(&self, file: &str, more: &[&str]) -> Result<Outcome> {
        let patch = self.root.join("fix.patch");
        let is_there = self.root.join("usr/src/linux-source-7.2").join(file).exists();
        let before = if is_there { format!("a/{file}") } else { "/dev/null".to_owned() };
        let place = if is_there { "-1,0 +2,1" } else { "-0,0 +1,1" };
        fs_err::write(&patch, format!("--- {before}\n+++ b/{file}\n@@ {place} @@\n+\n"))?;
        let (target, root) = (self.root.join("target"), self.root.as_str());
        let mut command =
            klp(["build", &format!("--stock={RELEASE}"), "--dry-run", patch.as_str()])?;
        command.args(["--sysroot", root, "--target-dir", target.as_str()]);
        let before = Snapshot::take(&self.root, &[])?;
        let outcome = run(command.args(more).current_dir(root))?;
        before.expect(&Snapshot::take(&self.root, &[])?)?;
        Ok(outcome)
    }
}

#[test]
fn packed_sources() -> Result<()> {
    let packages = Packages::new()?;
    let outcome = packages.dry_run("fs/new.c", &[])?.expect(0)?;
    for words in ["Would unpack", "linux-source-7.2.tar.xz", "Would prepare tools", "Would write"] {
        ensure!(outcome.stderr.contains(words), "{words}: {outcome:#?}");
    }
    ensure!(!outcome.stderr.contains("original kernel"), "{outcome:#?}");
    let json = packages.dry_run("fs/new.c", &["--message-format", "json"])?.expect(0)?;
    ensure!(json.stdout.contains("\"original\":\"shipped\""), "{json:#?}");
    ensure!(json.stdout.contains("the sources are not unpacked"), "{json:#?}");
    Ok(())
}

#[test]
fn sources_that_are_there() -> Result<()> {
    let packages = Packages::new()?;
    copy_mini_kernel(&packages.root.join("usr/src/linux-source-7.2"))?;
    let outcome = packages.dry_run("fs/proc.c", &[])?.expect(0)?;
    for words in ["Would prepare tools", "Would patch fs/proc.c (changed)", "Would compile"] {
        ensure!(outcome.stderr.contains(words), "{words}: {outcome:#?}");
    }
    for words in ["Would unpack", "original kernel", "Would build"] {
        ensure!(!outcome.stderr.contains(words), "{words}: {outcome:#?}");
    }
    for file in ["fs/Makefile", "arch/x86/entry/syscalls/new.tbl", "tools/objtool/check.c"] {
        let outcome = packages.dry_run(file, &[])?;
        outcome.expect_error(96, "only known after a whole build", Some("leave out --stock"))?;
    }
    Ok(())
}
