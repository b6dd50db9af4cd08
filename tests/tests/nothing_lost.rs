//! Files of the user's stay, wherever our options point.

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::snapshot::Snapshot;
use klp_tests::tools::tool;

const GOOD: &str = "fix-one-function";

fn write(directory: &Utf8Path, files: &[&str]) -> Result<()> {
    for name in files {
        let path = directory.join(name);
        fs_err::create_dir_all(path.parent().unwrap_or(directory))?;
        fs_err::write(path, format!("the user's {name}\n"))?;
    }
    Ok(())
}

/// A directory that holds what our directory would hold as well.
#[test]
fn a_target_directory_of_somebody_else() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = example_patch(GOOD);
    let hint = Some("a new or an empty directory");
    for files in [
        &["build/a.c", "original/b.c", "changed-functions.json", "mirror/x"][..],
        &["lock", ".gitignore", "log/today"],
        &["src/main.c"],
    ] {
        let target = kernel.directory.join("mine");
        write(&target, files)?;
        let others: Vec<String> = (0..12).map(|number| format!("original/{number}")).collect();
        write(&target, &others.iter().map(String::as_str).collect::<Vec<_>>())?;
        let before = Snapshot::take(&target, &[])?;
        let arguments = ["--target-dir", target.as_str()];
        for more in [&[][..], &["--dry-run"], &["--rev", "A..B"]] {
            let mut command = kernel.build([patch.as_str()])?;
            let outcome = run(command.args(arguments).args(more))?;
            outcome.expect_error(1, "is not a directory of cargo-klp", hint)?;
        }
        let output = kernel.output.as_str();
        run(klp(["clean", "-C", output])?.args(arguments))?.expect(0)?;
        before.expect(&Snapshot::take(&target, &[])?)?;
        fs_err::remove_dir_all(&target)?;
    }
    Ok(())
}

/// A file beside ours stays when ours go, and nothing is taken for ours then.
#[test]
fn files_that_came_later() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let target = kernel.directory.join("target");
    let (patch, output) = (example_patch(GOOD), kernel.output.as_str());
    let arguments = ["--target-dir", target.as_str()];
    run(kernel.build([patch.as_str()])?.args(arguments))?.expect(0)?;
    write(&target, &["notes", "build.sh", "log.txt", "livepatch-fix.ko", "mirror2/a"])?;
    run(klp(["clean", "-C", output])?.args(arguments))?.expect(0)?;
    for name in ["notes", "build.sh", "log.txt", "livepatch-fix.ko", "mirror2/a"] {
        ensure!(target.join(name).exists(), "{name} is gone");
    }
    ensure!(!target.join("build").exists() && !target.join("mirror").exists());
    let outcome = run(kernel.build([patch.as_str()])?.args(arguments))?;
    outcome.expect_error(1, "is not a directory of cargo-klp", Some("an empty directory"))?;
    Ok(())
}

/// A run would write through a symlink that somebody put in the place of what is ours, to save space for example.
#[test]
fn symlinks_in_our_directory() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = example_patch(GOOD);
    run(&mut kernel.build([&patch])?)?.expect(0)?;
    let before = kernel.snapshot()?;
    for name in ["mirror", "log"] {
        let (ours, aside) = (kernel.work().join(name), kernel.directory.join("aside"));
        fs_err::rename(&ours, &aside)?;
        fs_err::os::unix::fs::symlink(&kernel.source, &ours)?;
        let outcome = run(&mut kernel.build([&patch])?)?;
        outcome.expect_error(1, "is a symlink", Some("remove the symlink"))?;
        before.expect(&kernel.snapshot()?)?;
        fs_err::remove_file(&ours)?;
        fs_err::rename(&aside, &ours)?;
    }
    run(&mut kernel.build([&patch])?)?.expect(0)?;
    Ok(())
}

/// Compilers name the file in the mirror, and people open it there.
#[test]
fn an_edit_of_the_mirror() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = kernel.snapshot()?;
    run(&mut kernel.build([example_patch(GOOD)])?)?.expect(0)?;
    let mirrored = kernel.work().join("mirror/fs/proc.c");
    fs_err::write(&mirrored, "int edited;\n")?;
    before.expect(&kernel.snapshot()?)?;
    run(&mut kernel.build([example_patch(GOOD)])?)?.expect(0)?;
    before.expect(&kernel.snapshot()?)
}

#[test]
fn outputs_onto_inputs() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let source = directory.join("a.c");
    fs_err::write(&source, "int f(int n) { return n + 1; }\n")?;
    let object = directory.join("a.o");
    tool("gcc", ["-O2", "-c", "-o", object.as_str(), source.as_str()])?;
    let before = fs_err::read(&object)?;
    let hint = Some("name another file");
    for output in [&object, &source] {
        let arguments = ["checksum", object.as_str(), "-o", output.as_str()];
        run(&mut klp(arguments)?)?.expect_error(1, "is not a checksum file", hint)?;
    }
    assert_eq!(fs_err::read(&object)?, before);
    let sums = directory.join("a.checksums");
    for _ in 0..2 {
        run(&mut klp(["checksum", object.as_str(), "-o", sums.as_str()])?)?.expect(0)?;
    }
    run(&mut klp(["checksum", object.as_str(), "--force", "-o", source.as_str()])?)?.expect(0)?;

    let arguments = ["makefile", "--install", directory.as_str()];
    fs_err::write(directory.join("klp.mk"), "all: mine\n")?;
    run(&mut klp(arguments)?)?.expect_error(1, "is not written by cargo-klp", hint)?;
    assert_eq!(fs_err::read_to_string(directory.join("klp.mk"))?, "all: mine\n");
    run(klp(arguments)?.arg("--force"))?.expect(0)?;
    run(&mut klp(arguments)?)?.expect(0)?;
    fs_err::write(directory.join("cargo-klp.1"), ".TH MINE\n")?;
    let arguments = ["man", "--install", directory.as_str()];
    run(&mut klp(arguments)?)?.expect_error(1, "is not written by cargo-klp", hint)?;
    Ok(())
}

