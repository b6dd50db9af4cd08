//! However a run ends, the source tree is as it was and the next run is right.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_tests::compiler::{Compiler, working_in};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{Running, klp, run};
use klp_tests::report::{Report, expected};
use rustix::process::{Pid, Signal, kill_process_group};

const PATCH: &str = "change-inline";

/// Runs with two patches, one after the other, are right.
fn expect_right(kernel: &Kernel, variables: &[&str]) -> Result<()> {
    for name in [PATCH, "module-string"] {
        let patch = example_patch(name);
        let outcome = run(kernel.build(variables)?.arg(&patch))?.expect(0)?;
        assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
        assert_eq!(Report::file(&kernel.changed_functions())?.names(), expected(&patch)?);
        let summary = Report::lines(&outcome.stdout)?.summary;
        assert_eq!((summary.functions, summary.objects), (76, 19));
    }
    Ok(())
}

/// Kills a run as soon as `condition` holds; with it, if `hard`, the make that it runs.
fn kill_when(kernel: &Kernel, hard: bool, condition: impl Fn() -> bool) -> Result<()> {
    let before = kernel.snapshot()?;
    let mut running = Running::start(&mut kernel.build([example_patch(PATCH)])?)?;
    ensure!(running.wait_until(condition)?, "the run ended before it could be killed");
    running.signal_group(Signal::KILL)?;
    if hard {
        kill_make(&kernel.work());
    }
    assert_eq!(running.wait()?.status, None);
    before.expect(&kernel.snapshot()?)?;
    expect_right(kernel, &[])?;
    before.expect(&kernel.snapshot()?)
}

/// As when the machine goes down: nothing has time to clean up.
fn kill_make(work: &Utf8Path) {
    let group = fs_err::read_to_string(work.join("running.group")).unwrap_or_default();
    let group = group.trim().parse().ok().and_then(Pid::from_raw);
    let working = working_in(work).unwrap_or_default();
    // The number is that of a make of ours only while it works there.
    if let Some(group) = group.filter(|_| !working.is_empty()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[test]
fn killed_while_the_mirror_is_made() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kill_when(&kernel, false, || kernel.work().join("mirror.tmp").exists())
}

/// When all is built, nothing has to be put back, and whatever is still computed or printed ends at once.
#[test]
fn interrupted_when_all_is_compared() -> Result<()> {
    for signal in [Signal::INT, Signal::TERM] {
        let kernel = Kernel::with_output()?;
        // A pipe that is full, and that nobody reads: what prints to it waits without end.
        let (reader, mut writer) = std::io::pipe()?;
        writer.write_all(&vec![0; 1 << 16])?;
        let mut command = kernel.build([example_patch(PATCH)])?;
        let mut child = command.stdout(writer).stderr(Stdio::null()).spawn()?;
        let begin = Instant::now();
        while !kernel.changed_functions().exists() && begin.elapsed() < Duration::from_mins(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(300));
        rustix::process::kill_process(Pid::from_child(&child), signal)?;
        let (signalled, patience) = (Instant::now(), Duration::from_secs(10));
        let status = loop {
            match child.try_wait()? {
                None if signalled.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                status => break status,
            }
        };
        child.kill()?;
        child.wait()?;
        drop(reader);
        assert_eq!(status.and_then(|status| status.code()), Some(130), "{signal:?}");
        expect_right(&kernel, &[])?;
    }
    Ok(())
}

#[test]
fn killed_in_the_original_build() -> Result<()> {
    for (object, hard) in [
        ("scripts/basic/fixdep", false),
        ("kernel/stat.o", false),
        ("kernel/sched.o", true),
        ("vmlinux.o", true),
    ] {
        let kernel = Kernel::with_output()?;
        let path = kernel.work().join("build").join(object);
        kill_when(&kernel, hard, || path.exists()).with_context(|| format!("at {object}"))?;
    }
    Ok(())
}

#[test]
fn killed_while_the_original_is_kept() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kill_when(&kernel, false, || {
        kernel.work().join("original.tmp").exists() || kernel.work().join("original").exists()
    })
}

#[test]
fn killed_in_the_patched_build() -> Result<()> {
    for hard in [false, true] {
        let kernel = Kernel::in_tree()?;
        run(&mut kernel.build(["-q"])?)?.expect(0)?;
        let header = kernel.work().join("mirror/include/linux/load.h");
        let patched =
            || fs_err::read_to_string(&header).is_ok_and(|text| text.contains("periods > 32"));
        kill_when(&kernel, hard, patched)?;

        // And later, when some objects are new.
        let object = kernel.work().join("build/kernel/stat.o");
        let modified = || fs_err::metadata(&object).and_then(|metadata| metadata.modified()).ok();
        let before = modified();
        kill_when(&kernel, hard, || patched() && modified() != before)?;
    }
    Ok(())
}

/// What a run that is killed does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Everything, from the mirror on.
    First,
    /// A second patch.
    Second,
    /// A second patch with a full make.
    FullMake,
}

