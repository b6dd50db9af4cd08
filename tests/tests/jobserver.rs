//! One jobserver for all: a parent make's limit holds for the compilers of our builds.

use std::io::{Read as _, Write as _};

use anyhow::{Result, ensure};
use klp_tests::compiler::Compiler;
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{Outcome, Running, binary, plain, run};
use klp_tests::report::{Report, expected};
use rustix::process::Signal;

/// A kernel, a compiler that takes its time, and the arguments of a run with it that wants 8 jobs.
fn prepare() -> Result<(Kernel, Compiler, String)> {
    let kernel = Kernel::with_output()?;
    let compiler = Compiler::new(&kernel.directory)?;
    compiler.set_delay("0.1")?;
    let mut arguments = kernel.build_arguments();
    arguments.retain(|argument| argument != "-j2");
    arguments.extend([
        "-j8".to_owned(),
        compiler.variable(),
        example_patch("change-inline").to_string(),
    ]);
    Ok((kernel, compiler, arguments.join(" ")))
}

/// Runs `make FLAGS` on a Makefile whose target runs the program with `recipe` before its arguments.
fn under_make(kernel: &Kernel, flags: &str, recipe: &str, arguments: &str) -> Result<Outcome> {
    let makefile = kernel.directory.join("parent.mk");
    // Another job of the parent, in the same log.
    let other = format!(
        "other-%:\n\t@CC={0}/slow-gcc; printf 'int x;' > {0}/$@.c; $$CC -c -o {0}/$@.o {0}/$@.c\n",
        kernel.directory
    );
    let others = "other-1 other-2 other-3 other-4 other-5 other-6";
    fs_err::write(
        &makefile,
        format!(
            ".PHONY: all klp\nall: klp {others}\nklp:\n\t{recipe}{} klp {arguments}\n{other}",
            binary()?
        ),
    )?;
    run(plain("make").args([flags, "--no-print-directory", "-f", makefile.as_str()]))
}

#[test]
fn a_parent_make_sets_the_limit() -> Result<()> {
    let (kernel, compiler, arguments) = prepare()?;
    let outcome = under_make(&kernel, "-j2", "@+", &arguments)?.expect(0)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!(report.names(), expected(&example_patch("change-inline"))?);
    ensure!(!outcome.stderr.contains("jobserver"), "{}", outcome.stderr);
    ensure!(compiler.begun() > 20, "{} compilations", compiler.begun());
    assert_eq!(compiler.most_at_once(), 2);
    Ok(())
}

/// Without `+`, make keeps its jobserver to itself: one job, and a word about it.
#[test]
fn a_recipe_without_a_plus_gets_one_job() -> Result<()> {
    let (kernel, compiler, arguments) = prepare()?;
    let outcome = under_make(&kernel, "-j2", "@", &arguments)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&example_patch("change-inline"))?);
    ensure!(outcome.stderr.contains("warning: the make that started us"), "{}", outcome.stderr);
    // The parent's other job is one, ours the second.
    ensure!(compiler.most_at_once() <= 2, "{}", compiler.most_at_once());
    Ok(())
}

#[test]
fn a_serial_parent_make_changes_nothing() -> Result<()> {
    let (kernel, compiler, arguments) = prepare()?;
    let outcome = under_make(&kernel, "-k", "@+", &arguments)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&example_patch("change-inline"))?);
    ensure!(compiler.most_at_once() <= 8);
    Ok(())
}

/// Alone, the option says it; and the tests above would see more than two.
#[test]
fn alone_the_option_sets_the_limit() -> Result<()> {
    for jobs in [1, 3] {
        let kernel = Kernel::with_output()?;
        let compiler = Compiler::new(&kernel.directory)?;
        compiler.set_delay("0.2")?;
        let mut arguments = kernel.build_arguments();
        arguments.retain(|argument| argument != "-j2");
        arguments.push(format!("-j{jobs}"));
        run(klp_tests::klp::klp(&arguments)?.arg(compiler.variable()))?.expect(0)?;
        assert_eq!(compiler.most_at_once(), jobs);
    }
    Ok(())
}

/// The jobserver of make 4.4 and later: a named pipe that holds the tokens.
struct Fifo {
    path: camino::Utf8PathBuf,
    pipe: fs_err::File,
}

impl Fifo {
    fn with_tokens(kernel: &Kernel, tokens: usize) -> Result<Self> {
        let path = kernel.directory.join("jobserver");
        klp_tests::tools::tool("mkfifo", [&path])?;
        let mut options = fs_err::OpenOptions::new();
        let mut pipe = options.read(true).write(true).open(&path)?;
        pipe.write_all(&vec![b'+'; tokens])?;
        Ok(Self { path, pipe })
    }

    fn flags(&self) -> String {
        format!("-j2 --jobserver-auth=fifo:{}", self.path)
    }

    /// Takes all tokens out.
    fn tokens(mut self) -> Result<usize> {
        self.pipe.write_all(b"!")?;
        let mut tokens = 0;
        loop {
            let mut token = [0];
            self.pipe.read_exact(&mut token)?;
            if token == *b"!" {
                return Ok(tokens);
            }
            tokens += 1;
        }
    }
}

/// With the make that is here, whatever its version.
#[test]
fn a_parent_with_a_named_pipe_sets_the_limit() -> Result<()> {
    let (kernel, compiler, arguments) = prepare()?;
    let fifo = Fifo::with_tokens(&kernel, 1)?;
    let mut command = klp_tests::klp::klp(arguments.split(' '))?;
    let outcome = run(command.env("MAKEFLAGS", fifo.flags()))?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&example_patch("change-inline"))?);
    ensure!(!outcome.stderr.contains("jobserver"), "{}", outcome.stderr);
    ensure!(compiler.begun() > 20, "{} compilations", compiler.begun());
    assert_eq!(compiler.most_at_once(), 2);
    assert_eq!(fifo.tokens()?, 1);
    Ok(())
}

#[test]
fn tokens_go_back_when_a_run_is_interrupted() -> Result<()> {
    let (kernel, compiler, arguments) = prepare()?;
    let fifo = Fifo::with_tokens(&kernel, 3)?;
    compiler.set_delay("60")?;
    let mut command = klp_tests::klp::klp(arguments.split(' '))?;
    let mut running = Running::start(command.env("MAKEFLAGS", fifo.flags()))?;
    ensure!(running.wait_until(|| compiler.begun() == 4)?, "{}", running.stderr()?);
    running.signal(Signal::INT)?;
    running.wait()?.expect_error(130, "interrupted", Some("run again"))?;
    assert_eq!(fifo.tokens()?, 3);
    Ok(())
}
