//! `cargo klp inlined`: where functions have gone.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::{Kernel, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::tools::{CFLAGS, compilers, tool};
use serde_json::Value;

const HEADER: &str = "
void use(int);
struct ops { int (*run)(int); };
static inline void inner(int n) { use(n * 3); }
static inline void middle(int n) { use(n); inner(n + 1); }
static inline int unused(int n) { return n; }
";

const FIRST: &str = r#"#include "a.h"
static int once(int n) { for (int i = 0; i < n; i++) { use(i); middle(i); } return 2 * n; }
static int eight(int a, int n) { return n * 8 + a; }
int outer(int n) { if (n > 7) middle(n); return once(n) + eight(1, n); }
int other(int n) { return eight(2, n) + 3; }
static __attribute__((noinline)) int apart(int n, int which)
{
	if (which) { use(n); use(n + 1); use(n + 2); }
	return n;
}
int third(int n) { return apart(n, 1) + apart(n + 1, 1); }
"#;

const SECOND: &str = r#"#include "a.h"
static int start(int n) { middle(n); return n; }
const struct ops table = { start };
int call(int n) { return start(n) + 1; }
int same(int n) { use(n); return 17 * n; }
int alike(int n) __attribute__((alias("same")));
"#;

fn compile(directory: &Utf8Path, compiler: &str, flags: &[&str]) -> Result<Vec<Utf8PathBuf>> {
    fs_err::write(directory.join("a.h"), HEADER)?;
    let compile = |(name, text): (&str, &str)| {
        let (source, object) =
            (directory.join(format!("{name}.c")), directory.join(format!("{name}.o")));
        fs_err::write(&source, text)?;
        let report = format!("-fopt-info-inline-optimized={directory}/{name}.inlined");
        let report = Some(report.as_str()).filter(|_| compiler == "gcc");
        let last = ["-w", "-g", "-c", source.as_str(), "-o", object.as_str()];
        let all = CFLAGS.iter().copied().chain(flags.iter().copied()).chain(report);
        tool(compiler, all.chain(last))?;
        Ok(object)
    };
    [("first", FIRST), ("second", SECOND)].into_iter().map(compile).collect()
}

/// The record of a function.
fn record(object: &Utf8Path, function: &str) -> Result<Value> {
    let arguments =
        ["inlined", function, "--object", object.as_str(), "--message-format", "json", "-q"];
    let outcome = run(&mut klp(arguments)?)?.expect(0)?;
    let line = outcome.stdout.lines().nth(1).context("no record")?;
    Ok(serde_json::from_str(line)?)
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|it| Some(it[field].as_str()?.to_owned())).collect()
}

#[test]
fn functions_are_found_where_they_went() -> Result<()> {
    for compiler in compilers("inlined") {
        let (_guard, directory) = temporary()?;
        let objects = compile(&directory, compiler, &[])?;
        let [first, second] = objects.as_slice() else { anyhow::bail!("two objects") };
        let eight = record(first, "eight")?;
        // Of what needs no code of its own, clang says nothing.
        let into = names(&eight["inlined-into"], "name");
        ensure!(into.contains(&"outer".to_owned()), "{compiler}: {eight}");
        ensure!(compiler != "gcc" || into.contains(&"other".to_owned()), "{eight}");
        ensure!(names(&eight["symbols"], "symbol").is_empty(), "{eight}");
        let inner = record(first, "inner")?;
        let into = inner["inlined-into"].as_array().context("a list")?;
        let chains: BTreeSet<Vec<String>> =
            into.iter().map(|it| names(&it["chain"], "name")).collect();
        ensure!(chains.contains(&vec!["middle".to_owned(), "inner".to_owned()]), "{inner}");
        let call = into[0]["chain"][0]["call"].as_str().context("a call")?;
        ensure!(call.contains("/first.c:"), "{call}");
        let start = record(second, "start")?;
        let callers = start["callers"].as_array().context("callers")?;
        ensure!(callers.iter().any(|it| it["name"] == "table" && it["how"] == "data"), "{start}");
        assert_eq!(names(&start["symbols"], "symbol"), ["start"]);
        assert_eq!(record(second, "same")?["merged-with"][0], "alike");
        let apart = record(first, "apart")?;
        ensure!(names(&apart["callers"], "name").contains(&"third".to_owned()), "{apart}");
        if compiler == "gcc" {
            assert_eq!(apart["symbols"][0]["what"], "clone", "{apart}");
            ensure!(names(&apart["symbols"], "symbol")[0].starts_with("apart."), "{apart}");
        }
    }
    Ok(())
}

