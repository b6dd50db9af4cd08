//! What is kept between runs is proven, not believed: whatever was done to it, the next run says the same, or
//! one clear error.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, path_with_binary, run};
use klp_tests::report::{Report, expected};

const GOOD: &str = "fix-one-function";

/// A kernel with an original that is kept.
fn kernel() -> Result<Kernel> {
    let kernel = Kernel::with_output()?;
    expect_right(&kernel)?;
    Ok(kernel)
}

/// A run says what the patch changes. Returns what else it said.
fn expect_right(kernel: &Kernel) -> Result<String> {
    let patch = example_patch(GOOD);
    let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    Ok(outcome.stderr)
}

/// A patch of comments, behind the last line of a file, changes nothing.
fn expect_no_change(kernel: &Kernel, variables: &[&str]) -> Result<String> {
    let lines = fs_err::read_to_string(kernel.source.join("fs/proc.c"))?.lines().count();
    let text = format!(
        "--- a/fs/proc.c\n+++ b/fs/proc.c\n@@ -{lines},0 +{},1 @@\n+/* nothing */\n",
        lines.saturating_add(1)
    );
    let path = kernel.directory.join("comment.patch");
    fs_err::write(&path, text)?;
    let outcome = run(kernel.build(variables)?.arg(&path))?.expect(3)?;
    Ok(outcome.stderr)
}

/// Something that is done to a file of the work directory.
type Fault = fn(&Utf8PathBuf) -> Result<()>;

fn remove(path: &Utf8PathBuf) -> Result<()> {
    Ok(fs_err::remove_file(path)?)
}

fn truncate(path: &Utf8PathBuf) -> Result<()> {
    let bytes = fs_err::read(path)?;
    Ok(fs_err::write(path, bytes.get(..bytes.len() / 2).unwrap_or_default())?)
}

/// One byte is another one, and the time is as it was.
fn flip(path: &Utf8PathBuf) -> Result<()> {
    let mut bytes = fs_err::read(path)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("an empty file")? ^= 1;
    let time = fs_err::metadata(path)?.modified()?;
    fs_err::write(path, bytes)?;
    Ok(fs_err::File::open(path)?.set_modified(time)?)
}

fn drop_last_line(path: &Utf8PathBuf) -> Result<()> {
    let text = String::from_utf8_lossy(&fs_err::read(path)?).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let kept = lines.get(..lines.len().saturating_sub(1)).unwrap_or_default();
    Ok(fs_err::write(path, kept.join("\n") + "\n")?)
}

fn edit_command(path: &Utf8PathBuf) -> Result<()> {
    let text = fs_err::read_to_string(path)?;
    ensure!(text.contains(" -O2 "), "no -O2 in {path}");
    Ok(fs_err::write(path, text.replace(" -O2 ", " -O1 "))?)
}

/// Another object, which is younger than its source.
fn exchange(path: &Utf8PathBuf) -> Result<()> {
    fs_err::copy(path.with_file_name("printk.o"), path)?;
    Ok(())
}

#[test]
fn tampering() -> Result<()> {
    let kernel = kernel()?;
    let faults: &[(&str, Fault)] = &[
        ("build/fs/proc.o", flip),
        ("build/fs/proc.o", truncate),
        ("build/fs/proc.o", remove),
        ("build/kernel/sched.o", exchange),
        ("build/fs/.proc.o.cmd", remove),
        ("build/fs/.proc.o.cmd", truncate),
        ("build/kernel/.sched.o.cmd", edit_command),
        ("build/vmlinux.o", truncate),
        ("build/vmlinux.a", remove),
        ("build/modules.order", truncate),
        ("build/.config", drop_last_line),
        ("build/include/generated/autoconf.h", drop_last_line),
        ("original/objects.list", remove),
        ("original/objects.list", drop_last_line),
        ("original/files.list", truncate),
        ("original/fingerprint", flip),
        ("original/checksums.kept", flip),
        ("original/checksums.kept", truncate),
        ("original/checksums", remove),
        ("mirror/fs/proc.c", remove),
        ("mirror/fs/proc.c", truncate),
        ("mirror/kernel/sched.c", flip),
        ("mirror/include/linux/sched.h", drop_last_line),
        ("mirror.stamps", flip),
        ("mirror.stamps", remove),
    ];
    let before = kernel.snapshot()?;
    for (path, fault) in faults {
        fault(&kernel.work().join(path)).with_context(|| (*path).to_owned())?;
        for round in ["at once", "later"] {
            expect_right(&kernel).with_context(|| format!("{round} after {path}"))?;
        }
        expect_no_change(&kernel, &[]).with_context(|| format!("comments after {path}"))?;
        let quiet = expect_right(&kernel)?;
        ensure!(!quiet.contains("Building original"), "{path} is never right: {quiet}");
    }
    before.expect(&kernel.snapshot()?)
}

