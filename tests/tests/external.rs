//! Modules outside of the kernel's sources: Kbuild's `M=`, and a Cargo workspace that holds a module.

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::checksum::ContentKind;
use klp_tests::kernel::Kernel;
use klp_tests::klp::{Outcome, klp, root, run};
use klp_tests::report::Report;
use klp_tests::snapshot::Snapshot;
use klp_tests::tools::finish;

const OURS: &[&str] = &[".klp", "changed-functions.json"];

const HEADER: &str = "--- a/words.h\n+++ b/words.h\n@@ -8,1 +8,1 @@\n\
                      -\treturn (number + 1) % GREETINGS;\n+\treturn (number + 2) % GREETINGS;\n";
/// The same with more instructions before those that stay.
const LONGER: &str = "--- a/words.h\n+++ b/words.h\n@@ -8,1 +8,3 @@\n\
                      -\treturn (number + 1) % GREETINGS;\n+\tif (number > GREETINGS)\n\
                      +\t\tprintk(\"greet: %u\\n\", number);\n+\treturn (number + 2) % GREETINGS;\n";
const STRING: &str = "--- a/words.c\n+++ b/words.c\n@@ -11,1 +11,1 @@\n\
                      -\t\treturn \"hello\";\n+\t\treturn \"hallo\";\n";
const COMMENT: &str = "--- a/tiny.c\n+++ b/tiny.c\n@@ -2,0 +2,1 @@\n+/* Nothing new. */\n";

/// A kernel that is built, and a copy of the example module beside it.
pub(super) fn module() -> Result<(Kernel, Utf8PathBuf)> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let module = kernel.directory.join("module");
    let from = root().join("examples/module");
    finish(klp_tests::klp::plain("cp").args(["-a", from.as_str(), module.as_str()]))?;
    Ok((kernel, module))
}

fn patch(kernel: &Kernel, text: &str) -> Result<Utf8PathBuf> {
    let path = kernel.directory.join("module.patch");
    fs_err::write(&path, text)?;
    Ok(path)
}

fn build(kernel: &Kernel, module: &Utf8Path, text: &str) -> Result<Outcome> {
    let mut command = klp(["build", "-C", kernel.output.as_str(), "-M", module.as_str(), "-j2"])?;
    run(command.args(["--message-format", "json", patch(kernel, text)?.as_str()]))
}

fn names(report: &Report) -> Vec<(String, String, String)> {
    let functions = report.functions.iter().map(|function| {
        let linked = function.linked.clone().unwrap_or_default();
        (linked, function.object.clone(), function.name.clone())
    });
    functions.collect()
}

fn name(linked: &str, object: &str, name: &str) -> (String, String, String) {
    (linked.to_owned(), object.to_owned(), name.to_owned())
}

#[test]
fn patches_of_a_module() -> Result<()> {
    let (kernel, module) = module()?;
    let sources = Snapshot::take(&module, OURS)?;
    let outputs = Snapshot::take(&kernel.output, &[])?;
    let header = build(&kernel, &module, HEADER)?.expect(0)?;
    ensure!(header.stderr.contains("Skipping livepatch module"), "{}", header.stderr);
    let report = Report::lines(&header.stdout)?;
    assert_eq!(names(&report), [name("greet", "main.o", "cleanup_module")]);
    assert_eq!(report, Report::file(&module.join("changed-functions.json"))?);
    assert_eq!(report.summary.objects, 3);

    let string = Report::lines(&build(&kernel, &module, STRING)?.expect(0)?.stdout)?;
    assert_eq!(names(&string), [name("greet", "words.o", "greeting")]);
    let kinds = string.functions.iter().flat_map(|f| &f.causes).map(|cause| cause.kind);
    assert_eq!(kinds.collect::<Vec<_>>(), [ContentKind::String]);

    build(&kernel, &module, COMMENT)?.expect(3)?;
    let added = format!(
        "--- /dev/null\n+++ b/more.c\n@@ -0,0 +1,2 @@\n+int more(int x);\n+int more(int x) {{ return x; }}\n\
         --- a/Kbuild\n+++ b/Kbuild\n@@ -7,1 +7,1 @@\n-greet-y := main.o words.o\n\
         +greet-y := main.o words.o more.o\n{STRING}"
    );
    let added = Report::lines(&build(&kernel, &module, &added)?.expect(0)?.stdout)?;
    assert_eq!(
        names(&added),
        [name("greet", "words.o", "greeting"), name("greet", "more.o", "more")]
    );
    // What a patch added is gone in the next run.
    let again = Report::lines(&build(&kernel, &module, HEADER)?.expect(0)?.stdout)?;
    assert_eq!(again, report);
    sources.expect(&Snapshot::take(&module, OURS)?)?;
    outputs.expect(&Snapshot::take(&kernel.output, &[])?)
}

