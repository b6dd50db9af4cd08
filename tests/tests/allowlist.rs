//! Rules on objects and functions: what is skipped, ignored and allowed, from each place that rules can
//! come from, and what is said about rules that are wrong or apply to nothing.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::record::{ChangedFunction, Record};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{Outcome, klp, plain, root, run};
use klp_tests::report::{Report, expected};
use klp_tests::tools::finish;

/// It changes `foo_ring_push`, `cpu_load`, `sched_tick` and `task_load`.
const PATCH: &str = "change-inline";

const IGNORE_SCHED: &str =
    "[[rule]]\nobject = 'kernel/sched.o'\nignore = ['cpu_load', 'sched_*']\nreason = 'figures'\n";

fn build(kernel: &Kernel, arguments: &[&str]) -> Result<Outcome> {
    run(kernel.build([example_patch(PATCH)])?.args(arguments).current_dir(&kernel.directory))
}

fn names(functions: &[ChangedFunction]) -> Vec<&str> {
    functions.iter().map(|function| function.name.as_str()).collect()
}

/// Names and reasons of ignored functions.
fn ignored(report: &Report) -> Vec<(&str, &str)> {
    let ignored = report.ignored.iter().filter_map(|record| match record {
        Record::Function(function) => Some((function.name.as_str(), function.ignored.as_deref()?)),
        _ => None,
    });
    ignored.collect()
}

/// The example file is right, and does what it says.
#[test]
fn the_example() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let rules = root().join("examples/klp.toml");
    let outcome = build(&kernel, &["--allowlist", rules.as_str()])?.expect(0)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!(names(&report.functions), ["sched_tick", "foo_ring_push"]);
    let reason = "load figures are read by people only";
    assert_eq!(ignored(&report), [("cpu_load", reason), ("task_load", reason)]);
    ensure!(report.functions.iter().all(|function| function.allowed == Some(true)));
    let summary = &report.summary;
    assert_eq!((summary.changed, summary.ignored), (2, 2));
    assert_eq!((summary.not_allowed, summary.skipped, summary.objects), (0, 1, 18));
    assert_eq!(report, Report::file(&kernel.changed_functions())?);
    ensure!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    Ok(())
}

#[test]
fn a_change_that_is_not_allowed() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let rules = kernel.directory.join("klp.toml");
    fs_err::write(
        &rules,
        "[[rule]]\nobject = 'kernel/*.o'\nallow = ['cpu_load', 'sched_tick']\nreason = 'fix'\n",
    )?;
    let outcome = build(&kernel, &[])?.expect(5)?;
    let report = Report::lines(&outcome.stdout)?;
    let outside: Vec<&str> = report
        .functions
        .iter()
        .filter(|function| function.allowed == Some(false))
        .map(|function| function.name.as_str())
        .collect();
    assert_eq!(outside, ["task_load", "foo_ring_push"]);
    assert_eq!((report.summary.changed, report.summary.not_allowed), (4, 2));
    assert_eq!(report, Report::file(&kernel.changed_functions())?);
    for text in
        ["task_load (kernel/stat.o), foo_ring_push (drivers/foo/ring.o)", "hint: ", "klp.toml"]
    {
        ensure!(outcome.stderr.contains(text), "{}", outcome.stderr);
    }
    // People see which.
    let mut human = klp(["build", "-C", kernel.output.as_str(), "-q"])?;
    let human = run(human.arg(example_patch(PATCH)).current_dir(&kernel.directory))?.expect(5)?;
    let marked = human.stdout.lines().filter(|line| line.ends_with("(not allowed)")).count();
    assert_eq!(marked, 2, "{}", human.stdout);
    Ok(())
}

/// A patch whose changes are all ignored changes nothing.
#[test]
fn nothing_but_ignored_changes() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let rules = "[[rule]]\nobject = '**'\nignore = ['*']\nreason = 'all'\n";
    fs_err::write(kernel.directory.join("klp.toml"), rules)?;
    let outcome = build(&kernel, &[])?.expect(3)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!((report.functions.len(), report.ignored.len()), (0, 4));
    let mut human = klp(["build", "-C", kernel.output.as_str()])?;
    let human = run(human.arg(example_patch(PATCH)).current_dir(&kernel.directory))?.expect(3)?;
    ensure!(human.stdout.lines().all(|line| line.starts_with("ignored  ")), "{}", human.stdout);
    ensure!(human.stderr.contains("4 ignored"), "{}", human.stderr);
    Ok(())
}

