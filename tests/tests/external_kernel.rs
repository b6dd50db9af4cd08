//! A module outside of the kernel's sources, whose kernel or compiler becomes another one between two runs.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::Kernel;
use klp_tests::klp::{klp, run};
use klp_tests::report::Report;

use crate::external::module;

/// What the objects of the module are made of becomes another thing; a comment in the sources changes nothing, before and after.
fn expect_no_change(
    prepare: impl Fn(&Kernel, &Utf8Path) -> Result<()>,
    change: impl Fn(&Kernel) -> Result<()>,
) -> Result<()> {
    let (kernel, module) = module()?;
    let patch = kernel.directory.join("a.patch");
    fs_err::write(&patch, "--- a/tiny.c\n+++ b/tiny.c\n@@ -2,0 +2,1 @@\n+/* nothing */\n")?;
    prepare(&kernel, &module)?;
    let build = || -> Result<Command> {
        let mut command =
            klp(["build", "-C", kernel.output.as_str(), "-M", module.as_str(), "-j2"])?;
        let compiler = format!("CC={}", kernel.directory.join("my-gcc"));
        command.args(["--no-module", "--message-format", "json", &compiler]);
        Ok(command)
    };
    compiler(&kernel, "")?;
    run(&mut build()?)?.expect(0)?;
    change(&kernel)?;
    let outcome = run(build()?.arg(&patch))?.expect(3)?;
    assert_eq!(Report::lines(&outcome.stdout)?.functions, []);
    Ok(())
}

/// A compiler that adds `more` to its arguments.
fn compiler(kernel: &Kernel, more: &str) -> Result<()> {
    let path = kernel.directory.join("my-gcc");
    fs_err::write(&path, format!("#!/bin/sh\nexec gcc \"$@\" {more}\n"))?;
    Ok(fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?)
}

/// Makes a function of the module return `value`.
fn returns(module: &Utf8Path, include: &str, value: &str) -> Result<()> {
    let path = module.join("tiny.c");
    let text = fs_err::read_to_string(&path)?;
    let function =
        format!("{include}\nint tiny_value(void);\nint tiny_value(void) {{ return {value}; }}\n");
    Ok(fs_err::write(&path, text + &function)?)
}

#[test]
fn a_header_that_is_older() -> Result<()> {
    let header = |kernel: &Kernel| kernel.source.join("include/linux/load.h");
    expect_no_change(
        |_, module| returns(module, "#include <linux/load.h>", "LOAD_DECAY"),
        |kernel| {
            let text = fs_err::read_to_string(header(kernel))?;
            fs_err::write(header(kernel), text.replace("1981", "1771"))?;
            let old = SystemTime::now() - Duration::from_hours(24 * 365);
            Ok(fs_err::File::open(header(kernel))?.set_modified(old)?)
        },
    )
}

#[test]
fn another_configuration() -> Result<()> {
    expect_no_change(
        |_, module| returns(module, "", "CONFIG_NR_CPUS"),
        |kernel| {
            let config = kernel.output.join(".config");
            let text = fs_err::read_to_string(&config)?;
            ensure!(text.contains("NR_CPUS=4"), "{text}");
            fs_err::write(&config, text.replace("NR_CPUS=4", "NR_CPUS=8"))?;
            kernel.make(&["all"])
        },
    )
}

#[test]
fn another_compiler() -> Result<()> {
    expect_no_change(|_, _| Ok(()), |kernel| compiler(kernel, "-O1"))
}