/// What the user built there is neither used nor touched.
#[test]
fn a_module_that_was_built_there() -> Result<()> {
    let (kernel, module) = module()?;
    kernel.make(&[&format!("M={module}"), "modules"])?;
    ensure!(module.join("greet.ko").exists());
    let before = Snapshot::take(&module, OURS)?;
    let report = Report::lines(&build(&kernel, &module, HEADER)?.expect(0)?.stdout)?;
    assert_eq!(names(&report), [name("greet", "main.o", "cleanup_module")]);
    before.expect(&Snapshot::take(&module, OURS)?)
}

/// A killed run leaves nothing that the next one takes for good.
#[test]
fn after_a_killed_run() -> Result<()> {
    let (kernel, module) = module()?;
    build(&kernel, &module, HEADER)?.expect(0)?;
    let build_directory = module.join(".klp/build");
    fs_err::write(module.join(".klp/running"), "")?;
    fs_err::write(build_directory.join("main.o"), "cut")?;
    fs_err::write(build_directory.join("words.h"), "of a patch")?;
    let report = Report::lines(&build(&kernel, &module, STRING)?.expect(0)?.stdout)?;
    assert_eq!(names(&report), [name("greet", "words.o", "greeting")]);
    Ok(())
}

/// In a Cargo package with a Kbuild, and in a workspace whose package is the module.
#[test]
fn a_cargo_workspace() -> Result<()> {
    let (kernel, module) = module()?;
    let workspace = kernel.directory.join("workspace");
    fs_err::create_dir_all(&workspace)?;
    let inside = workspace.join("driver");
    fs_err::rename(&module, &inside)?;
    fs_err::create_dir_all(inside.join("src"))?;
    fs_err::write(inside.join("src/lib.rs"), "")?;
    fs_err::write(
        workspace.join("Cargo.toml"),
        format!(
            "[workspace]\nmembers = ['driver']\n[workspace.metadata.klp]\nkernel = '{}'\n\
             [[workspace.metadata.klp.rule]]\nobject = 'words.o'\nallow = ['greeting']\nreason = 'r'\n",
            kernel.output
        ),
    )?;
    let manifest = "[package]\nname = 'driver'\nversion = '0.1.0'\nedition = '2024'\n";
    fs_err::write(inside.join("Cargo.toml"), format!("{manifest}[package.metadata.klp]\n"))?;
    let run_here = |text: &str| -> Result<Outcome> {
        let mut command = klp(["build", "-j2", "--message-format", "json"])?;
        run(command.arg(patch(&kernel, text)?).current_dir(&inside))
    };
    let report = Report::lines(&run_here(STRING)?.expect(0)?.stdout)?;
    assert_eq!(names(&report), [name("greet", "words.o", "greeting")]);
    ensure!(inside.join("changed-functions.json").exists());
    run_here(HEADER)?.expect(5)?;

    // From the workspace, with the directory named; the manifest there knows the kernel.
    let mut command = klp(["build", "-j2", "-q", "-M", "driver"])?;
    let outcome = run(command.arg(patch(&kernel, STRING)?).current_dir(&workspace))?.expect(0)?;
    ensure!(outcome.stdout.starts_with("changed  greeting"), "{}", outcome.stdout);
    run(klp(["clean", "-M", "driver"])?.current_dir(&workspace))?.expect(0)?;
    ensure!(!inside.join(".klp").exists());
    Ok(())
}

