//! SARIF: what changed, for tools that show it in the patch.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{klp, root, run};
use serde_json::Value;

use crate::report::objects;

/// A document as it is printed, which follows the schema of SARIF 2.1.0.
fn document(text: &str) -> Result<Value> {
    let schema = root().join("tests/inputs/sarif-2.1.0.json");
    let validator =
        jsonschema::validator_for(&serde_json::from_str(&fs_err::read_to_string(schema)?)?)?;
    let document = serde_json::from_str(text)?;
    let errors: Vec<String> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
    ensure!(errors.is_empty(), "{errors:#?}\n{document:#}");
    Ok(document)
}

fn results(document: &Value) -> Result<&Vec<Value>> {
    document["runs"][0]["results"].as_array().context("results")
}

#[test]
fn it_follows_its_schema() -> Result<()> {
    let (_guard, [before, after]) = objects()?;
    let sarif = |patched: &Utf8Path, status| -> Result<Value> {
        let diff = ["diff", before.as_str(), patched.as_str(), "--message-format", "sarif"];
        document(&run(&mut klp(diff)?)?.expect(status)?.stdout)
    };
    let found = sarif(&after, 4)?;
    let results = results(&found)?;
    let ids: Vec<&str> = results.iter().filter_map(|result| result["ruleId"].as_str()).collect();
    for id in ["changed-function", "added-function", "removed-function", "changed-data"] {
        ensure!(ids.contains(&id), "{id} in {ids:?}");
    }
    let failed = sarif(&after.with_file_name("absent.o"), 1)?;
    assert_eq!(failed["runs"][0]["invocations"][0]["executionSuccessful"], false, "{failed:#}");
    Ok(())
}

/// The line of a file on which a text begins, counted from 1.
fn line_of(path: &Utf8Path, text: &str) -> Result<usize> {
    let file = fs_err::read_to_string(path)?;
    let before = file.split_once(text).with_context(|| format!("{text} in {path}"))?.0;
    Ok(before.matches('\n').count() + 1)
}

/// A result's rule, its symbol and object, and its place in the sources.
type Told<'a> = (&'a str, &'a str, &'a str, usize);

fn told(result: &Value) -> Option<Told<'_>> {
    let place = &result["locations"][0];
    let file = &place["physicalLocation"];
    let is_source = file["artifactLocation"]["uriBaseId"] == "SRCROOT";
    let line = is_source.then(|| file["region"]["startLine"].as_u64())??;
    Some((
        result["ruleId"].as_str()?,
        place["logicalLocations"][0]["fullyQualifiedName"].as_str()?,
        file["artifactLocation"]["uri"].as_str()?,
        usize::try_from(line).ok()?,
    ))
}

#[test]
fn what_a_build_found_is_told_at_the_lines_of_the_patch() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = kernel.source.join("fs/proc.c");
    let first = line_of(&file, "\tif (copy_from_user(line")?;
    let member = line_of(&file, "\t.read = meminfo_read,")?;
    let header = line_of(&kernel.source.join("include/linux/load.h"), "\tif (periods > 64)")?;
    let table = kernel.write_patch(
        "table.patch",
        "fs/proc.c",
        "\t.read = meminfo_read,",
        "\t.read = meminfo_read,\n\t.write = kmsg_write,",
    )?;
    let patches = [example_patch("fix-one-function"), example_patch("change-inline"), table];
    let arguments = kernel.build_arguments().into_iter();
    let arguments = arguments.map(|it| if it == "json" { "sarif".to_owned() } else { it });
    let build = run(klp(arguments)?.args(&patches))?.expect(4)?;
    let document = document(&build.stdout)?;
    let results = results(&document)?;
    let all: Vec<Told<'_>> = results.iter().filter_map(told).collect();
    // The first patch adds two lines above the table, of which the third replaces one.
    for one in [
        ("changed-function", "fs/proc.o:kmsg_write", "fs/proc.c", first),
        ("changed-function", "kernel/sched.o:cpu_load", "include/linux/load.h", header),
        ("changed-function", "drivers/foo/ring.o:foo_ring_push", "include/linux/load.h", header),
        ("changed-data", "fs/proc.o:meminfo_ops", "fs/proc.c", member + 2),
    ] {
        ensure!(all.contains(&one), "{one:?} in {all:#?}\n{document:#}");
    }
    let words = "code comes from the changed lines";
    ensure!(build.stdout.contains(words), "{document:#}");
    ensure!(!build.stdout.contains(kernel.directory.as_str()), "{document:#}");
    Ok(())
}
