//! Every patch of `examples/patches` on the mini kernel gives exactly the set beside it, and the
//! source tree stays as it is.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::checksum::ContentKind;
use klp_core::record::Change;
use klp_tests::compiler::Compiler;
use klp_tests::kernel::{Kernel, example_patch, example_patches};
use klp_tests::klp::{klp, run, through_cargo};
use klp_tests::report::{Report, expected};
use klp_tests::snapshot::Snapshot;

#[test]
fn in_tree() -> Result<()> {
    all_patches(&Kernel::in_tree()?)
}

/// Objects of the user's own build are between the sources, and are neither used nor touched.
#[test]
fn in_tree_with_a_build() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    kernel.make(&["all"])?;
    ensure!(kernel.source.join("vmlinux").exists());
    all_patches(&kernel)
}

#[test]
fn with_an_output_directory() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let ours = [".klp", "changed-functions.json"];
    let outputs = Snapshot::take(&kernel.output, &ours)?;
    all_patches(&kernel)?;
    outputs.expect(&Snapshot::take(&kernel.output, &ours)?)
}

fn all_patches(kernel: &Kernel) -> Result<()> {
    let before = kernel.snapshot()?;
    for (number, patch) in example_patches()?.iter().enumerate() {
        one_patch(kernel, patch, number == 0).with_context(|| patch.to_string())?;
        before.expect(&kernel.snapshot()?).with_context(|| patch.to_string())?;
    }
    Ok(())
}

fn one_patch(kernel: &Kernel, patch: &Utf8Path, first: bool) -> Result<()> {
    let expected = expected(patch)?;
    let status = if expected.is_empty() { 3 } else { 0 };
    let outcome = run(kernel.build([patch])?.current_dir("/"))?.expect(status)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!(report.names(), expected);
    assert_eq!((report.data.as_slice(), report.refused.as_slice()), ([].as_slice(), [].as_slice()));
    assert_eq!(report, Report::file(&kernel.changed_functions())?);

    let summary = &report.summary;
    assert_eq!((summary.changed, summary.added, summary.removed), (expected.len(), 0, 0));
    assert_eq!((summary.data_changed, summary.refused, summary.objects), (0, 0, 19));
    for function in &report.functions {
        assert_eq!(function.change, Change::Changed);
        let module = function.object.starts_with("drivers/foo/");
        let linked = if module { "drivers/foo/foo" } else { "vmlinux" };
        assert_eq!(function.linked.as_deref(), Some(linked));
        ensure!(function.original_checksum.is_some() && function.patched_checksum.is_some());
        assert_ne!(function.original_checksum, function.patched_checksum);
        let kinds: Vec<ContentKind> = function.causes.iter().map(|cause| cause.kind).collect();
        match patch.file_stem() {
            Some("module-string") => assert_eq!(kinds, [ContentKind::String]),
            Some("static-key") => assert_eq!(kinds, [ContentKind::StaticKey]),
            Some("switch-constants") => assert_eq!(kinds, [ContentKind::Constant]),
            Some("change-inline") => assert_eq!(kinds, [ContentKind::Instruction]),
            _ => ensure!(kinds.contains(&ContentKind::Instruction), "{kinds:?}"),
        }
        ensure!(function.causes.iter().all(|cause| cause.offset.is_some()), "{function:?}");
    }
    assert_eq!(outcome.stderr.contains("Building original"), first, "{}", outcome.stderr);
    Ok(())
}

/// What follows from Kbuild's records is what a full make finds, in any order, and nothing of one run
/// is left in the next.
#[test]
fn a_full_make_finds_the_same() -> Result<()> {
    let kernel = Kernel::with_output()?;
    run(&mut kernel.build([""; 0])?)?.expect(0)?;
    let objects = objects(&kernel)?;
    for patch in example_patches()? {
        let status = if expected(&patch)?.is_empty() { 3 } else { 0 };
        let records = |flags: &[&str], said: &str| -> Result<String> {
            let outcome = run(kernel.build(flags)?.arg(&patch))?.expect(status)?;
            ensure!(outcome.stderr.contains(said), "{}", outcome.stderr);
            ensure!(!outcome.stderr.contains("Building original"), "{}", outcome.stderr);
            Ok(outcome.stdout)
        };
        let few = records(&[], "to compile)")?;
        objects.expect(&self::objects(&kernel)?).with_context(|| format!("{patch}: few"))?;
        let full = records(&["--full-make"], "full make")?;
        objects.expect(&self::objects(&kernel)?).with_context(|| format!("{patch}: full"))?;
        assert_eq!(few, full, "{patch}");
        assert_eq!(few, records(&[], "to compile)")?, "{patch}: again");
    }
    Ok(())
}

/// All files of the original build with their contents and times.
fn objects(kernel: &Kernel) -> Result<Snapshot> {
    Snapshot::for_make(&kernel.work().join("build"))
}

