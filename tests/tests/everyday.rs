//! What a person or a package calls beside `build`: Makefile targets, checks of the machine, cleaning
//! up, completions and manual pages.

use anyhow::{Context as _, Result, ensure};
use klp_tests::compiler::Compiler;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{Outcome, klp, path_with_binary, plain, root, run};
use klp_tests::report::{Report, expected};
use klp_tests::snapshot::Snapshot;
use klp_tests::tools::have;
use serde_json::Value;

/// `make -f klp.mk ARGUMENTS` in the kernel's sources, with the program on the `PATH`.
fn make(kernel: &Kernel, arguments: &[&str]) -> Result<Outcome> {
    let mut make = plain("make");
    make.args(["--no-print-directory", "-f", "klp.mk"]).args(arguments);
    run(make.current_dir(&kernel.source).env("PATH", path_with_binary()?))
}

fn is_installed(program: &str) -> bool {
    run(plain(program).arg("--version")).is_ok_and(|outcome| outcome.status == Some(0))
}

/// In a tree, under `make -j2`: the right set, never more than two compilers, and nothing rebuilt
/// because klp.mk is there.
#[test]
fn makefile_targets() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let compiler = Compiler::new(&kernel.directory)?;
    compiler.set_delay("0.1")?;
    let directory = kernel.source.as_str();
    run(&mut klp(["makefile", "--install", directory])?)?.expect(0)?;
    let patch = example_patch("change-inline");
    let variables = [compiler.variable(), format!("PATCH={patch}")];
    let arguments = [
        "-j2",
        "-s",
        "KLPFLAGS=--message-format=json",
        variables[0].as_str(),
        variables[1].as_str(),
    ];
    let outcome = make(&kernel, &[&arguments[..], &["klp"]].concat())?.expect(0)?;
    assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&patch)?);
    ensure!(!outcome.stderr.contains("jobserver"), "{}", outcome.stderr);
    ensure!(compiler.begun() > 20, "{} compilations", compiler.begun());
    assert_eq!(compiler.most_at_once(), 2);

    let diff = make(&kernel, &["-s", "KLPFLAGS=--message-format=json", "klp-diff"])?.expect(0)?;
    assert_eq!(Report::lines(&diff.stdout)?.names(), expected(&patch)?);

    fs_err::write(
        kernel.directory.join("my.toml"),
        "[[rule]]\nobject = 'kernel/*.o'\nallow = ['*']\nreason = 'r'\n",
    )?;
    let rules = format!("ALLOWLIST={}/my.toml", kernel.directory);
    // Make's own status is 2 for whatever a recipe ends with.
    let outcome = make(&kernel, &[&arguments[..], &[&rules, "klp"]].concat())?.expect(2)?;
    ensure!(outcome.stderr.contains("Error 5"), "{}", outcome.stderr);
    ensure!(!outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    make(&kernel, &[rules.as_str(), "klp-allowlist"])?.expect(0)?;
    make(&kernel, &["klp-clean"])?.expect(0)?;
    ensure!(!kernel.work().exists() && !kernel.changed_functions().exists());
    Ok(())
}

/// The file that is printed, and one that includes it with an output directory.
#[test]
fn a_makefile_that_includes_it() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let text = run(&mut klp(["makefile"])?)?.expect(0)?.stdout;
    let installed = fs_err::read_to_string(root().join("kbuild-glue/klp.mk"))?;
    assert_eq!(text, installed);
    fs_err::write(kernel.directory.join("klp.mk"), text)?;
    let patch = example_patch("fix-one-function");
    let rules = format!(
        "all: klp\nKDIR = linux\nO = out\nPATCH = {patch}\nKLPFLAGS = -q\ninclude klp.mk\n"
    );
    fs_err::write(kernel.directory.join("rules"), rules)?;
    let mut make = plain("make");
    make.args(["-s", "-f", "rules"]).current_dir(&kernel.directory);
    run(make.env("PATH", path_with_binary()?))?.expect(0)?;
    assert_eq!(Report::file(&kernel.changed_functions())?.names(), expected(&patch)?);
    Ok(())
}

