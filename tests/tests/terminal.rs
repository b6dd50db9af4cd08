//! What a person sees: the progress line, times, numbers, and patches from other places than files.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_tests::compiler::Compiler;
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{binary, klp, plain, run};
use klp_tests::report::{Report, expected};
use klp_tests::shells::{lines_left, terminal};
use klp_tests::tools::skipped;

fn is_installed(program: &str) -> bool {
    run(plain(program).arg("--version")).is_ok_and(|outcome| outcome.status == Some(0))
}

/// Runs the program with `arguments` on a terminal; what it wrote, and the lines that are left there.
fn on_a_terminal(arguments: &str) -> Result<(String, Vec<String>)> {
    let outcome = run(&mut terminal(&format!("{} klp {arguments}", binary()?)))?.expect(0)?;
    let lines = lines_left(&outcome.stdout);
    Ok((outcome.stdout, lines))
}

/// The line says how far the build is, out of how much where that is known, and is gone afterwards.
#[test]
fn the_progress_line_goes_away() -> Result<()> {
    if !is_installed("script") {
        skipped("terminal::the_progress_line_goes_away", "script is not installed");
        return Ok(());
    }
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let compiler = Compiler::new(&kernel.directory)?;
    compiler.set_delay("0.3")?;
    let patch = example_patch("change-inline");
    let (output, variable) = (kernel.output.as_str(), compiler.variable());
    let (shown, lines) = on_a_terminal(&format!("build -j1 -C {output} {variable} {patch}"))?;
    ensure!(shown.contains("Making") && shown.contains(" left "), "{shown:?}");
    ensure!(!lines.iter().any(|line| line.contains("Making")), "{lines:#?}");
    let last = lines.last().context("nothing")?;
    ensure!(last.contains("Finished ") && last.contains(", in "), "{lines:#?}");

    let object = kernel.work().join("build/kernel/sched.o");
    let (shown, _) = on_a_terminal(&format!("diff --no-cache {object} {object}"))?;
    ensure!(!shown.contains("Making"), "a progress line, and nothing is made: {shown:?}");
    Ok(())
}

/// With -v, how long each part took, and what was there already.
#[test]
fn verbose_tells_times_and_what_is_reused() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = example_patch("fix-one-function");
    let output = kernel.output.as_str();
    let build = |more: &[&str]| {
        let mut command = klp(["build", "-C", output, patch.as_str()])?;
        run(command.args(more))?.expect(0)
    };
    let first = build(&["-v"])?.stderr;
    ensure!(!first.contains("Reusing original"), "{first}");
    let second = build(&["-v"])?.stderr;
    for text in [
        "Reusing original build in ",
        "Reusing checksums of 19 objects",
        "Reusing 18 objects of the original",
        "s for the original build",
        "s for the patched build",
        "s for the comparison",
        "Comparing 1 object\n",
    ] {
        ensure!(second.contains(text), "no `{text}`: {second}");
    }
    let plain = build(&[])?.stderr;
    ensure!(!plain.contains("Reusing") && !plain.contains("Took"), "{plain}");
    ensure!(plain.lines().last().is_some_and(|line| line.contains(", in ")), "{plain}");
    Ok(())
}

/// A patch that another program writes, and ones that are compressed.
#[test]
fn patches_from_a_pipe_and_compressed() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = example_patch("fix-one-function");
    let text = fs_err::read(&patch)?;
    let from_pipe = |bytes: &[u8]| -> Result<Report> {
        let (reader, mut writer) = std::io::pipe()?;
        let mut command = kernel.build([Utf8Path::new("-")])?;
        let outcome = std::thread::scope(|scope| {
            scope.spawn(move || writer.write_all(bytes));
            run(command.stdin(reader))
        })?;
        Report::lines(&outcome.expect(0)?.stdout)
    };
    assert_eq!(from_pipe(&text)?.names(), expected(&patch)?);
    for program in ["gzip", "xz", "bzip2", "zstd"] {
        if !is_installed(program) {
            skipped("terminal::patches_from_a_pipe_and_compressed", &format!("no {program}"));
            continue;
        }
        let mut pack = Command::new(program);
        let packed = pack.arg("-c").stdin(fs_err::File::open(&patch)?.into_file());
        let packed = packed.stdout(Stdio::piped()).output()?.stdout;
        let file = kernel.directory.join("fix.patch.packed");
        fs_err::write(&file, &packed)?;
        let outcome = run(&mut kernel.build([&file])?)?.expect(0)?;
        assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?, "{program}");
        fs_err::write(&file, packed.get(..packed.len() / 2).unwrap_or_default())?;
        let error = "cannot unpack the patch";
        run(&mut kernel.build([&file])?)?.expect_error(1, error, Some("again"))?;
    }
    run(kernel.build([Utf8Path::new("-")])?.stdin(Stdio::null()))?
        .expect_error(1, "no changes in the patch `standard input`", Some("unified diff"))
        .map(drop)
}