/// Only what a patch touches is compiled, in both builds of a run that was never there before.
#[test]
fn only_what_a_patch_touches_is_compiled() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let compiler = Compiler::new(&kernel.directory)?;
    let variable = compiler.variable();
    run(&mut kernel.build([&variable])?)?.expect(0)?;
    for (name, objects) in [("fix-one-function", 1), ("module-string", 1), ("fix-one-function", 1)]
    {
        compiler.clear()?;
        run(kernel.build([&variable])?.arg(example_patch(name)))?.expect(0)?;
        assert_eq!(compiler.begun(), objects, "{name}");
    }
    Ok(())
}

/// A finished `O=` build of the user's is where ours starts: what is in it is not compiled again.
#[test]
fn a_finished_build_is_not_made_again() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let compiler = Compiler::new(&kernel.directory)?;
    let variable = compiler.variable();
    kernel.make(&[&variable, "all"])?;
    let all = compiler.begun();
    let outputs = || Snapshot::take(&kernel.output, &[".klp", "changed-functions.json"]);
    let before = outputs()?;
    compiler.clear()?;
    let patch = example_patch("fix-one-function");
    let outcome = run(kernel.build([&variable])?.arg(&patch))?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    ensure!(outcome.stderr.contains("Copying"), "{}", outcome.stderr);
    let few = compiler.begun();
    // Eight of them only prove that compiler.
    ensure!(few < 5 + 8 && all > 15, "{few} of {all} objects were compiled again");
    before.expect(&outputs()?)?;

    // The same records as from a build that started with nothing.
    let alone = Kernel::with_output()?;
    assert_eq!(run(alone.build([&patch])?.arg("--full-make"))?.expect(0)?.stdout, outcome.stdout);

    // A source that is younger than the build, and flags that are others, are seen.
    for (arguments, least) in [(vec![], 1), (vec!["KCFLAGS=-fno-inline"], 15)] {
        fs_err::remove_dir_all(kernel.work())?;
        let file = kernel.source.join("kernel/stat.c");
        fs_err::write(&file, fs_err::read_to_string(&file)? + "\nint added_since;\n")?;
        compiler.clear()?;
        run(kernel.build([&variable])?.args(&arguments))?.expect(0)?;
        ensure!(compiler.begun() >= least, "{} compiled for {arguments:?}", compiler.begun());
    }
    Ok(())
}

/// Objects with descriptions of code for UBSAN's reports name their sources as the command line does.
#[test]
fn a_finished_build_that_names_its_sources_is_not_used() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let config = kernel.output.join(".config");
    fs_err::write(&config, fs_err::read_to_string(&config)? + "CONFIG_UBSAN=y\n")?;
    kernel.make(&["all"])?;
    let outcome = run(&mut kernel.build([example_patch("fix-one-function")])?)?.expect(0)?;
    ensure!(outcome.stderr.contains("is not used: with CONFIG_UBSAN"), "{}", outcome.stderr);
    Ok(())
}

/// What only a full make knows: Makefiles, and files that are there no more.
#[test]
fn a_makefile_needs_a_full_make() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = kernel.write_patch(
        "makefile.patch",
        "kernel/Makefile",
        "obj-y += sched.o stat.o printk.o panic.o jump_label.o policy.o",
        "obj-y += sched.o stat.o printk.o panic.o jump_label.o policy.o # all",
    )?;
    let outcome = run(&mut kernel.build([&patch])?)?.expect(3)?;
    ensure!(outcome.stderr.contains("full make: kernel/Makefile"), "{}", outcome.stderr);
    Ok(())
}

#[test]
fn several_patches_are_applied_in_their_order() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let names = ["module-string", "static-key", "only-lines"];
    let outcome = run(&mut kernel.build(names.map(example_patch))?)?.expect(0)?;
    let mut wanted = expected(&example_patch("module-string"))?;
    wanted.extend(expected(&example_patch("static-key"))?);
    assert_eq!(Report::lines(&outcome.stdout)?.names(), wanted);
    Ok(())
}

/// The original is built again when sources or configuration are others, and only then.
#[test]
fn the_original_follows_the_tree() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = example_patch("switch-constants");
    let next = || -> Result<(bool, Report)> {
        let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
        Ok((outcome.stderr.contains("Building original"), Report::lines(&outcome.stdout)?))
    };
    let (built, first) = next()?;
    assert!(built);
    assert_eq!(next()?, (false, first.clone()));

    // The function that the patch changes is already another one.
    let file = kernel.source.join("kernel/sched.c");
    let text = fs_err::read_to_string(&file)?;
    fs_err::write(&file, text.replace("return 15;", "return 16;"))?;
    let (built, second) = next()?;
    assert!(built);
    assert_eq!(second.names(), first.names());
    let original = |report: &Report| report.functions.first().and_then(|f| f.original_checksum);
    assert_ne!(original(&first), original(&second));
    fs_err::write(&file, text)?;
    assert_eq!(next()?, (true, first.clone()));

    let config = kernel.output.join(".config");
    let text = fs_err::read_to_string(&config)?;
    fs_err::write(&config, text.replace("CONFIG_FOO=m", "# CONFIG_FOO is not set"))?;
    let (built, last) = next()?;
    assert!(built);
    assert_eq!((last.names(), last.summary.objects), (first.names(), 17));
    Ok(())
}