/// Symlinks in the module's directory lead to what a patch changes.
#[test]
fn symlinks_within_the_module() -> Result<()> {
    let (kernel, module) = module()?;
    let header = HEADER.replace("words.h", "real/words.h");
    fs_err::create_dir(module.join("real"))?;
    fs_err::rename(module.join("words.h"), module.join("real/words.h"))?;
    let link = module.join("words.h");
    let absolute = module.join("real/words.h").into_string();
    for target in ["real/words.h", absolute.as_str(), "inside/words.h"] {
        let _ = fs_err::remove_file(module.join("inside"));
        fs_err::os::unix::fs::symlink("real", module.join("inside"))?;
        fs_err::os::unix::fs::symlink(target, &link)?;
        let before = Snapshot::take(&module, OURS)?;
        let report = Report::lines(&build(&kernel, &module, &header)?.expect(0)?.stdout)?;
        assert_eq!(names(&report), [name("greet", "main.o", "cleanup_module")], "{target}");
        build(&kernel, &module, HEADER)?.expect_error(1, "a symlink", Some("real/words.h"))?;
        before.expect(&Snapshot::take(&module, OURS)?)?;
        fs_err::remove_file(&link)?;
    }
    // A link to an older file than the objects, and one that leads out.
    let old = fs_err::read_to_string(module.join("real/words.h"))?;
    let outside = kernel.directory.join("outside.h");
    for path in [module.join("other.h"), outside.clone()] {
        fs_err::write(&path, old.replace("number + 1", "number + 7"))?;
        let hour = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
        fs_err::OpenOptions::new().append(true).open(&path)?.set_modified(hour)?;
    }
    let other = HEADER.replace("words.h", "other.h").replace("number + 1", "number + 7");
    fs_err::os::unix::fs::symlink("other.h", &link)?;
    let report = Report::lines(&build(&kernel, &module, &other)?.expect(0)?.stdout)?;
    assert_eq!(names(&report), [name("greet", "main.o", "cleanup_module")]);
    fs_err::remove_file(&link)?;
    fs_err::os::unix::fs::symlink(&outside, &link)?;
    build(&kernel, &module, &other)?.expect(3)?;
    Ok(())
}

/// A patch makes a directory of a file, and the user does so afterwards; and the other way round.
#[test]
fn files_and_directories_take_turns() -> Result<()> {
    let (kernel, module) = module()?;
    let text = fs_err::read_to_string(module.join("words.h"))?;
    let turn = |from: &str, to: &str| -> Result<String> {
        let each = |line: fn(&str) -> String| text.lines().map(line).collect::<Vec<_>>().concat();
        let gone = each(|line| format!("-{line}\n"));
        let new = each(|line| format!("+{}\n", line.replace("+ 1", "+ 2")));
        let count = text.lines().count();
        let main = fs_err::read_to_string(module.join("main.c"))?;
        let line = main.lines().position(|line| line.contains(from)).unwrap_or_default() + 1;
        Ok(format!(
            "--- a/{from}\n+++ /dev/null\n@@ -1,{count} +0,0 @@\n{gone}\
             --- /dev/null\n+++ b/{to}\n@@ -0,0 +1,{count} @@\n{new}\
             --- a/main.c\n+++ b/main.c\n@@ -{line},1 +{line},1 @@\n-#include \"{from}\"\n+#include \"{to}\"\n"
        ))
    };
    let rename = |from: &str, to: &str| -> Result<()> {
        for file in ["main.c", "words.c"] {
            let path = module.join(file);
            fs_err::write(&path, fs_err::read_to_string(&path)?.replace(from, to))?;
        }
        Ok(())
    };
    // What else includes it keeps a header of its own.
    fs_err::write(module.join("kept.h"), &text)?;
    let words = module.join("words.c");
    fs_err::write(&words, fs_err::read_to_string(&words)?.replace("words.h", "kept.h"))?;
    for (from, to) in [("words.h", "words.h/real.h"), ("words.h/real.h", "words.h")] {
        let patch = turn(from, to)?;
        for _ in 0..2 {
            let report = Report::lines(&build(&kernel, &module, &patch)?.expect(0)?.stdout)?;
            assert_eq!(names(&report), [name("greet", "main.o", "cleanup_module")], "{from}");
            build(&kernel, &module, COMMENT)?.expect(3)?;
        }
        fs_err::remove_file(module.join(from))?;
        if from == "words.h" {
            fs_err::create_dir(module.join("words.h"))?;
        } else {
            fs_err::remove_dir(module.join("words.h"))?;
        }
        fs_err::write(module.join(to), &text)?;
        rename(from, to)?;
    }
    build(&kernel, &module, HEADER)?.expect(0)?;
    Ok(())
}