/// The current directory comes before a Cargo manifest, this before output and source directory; and
/// rules in the source tree are no source.
#[test]
fn where_rules_come_from() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let rule = |reason: &str| IGNORE_SCHED.replace("figures", reason);
    let used = |wanted: Option<&str>| -> Result<Outcome> {
        let outcome = build(&kernel, &[])?.expect(0)?;
        let report = Report::lines(&outcome.stdout)?;
        let reasons: Vec<&str> = ignored(&report).iter().map(|(_, reason)| *reason).collect();
        let wanted: Vec<&str> = wanted.into_iter().flat_map(|reason| [reason, reason]).collect();
        assert_eq!(reasons, wanted, "{}", outcome.stderr);
        Ok(outcome)
    };
    used(None)?;
    fs_err::write(kernel.source.join("klp.toml"), rule("source"))?;
    let outcome = used(Some("source"))?;
    ensure!(!outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    fs_err::write(kernel.output.join("klp.toml"), rule("output"))?;
    used(Some("output"))?;
    let manifest = "[workspace]\nmembers = []\n[[workspace.metadata.klp.rule]]\n\
                    object = 'kernel/sched.o'\nignore = ['*']\nreason = 'workspace'\n";
    fs_err::write(kernel.directory.join("Cargo.toml"), manifest)?;
    used(Some("workspace"))?;
    fs_err::write(kernel.directory.join("klp.toml"), rule("here"))?;
    used(Some("here")).map(drop)
}

#[test]
fn rules_of_a_package() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let package = kernel.directory.join("driver");
    fs_err::create_dir_all(package.join("src"))?;
    fs_err::write(package.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = 'driver'\nversion = '0.1.0'\nedition = '2024'\n\
         [package.metadata.klp]\nkernel = '{}'\n\
         [[package.metadata.klp.rule]]\nobject = '**'\nallow = ['*_load', 'sched_tick']\nreason = 'r'\n",
        kernel.output
    );
    fs_err::write(package.join("Cargo.toml"), &manifest)?;
    let run_here = || {
        let mut command = klp(["build", "--message-format", "json", "-j2"])?;
        run(command.arg(example_patch(PATCH)).current_dir(&package))
    };
    let outcome = run_here()?.expect(5)?;
    ensure!(outcome.stderr.contains("driver/Cargo.toml: foo_ring_push"), "{}", outcome.stderr);
    fs_err::write(package.join("Cargo.toml"), manifest.replace("reason", "raison"))?;
    run_here()?.expect_error(1, "unknown field `raison`", None).map(drop)
}

#[test]
fn rules_that_are_wrong_or_name_nothing() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = kernel.directory.join("my.toml");
    let with = |text: &str| -> Result<Outcome> {
        fs_err::write(&file, text)?;
        build(&kernel, &["--allowlist", file.as_str()])
    };
    let cases = [
        ("[[rule]]\nobject = 'a[.o'\nskip = true\nreason = 'r'\n", "line 2, column 10"),
        ("[[rule]]\nobject = 'a.o'\nskip = true\n", "missing field `reason`"),
        ("[[rule]\n", "line 1"),
        ("[[rule]]\nobject = 'a.o'\nreason = 'r'\n", "rule 1 (line 1)"),
    ];
    for (text, message) in cases {
        let outcome = with(text)?.expect_error(1, message, None)?;
        ensure!(outcome.stderr.contains("my.toml"), "{}", outcome.stderr);
        ensure!(!kernel.changed_functions().exists());
    }
    let missing = build(&kernel, &["--allowlist", "no-such.toml"])?;
    missing.expect_error(1, "no-such.toml", None)?;
    let outcome = with(&format!(
        "{IGNORE_SCHED}[[rule]]\nobject = 'drivers/fo/*.o'\nskip = true\nreason = 'r'\n\
         [[rule]]\nobject = 'kernel/*.o'\nignore = ['sched_tock']\nreason = 'r'\n"
    ))?
    .expect(0)?;
    let warnings: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(
        warnings,
        [
            format!("warning: {file}:5: no object matches `drivers/fo/*.o`"),
            format!("warning: {file}:9: no function of `kernel/*.o` matches `sched_tock`"),
        ]
    );
    Ok(())
}

