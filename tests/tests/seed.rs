//! A build of the user's is where ours starts: what in it is not of the sources as they are is made again.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::Kernel;
use klp_tests::klp::{plain, run};
use klp_tests::report::Report;
use klp_tests::tools::tool;

const HEADER: &str = "include/linux/load.h";

/// What is done to the sources after they were built.
type Edit = fn(&Kernel) -> Result<()>;

fn another(kernel: &Kernel) -> Result<String> {
    Ok(fs_err::read_to_string(kernel.source.join(HEADER))?.replace("1981", "1771"))
}

/// An edit that keeps the time.
fn hidden(kernel: &Kernel) -> Result<()> {
    let path = kernel.source.join(HEADER);
    let time = fs_err::metadata(&path)?.modified()?;
    fs_err::write(&path, another(kernel)?)?;
    Ok(fs_err::File::open(&path)?.set_modified(time)?)
}

/// What an archive of an older tree leaves.
fn older(kernel: &Kernel) -> Result<()> {
    let path = kernel.source.join(HEADER);
    fs_err::write(&path, another(kernel)?)?;
    let year = Duration::from_hours(24 * 365);
    Ok(fs_err::File::open(&path)?.set_modified(SystemTime::now() - year)?)
}

/// A header that stands in for another one.
fn shadow(kernel: &Kernel) -> Result<()> {
    let directory = kernel.source.join("arch/x86/include/linux");
    fs_err::create_dir_all(&directory)?;
    Ok(fs_err::write(directory.join("load.h"), another(kernel)?)?)
}

#[test]
fn sources_that_were_written_after_the_build() -> Result<()> {
    let edits: [(&str, Edit); 3] = [("hidden", hidden), ("older", older), ("shadow", shadow)];
    for (name, edit) in edits {
        let kernel = Kernel::with_output()?;
        kernel.make(&["all"])?;
        edit(&kernel)?;
        let patch = kernel.write_patch("a.patch", "kernel/stat.c", "SPDX", "nothing; SPDX")?;
        let outcome = run(kernel.build(["--no-module"])?.arg(&patch))?.expect(3)?;
        ensure!(outcome.stderr.contains("Copying"), "{name}: {}", outcome.stderr);
        ensure!(outcome.stderr.contains("sources were written after"), "{}", outcome.stderr);
        assert_eq!(Report::lines(&outcome.stdout)?.functions, [], "{name}");
    }
    Ok(())
}

/// What a rule without a record makes from them is made again, too.
#[test]
fn an_input_that_no_record_names() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let rules = kernel.source.join("scripts/Makefile.rules");
    let text = fs_err::read_to_string(&rules)?;
    let made = "kernel/stat.o: include/generated/count.h\n\
        include/generated/count.h: $(src)scripts/count.txt\n\t@mkdir -p $(@D); sed 's/^/#define COUNT /' $< > $@\n";
    fs_err::write(&rules, text + made)?;
    let stat = kernel.source.join("kernel/stat.c");
    let text = fs_err::read_to_string(&stat)?;
    let function =
        "#include <generated/count.h>\nint count(void);\nint count(void) { return COUNT; }\n";
    fs_err::write(&stat, text + function)?;
    let input = kernel.source.join("scripts/count.txt");
    fs_err::write(&input, "1\n")?;
    kernel.make(&["all"])?;
    let time = fs_err::metadata(&input)?.modified()?;
    fs_err::write(&input, "2\n")?;
    fs_err::File::options().write(true).open(&input)?.set_modified(time)?;

    run(&mut kernel.build(["--no-module"])?)?.expect(0)?;
    let header = kernel.work().join("build/include/generated/count.h");
    assert_eq!(fs_err::read_to_string(header)?, "#define COUNT 2\n");
    let patch = kernel.write_patch("a.patch", "scripts/count.txt", "2", "3")?;
    let outcome = run(kernel.build(["--no-module"])?.arg(&patch))?.expect(0)?;
    ensure!(Report::lines(&outcome.stdout)?.names().iter().any(|(_, name)| name == "count"));
    Ok(())
}

/// Nothing is made again where nothing was written.
#[test]
fn a_build_of_the_sources_as_they_are() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let outcome = run(&mut kernel.build(["--no-module"])?)?.expect(0)?;
    ensure!(outcome.stderr.contains("Copying"), "{}", outcome.stderr);
    ensure!(!outcome.stderr.contains("made again"), "{}", outcome.stderr);
    Ok(())
}

