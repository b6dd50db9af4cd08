//! What `--message-format json` promises to every program that reads it. After a change of the records:
//! `SNAPSHOTS=overwrite cargo test -p klp-tests --test all -- json::`.

use anyhow::{Context as _, Result, ensure};
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{Outcome, klp, root, run};
use klp_tests::schema;
use serde_json::{Value, json};
use snapbox::{Data, assert_data_eq};

fn with_json(arguments: &[&str]) -> Result<Outcome> {
    run(klp(arguments)?.args(["--message-format", "json"]))
}

fn records(outcome: &Outcome) -> Result<Vec<Value>> {
    let lines = outcome.stdout.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().with_context(|| format!("not a record a line: {outcome:#?}"))
}

/// Reasons, names of fields and the like are words that are joined by hyphens.
fn expect_kebab_case(value: &Value) -> Result<()> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            let good = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            ensure!(good, "the field `{name}`");
            expect_kebab_case(value)
        }),
        Value::Array(values) => values.iter().try_for_each(expect_kebab_case),
        _ => Ok(()),
    }
}

#[test]
fn the_schema_is_shipped() -> Result<()> {
    let schema = run(&mut klp(["schema"])?)?.expect(0)?.stdout;
    let path = root().join("docs/schema.json");
    assert_data_eq!(schema, Data::read_from(path.as_std_path(), None).raw());
    Ok(())
}

/// What the tests hold against the schema would fail if it were wrong.
#[test]
fn the_schema_tells_good_records_from_bad_ones() -> Result<()> {
    let note = json!({"reason": "note", "object": "a.o", "name": "f", "code": "order", "why": "w"});
    schema::check(&note)?;
    let with = |field: &str, value: Value| {
        let mut record = note.clone();
        record[field] = value;
        record
    };
    for bad in [
        with("reason", "remark".into()),
        with("name", 1.into()),
        with("colour", "red".into()),
        json!({"reason": "note", "object": "a.o"}),
        json!({"reason": "check", "severity": "error", "topic": "crc", "place": "p", "what": "w", "x": 1}),
        json!({"reason": "function-checksum", "name": "f", "checksum": "12"}),
    ] {
        ensure!(schema::check(&bad).is_err(), "taken for good: {bad}");
    }
    Ok(())
}

/// Every command that prints for people also prints records, and the version comes first.
#[test]
fn every_command_has_records() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (_guard, directory) = temporary()?;
    let output = kernel.output.as_str();
    let patch = example_patch("fix-one-function");
    let object = kernel.work().join("build/kernel/sched.o");
    let object = object.as_str();
    for (arguments, wanted) in [
        (&["build", "-C", output][..], "original"),
        (&["build", "-C", output, patch.as_str(), "--dry-run"], "dry-run"),
        (&["build", "-C", output, patch.as_str()], "summary"),
        (&["explain", "-C", output], "explanation"),
        (&["allowlist", "-C", output], "non-standard"),
        (&["checksum", "--no-cache", object], "function-checksum"),
        (&["diff", "--no-cache", object, object], "summary"),
        (&["doctor", "-C", output], "doctor-summary"),
        (&["rules"], "exclusion"),
        (&["makefile", "--install", directory.as_str()], "installed"),
        (&["man", "--install", directory.as_str()], "installed"),
        (&["clean", "-C", output, "--dry-run"], "removed"),
        (&["clean", "-C", output], "removed"),
        (&["clean", "-C", output], "clean-summary"),
    ] {
        let outcome = with_json(arguments)?;
        let records = records(&outcome)?;
        let first = records.first().context("nothing")?;
        let reason = if arguments[0] == "checksum" { "checksums" } else { "version" };
        assert_eq!(first["reason"], reason, "{arguments:?}");
        ensure!(first["format-version"].is_u64() && first["tool"].is_string(), "{first}");
        ensure!(
            records.iter().any(|record| record["reason"] == wanted),
            "{arguments:?}: {outcome:#?}"
        );
        records.iter().try_for_each(expect_kebab_case)?;
    }
    Ok(())
}

/// What is text for other programs is printed as it is, or not at all.
#[test]
fn what_has_no_records_is_refused() -> Result<()> {
    for (arguments, what) in [
        (&["makefile"][..], "klp.mk"),
        (&["man"], "a manual page"),
        (&["completions", "bash"], "a script for a shell"),
        (&["schema"], "the JSON schema"),
    ] {
        let outcome = with_json(arguments)?.expect(2)?;
        let records = records(&outcome)?;
        assert_eq!(records[0]["reason"], "version", "{arguments:?}");
        let message = records[1]["message"].as_str().context("no message")?;
        ensure!(message.starts_with(&format!("{what} is printed as it is")), "{message}");
        ensure!(records.len() == 2, "{records:?}");
        run(&mut klp(arguments)?)?.expect(0)?;
    }
    Ok(())
}

/// A run that fails says why in the last record, with the status that it ends with.
#[test]
fn errors_are_records() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (_guard, empty) = temporary()?;
    let (output, empty) = (kernel.output.as_str(), empty.as_str());
    let broken = kernel.directory.join("broken.patch");
    fs_err::write(&broken, "--- a/kernel/sched.c\n+++ b/kernel/sched.c\n@@ -1 +1 @@\n-no\n+no!\n")?;
    let error = kernel.directory.join("error.patch");
    let line = fs_err::read_to_string(kernel.source.join("kernel/sched.c"))?;
    let (line, rest) = line.split_once('\n').context("an empty source")?;
    let next = rest.lines().next().context("a source of one line")?;
    let text = format!(
        "--- a/kernel/sched.c\n+++ b/kernel/sched.c\n@@ -1,2 +1,3 @@\n {line}\n+#error no\n {next}\n"
    );
    fs_err::write(&error, text)?;
    for (arguments, status) in [
        (&["build", "-C", empty][..], 96),
        (&["build", "-C", output, broken.as_str()], 1),
        (&["build", "-C", output, error.as_str()], 101),
        (&["diff", "no.o", "no.o"], 1),
        (&["diff", "no.o"], 2),
        (&["check", "-C", output, "no.ko"], 1),
        (&["allowlist", "-C", empty], 96),
    ] {
        let outcome = with_json(arguments)?.expect(status)?;
        let records = records(&outcome)?;
        let [version, error] = records.as_slice() else { anyhow::bail!("{outcome:#?}") };
        assert_eq!((&version["reason"], &error["reason"]), (&"version".into(), &"error".into()));
        assert_eq!(error["exit-status"], status);
        let message = error["message"].as_str().context("no message")?;
        ensure!(outcome.stderr.contains(&format!("error: {message}\n")), "{outcome:#?}");
        if status == 101 {
            let details = error["details"].as_array().context("no details")?;
            let mut details = details.iter().filter_map(Value::as_str);
            ensure!(details.any(|line| line.contains("#error no")), "{error}");
        }
    }
    Ok(())
}