/// `diff` and `checksum` obey the same rules, for build directories and for single objects.
#[test]
fn other_subcommands() -> Result<()> {
    let (kernel, changed) = (Kernel::with_output()?, Kernel::with_output()?);
    kernel.make(&["all"])?;
    let patch = example_patch(PATCH);
    finish(plain("patch").args([
        "-s",
        "-p1",
        "-d",
        changed.source.as_str(),
        "-i",
        patch.as_str(),
    ]))?;
    changed.make(&["all"])?;
    let (before, after) = (kernel.output.clone(), changed.output.clone());
    let diff = |before: &Utf8Path, after: &Utf8Path, rules: &str, status: i32| -> Result<Report> {
        let file = kernel.directory.join("diff.toml");
        fs_err::write(&file, rules)?;
        let mut command =
            klp(["diff", before.as_str(), after.as_str(), "--message-format", "json"])?;
        let outcome = run(command.args(["--allowlist", file.as_str()]))?.expect(status)?;
        Report::lines(&outcome.stdout)
    };
    let whole = diff(&before, &after, IGNORE_SCHED, 0)?;
    assert_eq!(
        (names(&whole.functions), whole.ignored.len()),
        (vec!["task_load", "foo_ring_push"], 2)
    );
    let (old, new) = (before.join("kernel/sched.o"), after.join("kernel/sched.o"));
    let single = diff(&old, &new, IGNORE_SCHED, 0)?;
    assert_eq!((single.functions.len(), single.ignored.len()), (0, 2));
    assert_eq!(single.ignored, whole.ignored.iter().map(without_linked).collect::<Vec<_>>());
    let freeze = "[[rule]]\nobject = '**'\nallow = []\nreason = 'frozen'\n";
    assert_eq!(diff(&before, &after, freeze, 5)?.summary.not_allowed, 4);
    assert_eq!(diff(&old, &new, freeze, 5)?.summary.not_allowed, 2);
    assert_eq!(diff(&before, &before, freeze, 0)?.summary.not_allowed, 0);
    let skip = "[[rule]]\nobject = 'kernel/*.o'\nskip = true\nreason = 'r'\n";
    let skipped = diff(&before, &after, skip, 0)?;
    assert_eq!((names(&skipped.functions), skipped.summary.skipped), (vec!["foo_ring_push"], 6));

    let file = kernel.directory.join("diff.toml");
    let mut checksum = klp(["checksum", old.as_str(), "--allowlist", file.as_str()])?;
    let outcome = run(&mut checksum)?.expect(0)?;
    assert_eq!(outcome.stdout, "");
    ensure!(outcome.stderr.contains("Skipping 1 object"), "{}", outcome.stderr);
    Ok(())
}

/// The same record, as it is where nothing is known of what an object is linked into.
fn without_linked(record: &Record) -> Record {
    match record {
        Record::Function(function) => {
            Record::Function(ChangedFunction { linked: None, ..function.clone() })
        }
        other => other.clone(),
    }
}

/// What objtool does not check is compared, and named as not patchable.
#[test]
fn non_standard_objects() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("kernel/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    fs_err::write(&makefile, format!("{text}OBJECT_FILES_NON_STANDARD_stat.o := y\n"))?;
    let outcome = build(&kernel, &[])?.expect(4)?;
    let report = Report::lines(&outcome.stdout)?;
    assert_eq!(report.names(), expected(&example_patch(PATCH))?);
    let refused = report.refused.first().context("nothing is refused")?;
    assert_eq!((refused.object.as_str(), refused.name.as_str()), ("kernel/stat.o", "task_load"));
    assert_eq!(refused.rule.as_deref(), Some("OBJECT_FILES_NON_STANDARD"));

    let list = |format: &str| -> Result<Outcome> {
        let mut command = klp(["allowlist", "-C", kernel.output.as_str()])?;
        command.args(["--message-format", format]).current_dir(&kernel.directory);
        run(&mut command)?.expect(0)
    };
    fs_err::write(kernel.directory.join("klp.toml"), IGNORE_SCHED)?;
    let human = list("human")?.stdout;
    for text in [
        "kernel/sched.o (line 1): figures",
        "ignores cpu_load: 1 function: cpu_load",
        "kernel/stat.o",
    ] {
        ensure!(human.contains(text), "{human}");
    }
    let records: Vec<serde_json::Value> =
        list("json")?.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let [_version, rule, apart] = records.as_slice() else { anyhow::bail!("{records:?}") };
    assert_eq!(rule["functions"][0]["matches"][0]["name"], "cpu_load");
    assert_eq!(
        (&apart["reason"], &apart["objects"][0]),
        (&"non-standard".into(), &"kernel/stat.o".into())
    );
    Ok(())
}