#[test]
fn clean() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let before = kernel.snapshot()?;
    let output = kernel.output.as_str();
    let outcome = run(&mut klp(["clean", "-C", output])?)?.expect(0)?;
    ensure!(outcome.stderr.contains("nothing is kept"), "{}", outcome.stderr);
    let patch = example_patch("static-key");
    run(&mut kernel.build([&patch])?)?.expect(0)?;
    let outcome = run(&mut klp(["clean", "-C", output, "--dry-run"])?)?.expect(0)?;
    ensure!(outcome.stderr.contains("Would remove") && kernel.work().join("build").exists());
    let outcome = run(&mut klp(["clean", "-C", output])?)?.expect(0)?;
    for name in [".klp/mirror", ".klp/build", ".klp/original", "changed-functions.json"] {
        let line = format!("Removed {}", kernel.output.join(name));
        ensure!(outcome.stderr.contains(&line), "{line}: {}", outcome.stderr);
    }
    ensure!(!kernel.work().exists() && !kernel.changed_functions().exists());
    ensure!(kernel.output.join(".config").exists());
    before.expect(&kernel.snapshot()?)?;
    run(&mut kernel.build([&patch])?)?.expect(0)?;

    Ok(())
}

/// It says what would be done, as text and as JSON, and writes nothing.
#[test]
fn dry_run() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let outputs = Snapshot::take(&kernel.output, &[])?;
    let patch = example_patch("change-inline");
    let (source, output) = (kernel.source.as_str(), kernel.output.as_str());
    let absolute = format!("O={output}");
    // The last two as people type it for make.
    for arguments in [&["-C", output][..], &["-C", source, &absolute], &["-C", source, "O=../out"]]
    {
        let mut human = klp(["build", "--dry-run"])?;
        let outcome = run(human.args(arguments).arg(&patch))?.expect(0)?;
        for line in
            ["Would build original kernel 7.2.0-mini", "Would patch include/linux/load.h (changed)"]
        {
            ensure!(outcome.stderr.contains(line), "{line}: {}", outcome.stderr);
        }
        ensure!(outcome.stdout.is_empty());
    }
    outputs.expect(&Snapshot::take(&kernel.output, &[])?)?;

    run(&mut kernel.build([&patch])?)?.expect(0)?;
    let outputs = Snapshot::take(&kernel.output, &[])?;
    let outcome = run(kernel.build([&patch])?.arg("-n"))?.expect(0)?;
    let record: Value = serde_json::from_str(outcome.stdout.lines().nth(1).context("no record")?)?;
    assert_eq!((&record["reason"], &record["original"]), (&"dry-run".into(), &"kept".into()));
    assert_eq!(record["files"][0]["path"], "include/linux/load.h");
    assert_eq!(record["objects"].as_array().map(Vec::len), Some(3));
    let broken = kernel.directory.join("broken.patch");
    fs_err::write(&broken, "--- a/no.c\n+++ b/no.c\n@@ -1 +1 @@\n-a\n+b\n")?;
    run(kernel.build([&broken])?.arg("-n"))?.expect_error(1, "no file `no.c`", Some("top"))?;
    outputs.expect(&Snapshot::take(&kernel.output, &[])?)
}

fn doctor(arguments: &[&str], status: i32) -> Result<Vec<Value>> {
    let mut command = klp(["doctor", "--message-format", "json"])?;
    let outcome = run(command.args(arguments))?.expect(status)?;
    outcome.stdout.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// The state of the check `name`, and how to fix it.
fn check<'a>(checks: &'a [Value], name: &str) -> Result<(&'a str, &'a str)> {
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.with_context(|| format!("no check `{name}`: {checks:#?}"))?;
    let state = check["state"].as_str().context("no state")?;
    Ok((state, check["fix"].as_str().unwrap_or_default()))
}