#[test]
fn what_can_be_wrong() -> Result<()> {
    let (kernel, module) = module()?;
    let empty = kernel.directory.join("empty");
    fs_err::create_dir_all(&empty)?;
    build(&kernel, &empty, HEADER)?.expect_error(1, "no module in", Some("obj-m"))?;
    let broken = HEADER.replace("(number + 2)", "(nmber + 2)");
    let outcome =
        build(&kernel, &module, &broken)?.expect_error(101, "failed", Some("patched.log"))?;
    ensure!(outcome.stderr.contains("nmber"), "{}", outcome.stderr);
    build(&kernel, &module, HEADER)?.expect(0)?;
    fs_err::remove_file(kernel.output.join("include/config/auto.conf"))?;
    build(&kernel, &module, HEADER)?
        .expect_error(96, "not prepared for modules", Some("modules_prepare"))
        .map(drop)
}

/// Only the directory of the module is copied; what it names beside it is told.
#[test]
fn headers_beside_the_module() -> Result<()> {
    let (kernel, module) = module()?;
    let include = kernel.directory.join("include");
    fs_err::create_dir_all(&include)?;
    fs_err::write(include.join("shared.h"), "#define SHARED 5\n")?;
    let tiny = fs_err::read_to_string(module.join("tiny.c"))?;
    let kbuild = fs_err::read_to_string(module.join("Kbuild"))?;
    let hint = format!("only {module} is copied and built");
    let build = || build(&kernel, &module, STRING);

    fs_err::write(module.join("tiny.c"), format!("#include \"../include/shared.h\"\n{tiny}"))?;
    let outcome = build()?.expect(101)?;
    ensure!(outcome.stderr.contains(&hint), "{}", outcome.stderr);

    fs_err::write(module.join("tiny.c"), &tiny)?;
    fs_err::write(module.join("Kbuild"), format!("CFLAGS_tiny.o := -I../include\n{kbuild}"))?;
    let outcome = build()?.expect(0)?;
    ensure!(outcome.stderr.contains(&hint), "{}", outcome.stderr);

    fs_err::write(module.join("Kbuild"), format!("CFLAGS_tiny.o := -I{include}\n{kbuild}"))?;
    fs_err::write(module.join("tiny.c"), format!("#include <shared.h>\n{tiny}"))?;
    let outcome = build()?.expect(0)?;
    ensure!(!outcome.stderr.contains(&hint), "{}", outcome.stderr);
    Ok(())
}

