//! Outputs that lead to something else than a file of ours: a device, a FIFO, an empty file, another output.

use std::os::unix::fs::FileTypeExt as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{Running, klp, run};
use klp_tests::tools::tool;
use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

const GOOD: &str = "fix-one-function";

fn object() -> Result<(TempDir, Utf8PathBuf)> {
    let (guard, directory) = temporary()?;
    let (source, object) = (directory.join("a.c"), directory.join("a.o"));
    fs_err::write(&source, "int f(int n) { return n + 1; }\n")?;
    tool("gcc", ["-O2", "-c", "-o", object.as_str(), source.as_str()])?;
    Ok((guard, object))
}

/// The devices of the machine that the tests run on are never named: a mistake would cost it `/dev/null`.
fn null(directory: &Utf8Path) -> Result<Option<Utf8PathBuf>> {
    // Nobody else can make a device.
    if !geteuid().is_root() {
        return Ok(None);
    }
    let path = directory.join("null");
    tool("mknod", ["-m", "666", path.as_str(), "c", "1", "3"])?;
    Ok(Some(path))
}

fn is_device(path: &Utf8Path) -> Result<bool> {
    Ok(fs_err::symlink_metadata(path)?.file_type().is_char_device())
}

#[test]
fn a_device_is_written_into() -> Result<()> {
    let (_guard, object) = object()?;
    let Some(null) = null(object.parent().unwrap_or(&object))? else { return Ok(()) };
    let (object, path) = (object.as_str(), null.as_str());
    run(&mut klp(["checksum", object, "-o", path])?)?.expect(0)?;
    run(&mut klp(["checksum", object, "--force", "-o", path])?)?.expect(0)?;
    run(&mut klp(["diff", object, object, "--report", path])?)?.expect(0)?;
    ensure!(is_device(&null)?, "the device is gone");

    let kernel = Kernel::with_output()?;
    let good = example_patch(GOOD);
    run(&mut kernel.build([good.as_str(), "--report", path])?)?.expect(0)?;
    ensure!(is_device(&null)?, "the device is gone");
    let link = kernel.directory.join("link.html");
    fs_err::os::unix::fs::symlink(&null, &link)?;
    run(&mut kernel.build([good.as_str(), "--report", link.as_str()])?)?.expect(0)?;
    ensure!(is_device(&null)? && link.is_symlink(), "the device or the link is gone");
    Ok(())
}

#[test]
fn standard_output_is_written_into() -> Result<()> {
    let (_guard, object) = object()?;
    let arguments = ["checksum", object.as_str(), "-o", "stdout"];
    let directory = object.parent().unwrap_or(&object);
    fs_err::os::unix::fs::symlink("/proc/self/fd/1", directory.join("stdout"))?;
    let sums = run(klp(arguments)?.current_dir(directory))?.expect(0)?.stdout;
    ensure!(sums.contains("\"f\""), "{sums}");
    let mut child = klp(arguments)?;
    let output = child.current_dir(directory).stdout(std::process::Stdio::piped()).output()?;
    ensure!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout)?, sums);
    ensure!(directory.join("stdout").is_symlink(), "the link is gone");
    Ok(())
}

/// A link of the user's stays, and leads to the new file, whether there was one or not.
#[test]
fn links_are_followed() -> Result<()> {
    let (_guard, object) = object()?;
    let directory = object.parent().unwrap_or(&object);
    let (link, file) = (directory.join("link"), directory.join("file"));
    fs_err::os::unix::fs::symlink("file", &link)?;
    for _ in 0..2 {
        run(&mut klp(["checksum", object.as_str(), "-o", link.as_str()])?)?.expect(0)?;
        ensure!(link.is_symlink() && fs_err::metadata(&file)?.is_file());
    }
    Ok(())
}