#[test]
fn doctor_says_how_to_fix_each() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let output = kernel.output.as_str();
    let has_all = ["flex", "bison", "bc"].iter().all(|tool| is_installed(tool));
    let status = if has_all { 0 } else { 96 };
    let checks = doctor(&["-C", output], status)?;
    for name in ["tree", "config", "CONFIG_MODULES", "make", "gcc", "ld", "compiler", "directory"] {
        assert_eq!(check(&checks, name)?, ("ok", ""), "{name}");
    }
    ensure!(!kernel.work().exists(), "it wrote something");

    let checks = doctor(&["-C", output, "CC=no-such-compiler"], 96)?;
    assert_eq!(check(&checks, "no-such-compiler")?, ("error", "install no-such-compiler"));

    let config = kernel.output.join(".config");
    let text = fs_err::read_to_string(&config)?;
    fs_err::write(&config, format!("{text}CONFIG_CC_VERSION_TEXT=\"gcc 1.0\"\n"))?;
    let checks = doctor(&["-C", output], status)?;
    let (state, fix) = check(&checks, "CONFIG_LIVEPATCH")?;
    ensure!(state == "warning" && fix.contains("--enable LIVEPATCH"), "{state}: {fix}");
    assert_eq!(check(&checks, "compiler")?.0, "warning");

    fs_err::write(&config, text.replace("CONFIG_X86_64=y", "# CONFIG_X86_64 is not set"))?;
    assert_eq!(check(&doctor(&["-C", output], 96)?, "config")?.0, "error");
    fs_err::remove_file(&config)?;
    let checks = doctor(&["-C", output], 96)?;
    ensure!(check(&checks, "config")?.1.contains("make defconfig"), "{checks:#?}");

    let checks = doctor(&["-C", output, "--target-dir", "/tmp/with space"], 96)?;
    ensure!(check(&checks, "directory")?.1.contains("--target-dir"), "{checks:#?}");
    let (_guard, empty) = temporary()?;
    let checks = doctor(&["-C", empty.as_str()], 96)?;
    ensure!(check(&checks, "tree")?.1.contains("run in a kernel tree"), "{checks:#?}");
    Ok(())
}

/// Shells take what is printed for them, and it knows all subcommands.
#[test]
fn completions() -> Result<()> {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&mut klp(["completions", shell])?)?.expect(0)?.stdout;
        for word in ["build", "allowlist", "--target-dir", "doctor"] {
            let word = if shell == "fish" { word.trim_start_matches("--") } else { word };
            ensure!(script.contains(word), "{shell}: no {word}");
        }
        if !have(&format!("the completions of {shell}"), &[shell]) {
            continue;
        }
        let (_guard, directory) = temporary()?;
        let file = directory.join("script");
        fs_err::write(&file, script)?;
        run(plain(shell).args(["-n", file.as_str()]))?.expect(0)?;
    }
    run(&mut klp(["completions", "tcsh"])?)?.expect(2).map(drop)
}

/// One page for each subcommand that `--help` lists, none empty.
#[test]
fn manual_pages() -> Result<()> {
    let (_guard, directory) = temporary()?;
    run(&mut klp(["man", "--install", directory.as_str()])?)?.expect(0)?;
    let help = run(&mut klp(["--help"])?)?.expect(0)?.stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    ensure!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let page = fs_err::read_to_string(directory.join(format!("cargo-klp-{command}.1")))?;
        ensure!(page.contains(".SH SYNOPSIS") && page.contains("cargo klp"), "{command}: {page}");
    }
    let page = fs_err::read_to_string(directory.join("cargo-klp-try.1"))?;
    for text in ["<SECONDS>", "Possible values:", "kvm: "] {
        ensure!(page.contains(text), "no {text}: {page}");
    }
    let main = run(&mut klp(["man"])?)?.expect(0)?.stdout;
    // Behind the line that says that nobody edited it.
    let installed = fs_err::read_to_string(directory.join("cargo-klp.1"))?;
    assert_eq!(installed.split_once('\n').map(|(_, page)| page), Some(main.as_str()));
    Ok(())
}