/// At thirty moments spread over runs of each kind; every other time with the make of the run.
#[test]
fn killed_at_any_moment() -> Result<()> {
    for work in [Work::First, Work::Second, Work::FullMake] {
        let flag = (work == Work::FullMake).then_some("--full-make");
        let command = |kernel: &Kernel| -> Result<Command> {
            let mut command = kernel.build(flag)?;
            command.arg(example_patch(PATCH));
            Ok(command)
        };
        let mut kernel = Kernel::with_output()?;
        if work != Work::First {
            run(&mut kernel.build([""; 0])?)?.expect(0)?;
        }
        let whole = run(&mut command(&kernel)?)?.expect(0)?.millis;
        for part in 1..=10 {
            if work == Work::First {
                kernel = Kernel::with_output()?;
            }
            let before = kernel.snapshot()?;
            let mut running = Running::start(&mut command(&kernel)?)?;
            let (begin, delay) = (Instant::now(), u64::try_from(whole * part / 11)?);
            running.wait_until(|| begin.elapsed() >= Duration::from_millis(delay))?;
            if !running.has_ended()? {
                running.signal_group(Signal::KILL)?;
                if part % 2 == 0 {
                    kill_make(&kernel.work());
                }
            }
            drop(running);
            before.expect(&kernel.snapshot()?)?;
            expect_right(&kernel, &[]).with_context(|| format!("{work:?}, after {part}/11"))?;
            before.expect(&kernel.snapshot()?)?;
        }
    }
    Ok(())
}

/// Ctrl-C and what else asks a process to end: quickly, and with all that it started.
#[test]
fn asked_to_end() -> Result<()> {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let kernel = Kernel::with_output()?;
        let before = kernel.snapshot()?;
        let compiler = Compiler::new(&kernel.directory)?;
        compiler.set_delay("60")?;
        let (variable, patch) = (compiler.variable(), example_patch(PATCH));
        let mut running = Running::start(kernel.build([&variable])?.arg(&patch))?;
        ensure!(running.wait_until(|| compiler.begun() > 0)?, "{}", running.stderr()?);
        let begin = Instant::now();
        running.signal_group(signal)?;
        let outcome = running.wait()?.expect_error(130, "interrupted", Some("run again"))?;
        ensure!(begin.elapsed() < Duration::from_secs(5), "took {:?}", begin.elapsed());
        expect_nobody(&kernel.work())?;
        ensure!(!kernel.changed_functions().exists(), "{outcome:?}");
        before.expect(&kernel.snapshot()?)?;

        compiler.set_delay("0")?;
        expect_right(&kernel, &[&variable]).with_context(|| format!("after {signal:?}"))?;
        before.expect(&kernel.snapshot()?)?;
    }
    Ok(())
}

/// Ctrl-C in the patched build: the original is kept, the mirror is put back.
#[test]
fn asked_to_end_in_the_patched_build() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let compiler = Compiler::new(&kernel.directory)?;
    let (variable, patch) = (compiler.variable(), example_patch(PATCH));
    run(&mut kernel.build([&variable])?)?.expect(0)?;
    compiler.set_delay("60")?;
    compiler.clear()?;
    let mut running = Running::start(kernel.build([&variable])?.arg(&patch))?;
    ensure!(running.wait_until(|| compiler.begun() > 0)?, "{}", running.stderr()?);
    running.signal(Signal::INT)?;
    running.wait()?.expect_error(130, "interrupted", Some("run again"))?;
    expect_nobody(&kernel.work())?;
    let header = fs_err::read_to_string(kernel.work().join("mirror/include/linux/load.h"))?;
    ensure!(header.contains("periods > 64"), "the mirror has the patch");
    compiler.set_delay("0")?;
    let outcome = run(kernel.build([&variable])?.arg(&patch))?.expect(0)?;
    ensure!(!outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    expect_right(&kernel, &[&variable])
}

/// A compiler that does not care for SIGINT: it ends with make, or at the second Ctrl-C.
#[test]
fn asked_twice() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let compiler = Compiler::new(&kernel.directory)?;
    compiler.set_delay("60")?;
    let script = fs_err::read_to_string(&compiler.path)?;
    fs_err::write(&compiler.path, script.replace("#!/bin/sh\n", "#!/bin/sh\ntrap '' INT\n"))?;
    let (variable, patch) = (compiler.variable(), example_patch(PATCH));
    let mut running = Running::start(kernel.build([&variable])?.arg(&patch))?;
    ensure!(running.wait_until(|| compiler.begun() > 0)?, "{}", running.stderr()?);
    running.signal(Signal::INT)?;
    let begin = Instant::now();
    if running.wait_until(|| begin.elapsed() > Duration::from_millis(500))? {
        running.signal(Signal::INT)?;
    }
    running.wait()?.expect_error(130, "interrupted", Some("run again"))?;
    expect_nobody(&kernel.work())?;
    compiler.set_delay("0")?;
    fs_err::write(&compiler.path, script)?;
    expect_right(&kernel, &[&variable])
}