/// Kbuild's records name all files by their paths: those of another directory say nothing about this one.
#[test]
fn a_directory_that_moves() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (old, new) = (kernel.directory.join("old"), kernel.directory.join("new"));
    let patch = example_patch(GOOD);
    let build = |work: &Utf8PathBuf| -> Result<()> {
        let arguments = ["--target-dir", work.as_str(), patch.as_str()];
        let outcome = run(&mut kernel.build(arguments)?)?.expect(0)?;
        assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
        Ok(())
    };
    build(&old)?;
    fs_err::rename(&old, &new)?;
    build(&new)
}

/// Files that were only touched are the same.
#[test]
fn other_times() -> Result<()> {
    let kernel = kernel()?;
    for (path, offset) in
        [("build/fs/proc.o", 3600), ("mirror/fs/proc.c", 3600), ("build/kernel/sched.o", -3600)]
    {
        let now = std::time::SystemTime::now();
        let hour = std::time::Duration::from_hours(1);
        let time = if offset > 0 { now + hour } else { now - hour };
        fs_err::File::open(kernel.work().join(path))?.set_modified(time)?;
        let said = expect_right(&kernel)?;
        ensure!(!said.contains("Building original"), "{path}: {said}");
    }
    Ok(())
}

/// An edit of the user's that keeps size and time of the file, as `rsync -t` leaves it.
#[test]
fn the_time_of_another_file() -> Result<()> {
    let kernel = kernel()?;
    let path = kernel.source.join("fs/proc.c");
    let (text, time) = (fs_err::read_to_string(&path)?, fs_err::metadata(&path)?.modified()?);
    fs_err::write(&path, text.replacen("MemFree", "MemFrei", 1))?;
    fs_err::OpenOptions::new().append(true).open(&path)?.set_modified(time)?;
    let back = kernel.write_patch("back.patch", "fs/proc.c", "MemFrei", "MemFree")?;
    let outcome = run(&mut kernel.build([&back])?)?.expect(0)?;
    ensure!(outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    let names = Report::lines(&outcome.stdout)?.names();
    assert_eq!(names, [("fs/proc.o".to_owned(), "meminfo_read".to_owned())]);
    Ok(())
}

/// The user's own build is from a machine whose clock is ahead: an edit would look older than its object.
#[test]
fn a_build_from_the_future() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["vmlinux", "modules"])?;
    let future = std::time::SystemTime::now() + std::time::Duration::from_hours(24);
    for object in ["fs/proc.o", "kernel/sched.o"] {
        fs_err::File::open(kernel.output.join(object))?.set_modified(future)?;
    }
    let said = expect_right(&kernel)?;
    ensure!(said.contains("from the future"), "{said}");
    let file = kernel.source.join("kernel/sched.c");
    let text = fs_err::read_to_string(&file)?;
    fs_err::write(&file, format!("{text}\nint added_for_the_test(int n) {{ return n + 7; }}\n"))?;
    let path =
        kernel.write_patch("seven.patch", "kernel/sched.c", "return n + 7", "return n + 8")?;
    let outcome = run(&mut kernel.build([&path])?)?.expect(0)?;
    ensure!(outcome.stdout.contains("added_for_the_test"), "{}", outcome.stdout);
    Ok(())
}

