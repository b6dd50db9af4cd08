//! Parts of a patch that get into no livepatch, and refuse it for that.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::record::Refused;
use klp_tests::kernel::Kernel;
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