/// What a build of a module left is explained as that of a kernel is, and leads nowhere when its sources are others.
#[test]
fn a_build_of_a_module_is_explained() -> Result<()> {
    let (kernel, module) = module()?;
    let words = module.join("words.h");
    let text = fs_err::read_to_string(&words)?;
    let about = |command: &[&str]| -> Result<Outcome> {
        run(klp(command)?.args(["-C", kernel.output.as_str(), "-M", module.as_str(), "--no-pager"]))
    };
    build(&kernel, &module, HEADER)?.expect(0)?;
    let before = Snapshot::take(&module, OURS)?;
    let explained = about(&["explain"])?.expect(0)?.stdout;
    for line in [
        "changed cleanup_module  main.o",
        "inlined through next_greeting()",
        "- words.h:8  return (number + 1) % GREETINGS;",
        "+ words.h:8  return (number + 2) % GREETINGS;",
        "summand 0x1 → 0x2",
    ] {
        ensure!(explained.contains(line), "{line}:\n{explained}");
    }
    // The original is compiled again from the sources without the patch; what is kept then is the patched one.
    assert_eq!(
        fs_err::read_to_string(module.join(".klp/build/words.h"))?,
        text.replace("+ 1", "+ 2")
    );
    assert_eq!(about(&["explain"])?.expect(0)?.stdout, explained);
    let inlined = klp(["inlined", "next_greeting", "-C", kernel.output.as_str(), "-M"])?
        .arg(&module)
        .output()?;
    let inlined = String::from_utf8(inlined.stdout)?;
    ensure!(inlined.contains("inlined into greet_exit at main.c:17"), "{inlined}");
    before.expect(&Snapshot::take(&module, OURS)?)?;

    let page = kernel.directory.join("page.html");
    let patch = patch(&kernel, HEADER)?;
    let arguments = ["build", "-C", kernel.output.as_str(), "-M", module.as_str(), "--report"];
    run(klp(arguments)?.args([&page, &patch]))?.expect(0)?;
    let page = fs_err::read_to_string(&page)?;
    ensure!(page.contains("words.h:8</span> return (number + 1) % GREETINGS;"), "{page}");
    // The sources are those of the last build, whatever was done to them since, and where a run was killed.
    build(&kernel, &module, LONGER)?.expect(0)?;
    let explained = about(&["explain"])?.expect(0)?.stdout;
    ensure!(explained.contains("\n+ words.h:9  printk(\"greet: %u"), "{explained}");
    fs_err::write(&words, "something else")?;
    fs_err::write(module.join(".klp/build/words.h"), &text)?;
    fs_err::remove_dir_all(module.join(".klp/lines/patched"))?;
    assert_eq!(about(&["explain"])?.expect(0)?.stdout, explained);
    fs_err::write(&words, &text)?;
    build(&kernel, &module, STRING)?.expect(0)?;
    let other = about(&["explain"])?.expect(0)?.stdout;
    ensure!(other.contains("hallo") && !other.contains("next_greeting"), "{other}");
    Ok(())
}

/// The module's directory is a part of a git repository: revisions of it are compared wherever it is at, and edits.
#[test]
fn revisions_of_a_module() -> Result<()> {
    let (kernel, module) = module()?;
    let words = module.join("words.h");
    let text = fs_err::read_to_string(&words)?;
    let git = |arguments: &[&str]| -> Result<()> {
        let mut git = klp_tests::klp::plain("git");
        git.args(["-c", "user.name=n", "-c", "user.email=e"]).args(arguments);
        finish(git.current_dir(&module)).map(drop)
    };
    fs_err::write(kernel.directory.join(".gitignore"), "/linux\n/out\n")?;
    finish(klp_tests::klp::plain("git").args(["init", "-q"]).current_dir(&kernel.directory))?;
    git(&["add", "."])?;
    git(&["commit", "-qm", "one"])?;
    fs_err::write(&words, text.replace("+ 1", "+ 2"))?;
    git(&["commit", "-qam", "two"])?;
    let build = |arguments: &[&str]| -> Result<Outcome> {
        let mut command =
            klp(["build", "-C", kernel.output.as_str(), "-M", module.as_str(), "-j2"])?;
        run(command.args(["--no-module", "--message-format", "json"]).args(arguments))
    };
    let changed = [name("greet", "main.o", "cleanup_module")];
    let before = Snapshot::take(&module, OURS)?;
    for arguments in [["--rev", "HEAD"], ["--rev", "HEAD^..HEAD"]] {
        let outcome = build(&arguments)?.expect(0)?;
        assert_eq!(names(&Report::lines(&outcome.stdout)?), changed);
    }
    let explain = ["explain", "-C", kernel.output.as_str(), "-M", module.as_str(), "--no-pager"];
    let explained = run(&mut klp(explain)?)?.expect(0)?.stdout;
    ensure!(explained.contains("words.h:8  return (number + 2) % GREETINGS;"), "{explained}");
    build(&["--worktree"])?.expect_error(1, "no changes", None)?;
    before.expect(&Snapshot::take(&module, OURS)?)?;

    fs_err::write(&words, text.replace("+ 1", "+ 7"))?;
    let outcome = build(&["--worktree"])?.expect(0)?;
    assert_eq!(names(&Report::lines(&outcome.stdout)?), changed);
    assert_eq!(fs_err::read_to_string(&words)?, text.replace("+ 1", "+ 7"));
    Ok(())
}