/// What gcc says that it inlined (`-fopt-info-inline-optimized`, which is short for its dumps) is found.
#[test]
fn the_compiler_says_the_same() -> Result<()> {
    let (_guard, directory) = temporary()?;
    for object in compile(&directory, "gcc", &[])? {
        let text = fs_err::read_to_string(object.with_extension("inlined"))?;
        let said = said(&text);
        ensure!(!said.is_empty(), "{text}");
        let mut found = BTreeSet::new();
        for callee in said.iter().map(|(callee, _)| callee).collect::<BTreeSet<_>>() {
            let record = record(&object, callee)?;
            for into in record["inlined-into"].as_array().context("a list")? {
                // What was inlined into a function before that was inlined elsewhere counts for gcc as inlined there.
                let chain = names(&into["chain"], "name");
                let own = into["name"].as_str().context("a caller")?.to_owned();
                let outer = chain.into_iter().rev().skip(1).chain([own]);
                found.extend(outer.map(|caller| (callee.clone(), caller)));
            }
        }
        let missing: Vec<_> = said.difference(&found).collect();
        ensure!(missing.is_empty(), "{object}: {missing:?}\n{text}");
    }
    Ok(())
}

/// Callee and caller.
fn said(text: &str) -> BTreeSet<(String, String)> {
    let edge = |line: &str| {
        let (_, rest) = line.split_once("Inlined ").or_else(|| line.split_once("Inlining "))?;
        let (callee, into) = rest.split_once(" into ")?;
        let name = |node: &str| Some(node.trim().split(['/', ' ']).next()?.to_owned());
        Some((name(callee)?, name(into)?))
    };
    text.lines().filter_map(edge).collect()
}

#[test]
fn the_list_has_a_line_for_each_fact() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let object = compile(&directory, "gcc", &[])?.remove(0);
    let outcome =
        run(&mut klp(["inlined", "eight", "--list", "-q", "--object", object.as_str()])?)?
            .expect(0)?;
    let expected =
        format!("eight\tinlined-into\tother\t{object}\neight\tinlined-into\touter\t{object}\n");
    assert_eq!(outcome.stdout, expected);
    Ok(())
}

#[test]
fn what_cannot_be_told_is_an_error() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let object = compile(&directory, "gcc", &["-g0"])?.remove(0);
    let plain = directory.join("plain.o");
    tool("objcopy", ["--strip-debug", object.as_str(), plain.as_str()])?;
    run(&mut klp(["inlined", "eight", "--object", plain.as_str()])?)?.expect_error(
        1,
        "no debug information",
        Some("compile the object with -g"),
    )?;
    run(&mut klp(["inlined", "nothing", "--object", object.as_str()])?)?.expect_error(
        1,
        "nothing is known of nothing",
        None,
    )?;
    Ok(())
}

/// Of the last build, without touching it.
#[test]
fn objects_of_a_build_are_compiled_again_beside_it() -> Result<()> {
    for compiler in compilers("inlined, of a build") {
        let kernel = Kernel::with_output()?;
        let cc = format!("CC={compiler}");
        run(&mut kernel.build([cc.as_str()])?)?.expect(0)?;
        let build = klp_tests::snapshot::Snapshot::take(&kernel.work().join("build"), &[])?;
        let output = kernel.output.as_str();
        let mut command = klp(["inlined", "decay_load", "state_weight", "-C", output])?;
        let outcome = run(command.args(["--message-format", "json"]))?.expect(0)?;
        let records: Vec<Value> =
            outcome.stdout.lines().skip(1).map(serde_json::from_str).collect::<Result<_, _>>()?;
        let found: BTreeSet<(String, String)> = records
            .iter()
            .flat_map(|record| {
                let object = record["object"].as_str().unwrap_or_default();
                names(&record["inlined-into"], "name")
                    .into_iter()
                    .map(move |name| (object.to_owned(), name))
            })
            .collect();
        for (object, name) in [
            ("kernel/sched.o", "cpu_load"),
            ("kernel/sched.o", "pick_next_task"),
            ("kernel/stat.o", "task_load"),
        ] {
            ensure!(found.contains(&(object.to_owned(), name.to_owned())), "{compiler}: {found:?}");
        }
        let after = klp_tests::snapshot::Snapshot::take(&kernel.work().join("build"), &[])?;
        build.expect(&after)?;
    }
    Ok(())
}