#[test]
fn what_nobody_reads_is_refused_at_once() -> Result<()> {
    let (_guard, object) = object()?;
    let directory = object.parent().unwrap_or(&object);
    let fifo = directory.join("fifo");
    tool("mkfifo", [&fifo])?;
    let socket = directory.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
    let kernel = Kernel::with_output()?;
    let good = example_patch(GOOD);
    for (path, what) in [(&fifo, "is a FIFO"), (&socket, "is a socket")] {
        let (object, path) = (object.as_str(), path.as_str());
        for mut command in [
            klp(["checksum", object, "-o", path])?,
            klp(["checksum", object, "--force", "-o", path])?,
            klp(["diff", object, object, "--report", path])?,
            kernel.build([good.as_str(), "-o", path])?,
            kernel.build([good.as_str(), "--no-module", "--report", path])?,
        ] {
            run(&mut command)?.expect_error(1, what, Some("name a file"))?;
        }
    }
    ensure!(fs_err::metadata(&fifo)?.file_type().is_fifo(), "the FIFO is gone");
    ensure!(!kernel.work().exists(), "something was built before");
    Ok(())
}

#[test]
fn a_patch_that_nobody_writes_can_be_interrupted() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let fifo = kernel.directory.join("fifo.patch");
    tool("mkfifo", [&fifo])?;
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = Running::start(&mut kernel.build([fifo.as_str()])?)?;
        std::thread::sleep(Duration::from_secs(1));
        ensure!(!running.has_ended()?, "it did not wait");
        running.signal(signal)?;
        let outcome = running.wait()?;
        ensure!(outcome.status == Some(130) && outcome.millis < 60_000, "{outcome:?}");
    }
    Ok(())
}

/// It can be the start of something of the user's.
#[test]
fn an_empty_file_is_not_ours() -> Result<()> {
    let (_guard, object) = object()?;
    let directory = object.parent().unwrap_or(&object);
    let (empty, object) = (directory.join("empty"), object.as_str());
    fs_err::write(&empty, "")?;
    for (arguments, what) in [
        (["checksum", object, "-o", empty.as_str()].as_slice(), "is not a checksum file"),
        (&["diff", object, object, "--report", empty.as_str()], "is not a report of cargo klp"),
    ] {
        run(&mut klp(arguments)?)?.expect_error(1, what, Some("name another file"))?;
    }
    let kernel = Kernel::with_output()?;
    let good = example_patch(GOOD);
    let outcome = run(&mut kernel.build([good.as_str(), "-o", empty.as_str()])?)?;
    outcome.expect_error(1, "is not a livepatch module", Some("name another file"))?;
    fs_err::write(kernel.changed_functions(), "")?;
    let outcome = run(&mut kernel.build([good.as_str()])?)?;
    outcome.expect_error(1, "is not a changed-function set", Some("name another file"))?;
    ensure!(fs_err::metadata(&empty)?.len() == 0, "it is another file");
    Ok(())
}

#[test]
fn two_outputs_with_one_name() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let good = example_patch(GOOD);
    let results = kernel.changed_functions();
    fs_err::write(&results, "[\n]\n")?;
    let (new, link) = (kernel.directory.join("new"), kernel.directory.join("link"));
    fs_err::os::unix::fs::symlink("new", &link)?;
    let above = kernel.output.join("../new");
    let module = kernel.output.join("livepatch-fix-one-function.ko");
    for options in [
        &["--report", results.as_str()][..],
        &["-o", results.as_str()],
        &["-o", new.as_str(), "--report", new.as_str()],
        &["-o", new.as_str(), "--report", link.as_str()],
        &["-o", above.as_str(), "--report", new.as_str()],
        &["--report", module.as_str()],
    ] {
        let outcome = run(kernel.build([good.as_str()])?.args(options))?;
        outcome.expect_error(1, "would be one file", Some("name another file"))?;
        assert_eq!(fs_err::read_to_string(&results)?, "[\n]\n");
    }
    ensure!(!kernel.work().exists(), "something was built before");
    Ok(())
}

#[test]
fn a_dash_is_no_file() -> Result<()> {
    let (_guard, object) = object()?;
    let object = object.as_str();
    for arguments in [
        ["diff", object, object, "--report", "-"].as_slice(),
        &["build", object, "--report", "-"],
        &["build", object, "-o", "-"],
        &["checksum", object, "-o", "-"],
    ] {
        let outcome = run(&mut klp(arguments)?)?.expect(2)?;
        ensure!(outcome.stderr.contains("standard output has the results"), "{outcome:?}");
    }
    Ok(())
}
