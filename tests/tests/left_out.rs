//! Parts of a patch that get into no livepatch, and refuse it for that.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::record::Refused;
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::run;
use klp_tests::report::Report;

/// A kernel that says it can be livepatched, with `text` at the end of `file`s.
fn kernel(texts: &[(&str, &str)]) -> Result<Kernel> {
    let kernel = Kernel::in_tree()?;
    for (file, text) in texts {
        append(&kernel.source.join(file), text)?;
    }
    let config = kernel.output.join(".config");
    let text = fs_err::read_to_string(&config)?;
    fs_err::write(&config, text.replace("# CONFIG_LIVEPATCH is not set", "CONFIG_LIVEPATCH=y"))?;
    Ok(kernel)
}

fn append(path: &Utf8Path, text: &str) -> Result<()> {
    let before = fs_err::read_to_string(path)?;
    Ok(fs_err::write(path, before + text)?)
}

/// What is refused where the patch replaces `old` with `new` in one line of `file`.
fn refused(kernel: &Kernel, file: &str, old: &str, new: &str) -> Result<Vec<Refused>> {
    let patch = kernel.write_patch("fix.patch", file, old, new)?;
    let outcome = run(&mut kernel.build([patch])?)?;
    let report = Report::lines(&outcome.stdout).with_context(|| format!("{outcome:#?}"))?;
    Ok(report.refused)
}

#[test]
fn a_function_that_gives_way_to_a_weak_one() -> Result<()> {
    let weak =
        "int clock_rate(void);\nint __attribute__((weak)) clock_rate(void) { return 100; }\n";
    let strong = "int clock_rate(void);\nint noinline clock_rate(void) { return 250; }\n";
    let kernel = kernel(&[("lib/string.c", weak), ("kernel/stat.c", strong)])?;
    let found = refused(&kernel, "kernel/stat.c", "{ return 250; }", ";")?;
    let why = "the kernel gets the weak one of lib/string.o in its place";
    let is = |it: &Refused| it.name == "clock_rate" && it.why.contains(why);
    ensure!(found.iter().any(is), "{found:#?}");
    Ok(())
}

/// What was built once and is configured away since has a record, and is not compiled all the same.
#[test]
fn an_option_that_was_switched_off() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = example_patch("module-string");
    run(kernel.build(["--no-module"])?.arg(&patch))?.expect(0)?;
    let config = kernel.output.join(".config");
    let text = fs_err::read_to_string(&config)?;
    fs_err::write(&config, text.replace("CONFIG_FOO=m", "# CONFIG_FOO is not set"))?;
    for _ in 0..2 {
        let outcome = run(kernel.build(["--no-module"])?.arg(&patch))?.expect(3)?;
        ensure!(outcome.stderr.contains("CONFIG_FOO is not set"), "{}", outcome.stderr);
        ensure!(outcome.stdout.contains("not-compiled"), "{}", outcome.stdout);
    }
    fs_err::write(&config, text)?;
    run(kernel.build(["--no-module"])?.arg(&patch))?.expect(0)?;
    Ok(())
}

/// A module that was asked for by name and cannot be is an error, also where nobody is told more.
#[test]
fn a_kernel_without_livepatches() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (patch, module) = (example_patch("fix-one-function"), kernel.directory.join("want.ko"));
    let arguments = ["-q", "-o", module.as_str(), patch.as_str()];
    let outcome = run(&mut kernel.build(arguments)?)?.expect(4)?;
    ensure!(outcome.stderr.contains("no CONFIG_LIVEPATCH"), "{}", outcome.stderr);
    let last = outcome.stdout.lines().last().unwrap_or_default();
    ensure!(last.contains("no CONFIG_LIVEPATCH"), "{}", outcome.stdout);
    ensure!(outcome.stdout.contains("\"reason\":\"function\""), "{}", outcome.stdout);
    ensure!(!module.exists(), "a module was made");
    // Without a name, it is made where it can be.
    run(kernel.build(["-q"])?.arg(&patch))?.expect(0)?;
    Ok(())
}
