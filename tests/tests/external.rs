//! Modules outside of the kernel's sources: Kbuild's `M=`, and a Cargo workspace that holds a module.

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::checksum::Kind;
use klp_tests::kernel::Kernel;
use klp_tests::klp::{Outcome, klp, root, run};
use klp_tests::report::Report;
use klp_tests::snapshot::Snapshot;
use klp_tests::tools::finish;

const OURS: &[&str] = &[".klp", "changed-functions.json"];

const HEADER: &str = "--- a/words.h\n+++ b/words.h\n@@ -8,1 +8,1 @@\n\
                      -\treturn (number + 1) % GREETINGS;\n+\treturn (number + 2) % GREETINGS;\n";
const STRING: &str = "--- a/words.c\n+++ b/words.c\n@@ -11,1 +11,1 @@\n\
                      -\t\treturn \"hello\";\n+\t\treturn \"hallo\";\n";
const COMMENT: &str = "--- a/tiny.c\n+++ b/tiny.c\n@@ -2,0 +2,1 @@\n+/* Nothing new. */\n";

/// A kernel that is built, and a copy of the example module beside it.
fn module() -> Result<(Kernel, Utf8PathBuf)> {
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
    assert_eq!(kinds.collect::<Vec<_>>(), [Kind::String]);

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