/// Make does not make anything anew for another compiler.
#[test]
fn another_compiler() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (_guard, bin) = temporary()?;
    let wrapper = |name: &str, more: &str| -> Result<Utf8PathBuf> {
        let path = bin.join(name);
        fs_err::write(&path, format!("#!/bin/sh\nexec /usr/bin/gcc \"$@\" {more}\n"))?;
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(path)
    };
    let cc = format!("CC={}", wrapper("my-gcc", "")?);
    expect_no_change(&kernel, &[&cc])?;
    wrapper("my-gcc", "-O1")?;
    let said = expect_no_change(&kernel, &[&cc])?;
    ensure!(said.contains("version of"), "{said}");
    let said = expect_no_change(&kernel, &[&cc])?;
    ensure!(!said.contains("Building original"), "{said}");
    // Another gcc on the PATH, of the same version.
    expect_right(&kernel)?;
    wrapper("gcc", "-O1")?;
    let path = example_patch(GOOD);
    let search = format!("{bin}:{}", path_with_binary()?);
    let outcome = run(kernel.build([&path])?.env("PATH", search))?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&path)?);
    ensure!(outcome.stderr.contains("version of gcc"), "{}", outcome.stderr);
    Ok(())
}

/// A module of before, when there are no modules any more.
#[test]
fn modules_switched_off() -> Result<()> {
    let kernel = kernel()?;
    let config = kernel.output.join(".config");
    let text = fs_err::read_to_string(&config)?;
    let off =
        text.replace("CONFIG_MODULES=y", "# CONFIG_MODULES is not set").replace("=m\n", "=n\n");
    fs_err::write(&config, off)?;
    let patch = example_patch(GOOD);
    let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
    ensure!(!outcome.stdout.contains("drivers/foo"), "{}", outcome.stdout);
    let kept = fs_err::read_to_string(kernel.work().join("original/objects.list"))?;
    ensure!(!kept.contains("module "), "{kept}");
    Ok(())
}

/// `clean` leaves what else is there.
#[test]
fn clean_after_all() -> Result<()> {
    let kernel = kernel()?;
    fs_err::write(kernel.work().join("notes.txt"), "mine")?;
    run(&mut klp(["clean", "-C", kernel.output.as_str()])?)?.expect(0)?;
    ensure!(kernel.work().join("notes.txt").exists() && !kernel.work().join("build").exists());
    Ok(())
}

/// What the kernel asks of a tool when it is configured, as Linux does of pahole and rustc.
const ASKS: &str = "\
TOOL := $(shell some-tool)
include/config/auto.conf: $(if $(filter $(TOOL),$(file <include/config/tool)),,FORCE)
include/config/auto.conf: .config
\t$(Q)sed -i -e '/CONFIG_TOOL/d' -e '$$aCONFIG_TOOL=$(TOOL)' .config
\t$(Q)sh $(srctree)/scripts/config.sh sync
\t$(Q)echo $(TOOL) >include/config/tool
";

/// Another version of such a tool makes a patched make configure anew. The original is put right with the user's
/// configuration, and not without any.
#[test]
fn a_tool_that_kconfig_asks() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    let (before, rest) =
        text.split_once("include/config/auto.conf: .config\n").context("no auto.conf")?;
    let (_, after) = rest.split_once("\n\n").context("no end")?;
    fs_err::write(&makefile, format!("{before}{ASKS}\n{after}"))?;
    let tools = kernel.directory.join("tools");
    fs_err::create_dir_all(&tools)?;
    let search = format!("{tools}:{}", path_with_binary()?);
    let patch = example_patch(GOOD);
    for version in [1, 1, 2, 2] {
        let tool = tools.join("some-tool");
        fs_err::write(&tool, format!("#!/bin/sh\necho {version}\n"))?;
        fs_err::set_permissions(&tool, std::fs::Permissions::from_mode(0o755))?;
        let mut build = kernel.build(["--no-module", patch.as_str()])?;
        let outcome = run(build.env("PATH", &search))?.expect(0)?;
        assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?, "{version}");
    }
    Ok(())
}
