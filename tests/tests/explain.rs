//! `cargo klp explain`: what differs in a function, in words.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::tools::{compilers, tool};
use serde_json::Value;
use tempfile::TempDir;

const BEFORE: &str = r#"
void release(void *); void release_all(void *); void say(const char *, int);
struct list { struct list *next; int left; };
int number(int n) { say("numbers", n); return n + 0x1234; }
void drop(void *it) { say("dropped", 1); release(it); }
void text(int n) { say("hello", n); say("always", n); }
int guard(struct list *it) { if (it->left > 4) return 1; say("few", it->left); return 0; }
int same(int n) { say("same", n); return 3 * n; }
int gone(int n) { return n * 7; }
"#;

const AFTER: &str = r#"
void release(void *); void release_all(void *); void say(const char *, int);
struct list { struct list *next; int left; };
int number(int n) { say("numbers", n); return n + 0x4321; }
void drop(void *it) { say("dropped", 1); release_all(it); }
void text(int n) { say("hello there", n); say("always", n); }
int guard(struct list *it) { if (!it) return 2; if (it->left > 4) return 1; say("few", it->left); return 0; }
int same(int n) { say("same", n); return 3 * n; }
int fresh(int n) { return n * 9; }
"#;

fn objects(compiler: &str) -> Result<(TempDir, [Utf8PathBuf; 2])> {
    let (guard, directory) = temporary()?;
    let object = |name: &str, text: &str| -> Result<Utf8PathBuf> {
        let (source, object) = (directory.join("a.c"), directory.join(name));
        fs_err::write(&source, text)?;
        tool(compiler, ["-O2", "-c", source.as_str(), "-o", object.as_str()])?;
        Ok(object)
    };
    let objects = [object("before.o", BEFORE)?, object("after.o", AFTER)?];
    Ok((guard, objects))
}

/// What `explain` prints of two objects, and the status.
fn explain(objects: &[Utf8PathBuf; 2], arguments: &[&str], status: i32) -> Result<String> {
    let [before, after] = objects.each_ref().map(|path| path.as_str());
    let mut command = klp(["explain", "--original", before, "--patched", after])?;
    let outcome = run(command.args(arguments))?.expect(status)?;
    Ok(outcome.stdout + &outcome.stderr)
}

#[test]
fn what_differs_is_said_in_words() -> Result<()> {
    for compiler in compilers("explain") {
        let (_guard, objects) = objects(compiler)?;
        let text = explain(&objects, &[], 0)?;
        for words in ["release → release_all", "\"hello\" → \"hello there\"", "0x4321"] {
            ensure!(text.contains(words), "{compiler}: {words}\n{text}");
        }
        for head in
            ["changed number", "changed drop", "changed guard", "added fresh", "removed gone"]
        {
            ensure!(text.contains(head), "{compiler}: {head}\n{text}");
        }
        ensure!(!text.contains("changed same"), "{compiler}\n{text}");
        // Instructions that only moved are the same.
        let guard = explain(&objects, &["guard", "-U", "0"], 0)?;
        ensure!(!guard.contains("few"), "{compiler}\n{guard}");
    }
    Ok(())
}

#[test]
fn records_have_every_instruction() -> Result<()> {
    let (_guard, objects) = objects("gcc")?;
    let text = explain(&objects, &["drop", "--message-format", "json", "-q"], 0)?;
    let records: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let record = records.get(1).context("a record")?;
    assert_eq!((&record["reason"], &record["name"]), (&"explanation".into(), &"drop".into()));
    let rows = record["rows"].as_array().context("rows")?;
    let differing =
        rows.iter().filter(|row| row["differs"].as_array().is_some_and(|it| !it.is_empty()));
    let words: Vec<&Value> = differing.map(|row| &row["differs"][0]).collect();
    assert_eq!(words, ["jumps to release → release_all"]);
    Ok(())
}

#[test]
fn what_did_not_change_is_no_answer() -> Result<()> {
    let (_guard, objects) = objects("gcc")?;
    let text = explain(&objects, &["same"], 1)?;
    ensure!(text.contains("same is no function that changed"), "{text}");
    let (_guard, directory) = temporary()?;
    fs_err::write(directory.join("Makefile"), "")?;
    let outcome = run(klp(["explain", "-C", directory.as_str()])?.env("HOME", directory.as_str()))?;
    ensure!(outcome.status == Some(96), "{}", outcome.stderr);
    Ok(())
}

/// What is shown is what was compared, or nothing.
#[test]
fn objects_of_another_build_are_not_shown() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let (tree, patch) = (kernel.source.as_str(), example_patch("change-inline"));
    run(klp(["build", "-C", tree])?.arg(&patch))?.expect(0)?;
    let explained = run(&mut klp(["explain", "-C", tree])?)?.expect(0)?;
    ensure!(explained.stdout.contains("changed foo_ring_push"), "{explained:#?}");
    let (object, work) = ("drivers/foo/ring.o", kernel.source.join(".klp"));
    fs_err::copy(work.join("build").join(object), work.join("patched").join(object))?;
    let outcome = run(&mut klp(["explain", "-C", tree])?)?.expect(1)?;
    ensure!(outcome.stderr.contains("are not there any more"), "{outcome:#?}");
    Ok(())
}

const LINES_BEFORE: &str = "
void say(const char *, int); int value(int);
int warned(int n)
{
	say(\"here\", __LINE__);
	return n;
}
int other(int n) { return value(n + 5); }
";

/// `__LINE__` in an instruction is known where debug information is, and not taken for it without.
#[test]
fn numbers_of_lines_are_told_from_others() -> Result<()> {
    for compiler in compilers("line numbers") {
        let (_guard, directory) = temporary()?;
        let after =
            LINES_BEFORE.replace("int warned", "\n\n\nint warned").replace("n + 5", "n + 8");
        let compile = |name: &str, text: &str, flag: &str| -> Result<Utf8PathBuf> {
            let (source, object) = (directory.join("a.c"), directory.join(name));
            fs_err::write(&source, text)?;
            tool(compiler, ["-O2", flag, "-c", source.as_str(), "-o", object.as_str()])?;
            Ok(object)
        };
        let said = |flag: &str, name: &str| -> Result<String> {
            let objects = [compile("b.o", LINES_BEFORE, flag)?, compile("a.o", &after, flag)?];
            explain(&objects, &[name], 0)
        };
        let text = said("-g", "warned")?;
        ensure!(text.contains("  line-number: "), "{compiler}: {text}");
        let text = said("-g0", "warned")?;
        ensure!(
            text.contains("only an immediate differs (+3); may be __LINE__"),
            "{compiler}: {text}"
        );
        ensure!(!said("-g", "other")?.contains("line-number"), "{compiler}");
    }
    Ok(())
}