/// A file that the patch adds or removes, and a function that comes and goes with it.
#[test]
fn a_patch_adds_and_removes_files() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = kernel.directory.join("files.patch");
    fs_err::write(
        &patch,
        "--- a/kernel/Makefile\n+++ b/kernel/Makefile\n@@ -2,1 +2,1 @@\n\
         -obj-y += sched.o stat.o printk.o panic.o jump_label.o policy.o\n\
         +obj-y += sched.o stat.o printk.o panic.o jump_label.o policy.o more.o\n\
         --- /dev/null\n+++ b/kernel/more.c\n@@ -0,0 +1,2 @@\n+int more(int x);\n\
         +int more(int x) { return x + 1; }\n",
    )?;
    let before = kernel.snapshot()?;
    let outcome = run(&mut kernel.build([&patch])?)?.expect(0)?;
    before.expect(&kernel.snapshot()?)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!(report.names(), [("kernel/more.o".to_owned(), "more".to_owned())]);
    assert_eq!(report.functions.first().map(|function| function.change), Some(Change::Added));
    assert_eq!((report.summary.added, report.summary.objects), (1, 20));

    // What it added is gone in the next run.
    let next = example_patch("fix-one-function");
    let outcome = run(&mut kernel.build([&next])?)?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&next)?);
    assert_eq!(Report::lines(&outcome.stdout)?.summary.objects, 19);
    Ok(())
}

/// Changed data cannot be patched: exit status 4, and the records say which.
#[test]
fn changed_data_is_refused() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let patch = kernel.write_patch(
        "data.patch",
        "drivers/foo/core.c",
        "\t.read = foo_read,",
        "\t.read = 0,",
    )?;
    let outcome = run(&mut kernel.build([&patch])?)?.expect(4)?;
    let report = Report::lines(&outcome.stdout)?;
    ensure!(report.data.iter().any(|data| data.name.as_deref() == Some("foo_ops")), "{report:#?}");
    assert_eq!(report, Report::file(&kernel.changed_functions())?);
    Ok(())
}

#[test]
fn through_cargo_and_by_itself() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let patch = example_patch("change-inline");
    let mut arguments = kernel.build_arguments();
    arguments.push(patch.to_string());
    let alone = run(&mut klp(&arguments)?)?.expect(0)?;
    let cargo = run(through_cargo(&arguments)?.current_dir(&kernel.directory))?.expect(0)?;
    assert_eq!(alone.stdout, cargo.stdout);
    assert_eq!(Report::lines(&cargo.stdout)?.names(), expected(&patch)?);

    // In the tree, without any option.
    let here =
        run(through_cargo(["build", patch.as_str()])?.current_dir(&kernel.source))?.expect(0)?;
    assert_eq!(here.stdout.lines().count(), 4, "{}", here.stdout);
    ensure!(here.stdout.lines().all(|line| line.starts_with("changed  ")), "{}", here.stdout);

    // From the output directory of an O= build.
    let kernel = Kernel::with_output()?;
    run(klp(["build", patch.as_str()])?.current_dir(&kernel.output))?.expect(0)?;
    assert_eq!(Report::file(&kernel.changed_functions())?.names(), expected(&patch)?);
    Ok(())
}

/// Without a patch the original is built and kept, and there is no set.
#[test]
fn no_patch_builds_the_original() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = kernel.snapshot()?;
    let outcome = run(&mut kernel.build([""; 0])?)?.expect(0)?;
    ensure!(outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    let [_version, original] = outcome.stdout.lines().collect::<Vec<_>>()[..] else {
        anyhow::bail!("{outcome:#?}")
    };
    ensure!(original.starts_with(r#"{"reason":"original","#), "{original}");
    ensure!(!kernel.changed_functions().exists());
    let outcome = run(&mut kernel.build([example_patch("static-key")])?)?.expect(0)?;
    ensure!(!outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    before.expect(&kernel.snapshot()?)
}

/// Everybody who may read build outputs may read the set.
#[test]
fn the_set_has_the_mode_of_other_outputs() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let kernel = Kernel::with_output()?;
    run(&mut kernel.build([example_patch("static-key")])?)?.expect(0)?;
    let mode = |name: &str| -> Result<u32> {
        Ok(fs_err::metadata(kernel.output.join(name))?.permissions().mode())
    };
    assert_eq!(mode("changed-functions.json")?, mode(".config")?);
    Ok(())
}