/// Nobody works in `directory` (any more: a process that was killed needs a moment to end).
fn expect_nobody(directory: &Utf8Path) -> Result<()> {
    let begin = Instant::now();
    loop {
        let working = working_in(directory)?;
        if working.is_empty() {
            return Ok(());
        }
        ensure!(begin.elapsed() < Duration::from_secs(2), "left behind: {working:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A second run waits for the first, says so, and both are right.
#[test]
fn two_at_once() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = kernel.snapshot()?;
    let compiler = Compiler::new(&kernel.directory)?;
    compiler.set_delay("0.2")?;
    let variable = compiler.variable();
    let (one, other) = (example_patch(PATCH), example_patch("module-string"));
    let mut first = Running::start(kernel.build([&variable])?.arg(&one))?;
    ensure!(first.wait_until(|| compiler.begun() > 0)?, "{}", first.stderr()?);
    let second = Running::start(kernel.build([&variable])?.arg(&other))?;
    let (first, second) = (first.wait()?.expect(0)?, second.wait()?.expect(0)?);
    assert_eq!(Report::lines(&first.stdout)?.names(), expected(&one)?);
    assert_eq!(Report::lines(&second.stdout)?.names(), expected(&other)?);
    ensure!(second.stderr.contains("Waiting for another run"), "{}", second.stderr);
    ensure!(!second.stderr.contains("Building original"), "{}", second.stderr);
    assert_eq!(Report::file(&kernel.changed_functions())?.names(), expected(&other)?);
    before.expect(&kernel.snapshot()?)
}

/// A run that waited and fails leaves no set of the run before.
#[test]
fn the_second_of_two_fails() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let compiler = Compiler::new(&kernel.directory)?;
    compiler.set_delay("0.1")?;
    let variable = compiler.variable();
    let bad =
        kernel.write_patch("bad.patch", "kernel/stat.c", "#include <linux/sched.h>", "int int;")?;
    let mut first = Running::start(kernel.build([&variable])?.arg(example_patch(PATCH)))?;
    ensure!(first.wait_until(|| compiler.begun() > 0)?, "{}", first.stderr()?);
    let second = Running::start(kernel.build([&variable])?.arg(&bad))?;
    first.wait()?.expect(0)?;
    second.wait()?.expect_error(101, "failed", Some(".log"))?;
    ensure!(!kernel.changed_functions().exists());
    Ok(())
}

/// Kills `arguments` of the program when the mirror is patched, or a build with the patch if there are none.
fn kill_when_patched(kernel: &Kernel, arguments: &[&str]) -> Result<()> {
    let mirrored = kernel.work().join("mirror/include/linux/load.h");
    let original = fs_err::read(&mirrored)?;
    let is_patched = || fs_err::read(&mirrored).is_ok_and(|bytes| bytes != original);
    let mut command = match arguments {
        [] => kernel.build([example_patch(PATCH).as_str(), "--no-module"])?,
        _ => of_tree(kernel, arguments)?,
    };
    let mut running = Running::start(&mut command)?;
    ensure!(running.wait_until(is_patched)?, "the run ended before it could be killed");
    running.signal_group(Signal::KILL)?;
    assert_eq!(running.wait()?.status, None);
    ensure!(is_patched(), "it was killed too late");
    Ok(())
}

fn of_tree(kernel: &Kernel, arguments: &[&str]) -> Result<Command> {
    let mut command = klp(arguments)?;
    command.args(["-C", kernel.source.as_str(), "-O", kernel.output.as_str()]);
    Ok(command)
}

/// Who only reads what is kept makes it right before.
#[test]
fn killed_and_then_read() -> Result<()> {
    let kernel = Kernel::with_output()?;
    run(&mut kernel.build([example_patch(PATCH).as_str(), "--no-module"])?)?.expect(0)?;
    let explain = ["explain", "--no-pager"];
    let inlined = ["inlined", "decay_load"];
    let say = |arguments: &[&str]| -> Result<String> {
        Ok(run(&mut of_tree(&kernel, arguments)?)?.expect(0)?.stdout)
    };
    let (explained, whereabouts) = (say(&explain)?, say(&inlined)?);
    let rules = say(&["allowlist"])?;
    for arguments in [&explain[..], &inlined, &["allowlist"]] {
        fs_err::remove_dir_all(kernel.work().join("lines"))?;
        kill_when_patched(&kernel, &explain)?;
        say(arguments)?;
        assert_eq!(say(&explain)?, explained, "{arguments:?}");
        assert_eq!(say(&inlined)?, whereabouts, "{arguments:?}");
        // Of a build that was killed, only the original is left to be asked.
        kill_when_patched(&kernel, &[])?;
        assert_eq!(say(&inlined)?, whereabouts);
        kill_when_patched(&kernel, &[])?;
        assert_eq!(say(&["allowlist"])?, rules);
        run(&mut kernel.build([example_patch(PATCH).as_str(), "--no-module"])?)?.expect(0)?;
        assert_eq!(say(&explain)?, explained);
    }
    Ok(())
}