/// `-o` takes a file; a slip of the finger must not cost the patch.
#[test]
fn a_module_in_place_of_the_patch() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = kernel.directory.join("fix.patch");
    fs_err::copy(example_patch(GOOD), &patch)?;
    let text = fs_err::read_to_string(&patch)?;
    let outcome = run(&mut kernel.build(["-o", patch.as_str(), patch.as_str()])?)?;
    outcome.expect_error(1, "is not a livepatch module", Some("name another file"))?;
    assert_eq!(fs_err::read_to_string(&patch)?, text);
    // An object or a kernel is no module of ours, and what somebody wrote is no log.
    let (source, object) = (kernel.directory.join("mine.c"), kernel.directory.join("mine.o"));
    fs_err::write(&source, "int mine;\n")?;
    tool("gcc", ["-c", source.as_str(), "-o", object.as_str()])?;
    let bytes = fs_err::read(&object)?;
    let outcome = run(&mut kernel.build(["-o", object.as_str(), patch.as_str()])?)?;
    outcome.expect_error(1, "is not a livepatch module", Some("name another file"))?;
    ensure!(fs_err::read(&object)? == bytes && !kernel.work().exists());
    let tree = ["-C", kernel.source.as_str(), "-O", kernel.output.as_str()];
    // Somebody's notes, and the log of another kernel.
    let other = "[    0.000000] Linux version 7.2.0\n[    0.000000] Command line: console=ttyS0 oops=panic panic=-1\n";
    for text in ["int mine;\n", "about Linux version 7.2\n", other] {
        fs_err::write(&source, text)?;
        let mut command = klp(["try", "--log", source.as_str(), object.as_str()])?;
        let outcome = run(command.args(tree))?;
        outcome.expect_error(1, "is not the log of a trial", Some("name another file"))?;
        assert_eq!(fs_err::read_to_string(&source)?, text);
    }
    Ok(())
}

/// A file is ours if its first line has the digest of the rest, wherever else it names us.
#[test]
fn files_that_only_name_us() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let hint = Some("name another file");
    let makefile = directory.join("klp.mk");
    let install = ["makefile", "--install", directory.as_str()];
    run(&mut klp(install)?)?.expect(0)?;
    let written = fs_err::read_to_string(&makefile)?;
    let older = klp(["makefile"])?.output()?.stdout;
    let edited = format!("{written}mine:\n");
    for text in ["# our CI, runs cargo-klp\nall: mine\n", &edited] {
        fs_err::write(&makefile, text)?;
        run(&mut klp(install)?)?.expect_error(1, "is not written by cargo-klp", hint)?;
        assert_eq!(fs_err::read_to_string(&makefile)?, text);
    }
    for ours in [older.as_slice(), written.as_bytes()] {
        fs_err::write(&makefile, ours)?;
        run(&mut klp(install)?)?.expect(0)?;
        assert_eq!(fs_err::read_to_string(&makefile)?, written);
    }
    let page = directory.join("cargo-klp.1");
    let install = ["man", "--install", directory.as_str()];
    fs_err::write(&page, ".TH X 1\nour own page about cargo-klp\n")?;
    run(&mut klp(install)?)?.expect_error(1, "is not written by cargo-klp", hint)?;
    fs_err::remove_file(&page)?;
    run(&mut klp(install)?)?.expect(0)?;
    run(&mut klp(install)?)?.expect(0)?;
    Ok(())
}

/// Who forces a file into a directory does not mean one elsewhere.
#[test]
fn force_stays_in_the_directory() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (inside, outside) = (directory.join("inside"), directory.join("mine.mk"));
    fs_err::create_dir_all(&inside)?;
    fs_err::write(&outside, "all: mine\n")?;
    fs_err::os::unix::fs::symlink(&outside, inside.join("klp.mk"))?;
    let install = ["makefile", "--force", "--install", inside.as_str()];
    let outcome = run(&mut klp(install)?)?;
    outcome.expect_error(1, "which is somewhere else", Some("remove the symlink"))?;
    assert_eq!(fs_err::read_to_string(&outside)?, "all: mine\n");
    Ok(())
}

/// What is called as our results are, and is none of ours.
#[test]
fn results_of_somebody_else() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let results = kernel.changed_functions();
    let mine = ["[\n \"my own notes\"\n]\n", "[section]\nx = 1\n", "[\n{\"reason\":\"mine\"}\n]\n"];
    for text in mine {
        fs_err::write(&results, text)?;
        let outcome = run(&mut kernel.build(["no-such.patch"])?)?;
        outcome.expect_error(1, "is not a changed-function set", Some("name another file"))?;
        let tree = ["clean", "-C", kernel.source.as_str(), "-O", kernel.output.as_str()];
        let outcome = run(&mut klp(tree)?)?.expect(0)?;
        ensure!(outcome.stderr.contains("stays"), "{}", outcome.stderr);
        assert_eq!(fs_err::read_to_string(&results)?, text);
    }
    Ok(())
}