const COMPILER: &str = "#!/bin/sh\nexec /usr/bin/gcc \"$@\" -O1\n";
const PARTS: &str =
    "#!/bin/sh\nunset COMPILER_PATH\nexec $(/usr/bin/gcc -print-prog-name=cc1) \"$@\" -O1\n";

/// Make does not see that another compiler made what it takes for right.
#[test]
fn a_build_of_another_compiler_behind_the_same_name() -> Result<()> {
    for (variable, program, script) in [("PATH", "gcc", COMPILER), ("COMPILER_PATH", "cc1", PARTS)]
    {
        let kernel = Kernel::with_output()?;
        let directory = kernel.directory.join("programs");
        write_program(&directory.join(program), script)?;
        let (source, output) = (&kernel.source, &kernel.output);
        let make = format!("{variable}={directory}:$PATH make -s -C {source} O={output}");
        let status = plain("sh").args(["-c", &make]).status()?;
        ensure!(status.success(), "{variable}: no build");
        expect_no_change_but_a_build_of_its_own(&kernel, &[], variable)?;
    }
    Ok(())
}

/// What a file of options holds is no part of a command.
#[test]
fn a_build_with_other_options_in_the_same_file() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = kernel.directory.join("options");
    let flags = format!("KCFLAGS=@{file}");
    fs_err::write(&file, "-O1\n")?;
    kernel.make(&["all", &flags])?;
    fs_err::write(&file, "-O2\n")?;
    expect_no_change_but_a_build_of_its_own(&kernel, &[&flags], "file")?;
    // What is kept is made again for another content, also where the file names another one.
    let inner = file.with_file_name("inner");
    for options in ["-O1", "-O2"] {
        fs_err::write(&file, format!("@{inner}\n"))?;
        fs_err::write(&inner, options)?;
        let patch = kernel.write_patch("a.patch", "kernel/stat.c", "SPDX", options)?;
        let outcome =
            run(kernel.build(["--no-module"])?.args([patch.as_str(), &flags]))?.expect(3)?;
        ensure!(outcome.stderr.contains("changed: content of"), "{}", outcome.stderr);
        assert_eq!(Report::lines(&outcome.stdout)?.functions, [], "{options}");
    }
    Ok(())
}

/// A program that `-B` finds in place of the compiler's own.
#[test]
fn another_program_in_a_directory_of_an_option() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let directory = kernel.directory.join("programs");
    fs_err::create_dir_all(&directory)?;
    let flags = format!("KCFLAGS=-B{directory}");
    run(&mut kernel.build(["--no-module", &flags])?)?.expect(0)?;
    write_program(&directory.join("cc1"), PARTS)?;
    let patch = kernel.write_patch("a.patch", "kernel/stat.c", "SPDX", "nothing; SPDX")?;
    let outcome = run(kernel.build(["--no-module", &flags])?.arg(&patch))?.expect(3)?;
    ensure!(outcome.stderr.contains("changed: version of gcc"), "{}", outcome.stderr);
    assert_eq!(Report::lines(&outcome.stdout)?.functions, []);
    Ok(())
}

fn write_program(path: &Utf8Path, script: &str) -> Result<()> {
    fs_err::create_dir_all(path.parent().unwrap_or(path))?;
    fs_err::write(path, script)?;
    Ok(fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

fn expect_no_change_but_a_build_of_its_own(
    kernel: &Kernel,
    flags: &[&str],
    what: &str,
) -> Result<()> {
    let patch = kernel.write_patch("a.patch", "kernel/stat.c", "SPDX", "nothing; SPDX")?;
    let outcome = run(kernel.build(["--no-module"])?.arg(&patch).args(flags))?.expect(3)?;
    ensure!(outcome.stderr.contains("made by another compiler"), "{what}: {}", outcome.stderr);
    assert_eq!(Report::lines(&outcome.stdout)?.functions, [], "{what}");
    // It is not looked at again.
    let outcome = run(kernel.build(["--no-module"])?.arg(&patch).args(flags))?.expect(3)?;
    ensure!(!outcome.stderr.contains("original kernel"), "{what}: {}", outcome.stderr);
    Ok(())
}

/// Where an object of the user's build is broken, the hint says whose it is.
#[test]
fn a_build_with_a_broken_object() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let object = kernel.output.join("fs/proc.o");
    tool("gcc", ["-x", "c", "-c", "/dev/null", "-o", object.as_str()])?;
    let outcome = run(&mut kernel.build(["--no-module"])?)?.expect(101)?;
    let blamed = format!("a copy of the build in {}", kernel.output);
    ensure!(outcome.stderr.contains(&blamed), "{}", outcome.stderr);
    Ok(())
}
