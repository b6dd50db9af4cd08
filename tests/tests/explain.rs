//! `cargo klp explain`: what differs in a function, in words.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::tools::{compilers, finish, tool};
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
int added(int n) { return n + __LINE__; }
long *inside(long *n) { return n + 5; }
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
        // A sum can be the work of the instruction for addresses; a place in something is none.
        ensure!(said("-g", "added")?.contains("  line-number: "), "{compiler}");
        let text = said("-g0", "added")?;
        let words = "only a number that is added differs (+3); may be __LINE__";
        ensure!(text.contains(words) || text.contains("only an immediate"), "{compiler}: {text}");
        ensure!(!said("-g0", "inside")?.contains("only a number"), "{compiler}");
    }
    Ok(())
}

/// Where nothing better is known, both operands are named.
#[test]
fn operands_are_said_in_words() -> Result<()> {
    for compiler in compilers("operands") {
        let (_guard, directory) = temporary()?;
        let (source, after) = (
            "int scaled(int n) { return n + 4 * n; }\n",
            "int scaled(int n) { return n + 2 * n; }\n",
        );
        let compile = |name: &str, text: &str| -> Result<Utf8PathBuf> {
            let (source, object) = (directory.join("a.c"), directory.join(name));
            fs_err::write(&source, text)?;
            tool(compiler, ["-O2", "-c", source.as_str(), "-o", object.as_str()])?;
            Ok(object)
        };
        let text = explain(&[compile("b.o", source)?, compile("a.o", after)?], &[], 0)?;
        let words = "operand (%rdi,%rdi,4) → (%rdi,%rdi,2)";
        ensure!(text.contains(words), "{compiler}: {text}");
    }
    Ok(())
}

/// Compiles two versions of one source, the second with `PATCHED`.
fn versions(
    compiler: &str,
    directory: &camino::Utf8Path,
    source: &camino::Utf8Path,
) -> Result<[Utf8PathBuf; 2]> {
    let include = format!("-I{}/matrix/include", env!("CARGO_MANIFEST_DIR"));
    let compile = |name: &str, flag: &str| -> Result<Utf8PathBuf> {
        let object = directory.join(name);
        let flags = ["-O2", "-fno-pic", "-mcmodel=kernel", "-fno-jump-tables", "-w"];
        let own = [include.as_str(), flag, "-c", source.as_str(), "-o", object.as_str()];
        tool(compiler, flags.into_iter().chain(own))?;
        Ok(object)
    };
    Ok([compile("before.o", "-DORIGINAL")?, compile("after.o", "-DPATCHED")?])
}

#[test]
fn special_sections_are_told_in_words() -> Result<()> {
    let expected = [
        ("alternative_14_feature", "feature 1*32+0 ", "feature 1*32+1 "),
        ("alternative_14_flags", "alternative for feature", "alternative for its lack of feature"),
        ("alternative_14_replacement", "; inc %eax", "; dec %eax"),
        ("bug_16_format", "format \"bad value\"", "format \"bad count\""),
        ("exception_type", "handled by ", "handled by "),
        ("jump_label_likely", "key key, jumps to", "key key with flags 0x1, jumps to"),
    ];
    for compiler in compilers("special sections in words") {
        for (name, before, after) in expected {
            let (_guard, directory) = temporary()?;
            let source = format!("{}/matrix/special/{name}.c", env!("CARGO_MANIFEST_DIR"));
            let text = explain(&versions(compiler, &directory, source.as_str().into())?, &[], 0)?;
            for (word, what) in [("no more: ", before), ("now: ", after)] {
                let is_it = |line: &str| {
                    line.trim_start().strip_prefix(word).is_some_and(|rest| rest.contains(what))
                };
                ensure!(text.lines().any(is_it), "{compiler} {name}: {word}{what}\n{text}");
            }
        }
    }
    Ok(())
}

/// An offset is no place: what was there can be elsewhere.
#[test]
fn a_jump_to_the_same_offset_says_what_is_other() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let source = directory.join("jump.S");
    let text = "\t.text\n\t.globl f\n\t.type f, @function\nf:\ttest %edi, %edi\n\tje 2f\n1:\n#ifdef PATCHED\n\
        \txor %eax, %eax\n#endif\n\tinc %ecx\n\tret\n2:\tdec %ecx\n\tjmp 1b\n\t.size f, . - f\n\
        \t.section .note.GNU-stack, \"\", @progbits\n";
    fs_err::write(&source, text)?;
    let text = explain(&versions("gcc", &directory, &source)?, &[], 0)?;
    let is_it = |line: &str| line.contains("jumps to +0x4, where another instruction is now");
    ensure!(text.lines().any(is_it) && !text.contains("+0x4 → +0x4"), "{text}");
    Ok(())
}

const COLD: &str = "\t.text\n\t.globl f\n\t.type f, @function\nf:\ttest %edi, %edi\n\tje JUMP\n1:\tmovl $5, (%rsi)\n\tret\n\
    \t.size f, . - f\n\t.section .text.unlikely, \"ax\", @progbits\n\t.type f.cold, @function\nf.cold:\n\
    2:\tdec %ecx\n\tret\n3:\tinc %ecx\n\tret\n\t.size f.cold, . - f.cold\n\
    \t.section __ex_table, \"a\"\n\t.long 1b - ., FIXUP - ., 1\n\t.section .note.GNU-stack, \"\", @progbits\n";

/// An offset alone names no place in a function of several parts.
#[test]
fn places_in_other_parts_are_named() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let source = directory.join("cold.S");
    let said = |text: String| -> Result<String> {
        fs_err::write(&source, text)?;
        explain(&versions("gcc", &directory, &source)?, &[], 0)
    };
    let defined = |name: &str, before: &str, after: &str| {
        format!("#ifdef PATCHED\n#define {name} {after}\n#else\n#define {name} {before}\n#endif\n")
    };
    let text = said(format!("{}#define JUMP 2f\n{COLD}", defined("FIXUP", "2b", "3b")))?;
    for words in ["no more: if it faults: part 1+0x0, ", "now: if it faults: part 1+0x3, "] {
        ensure!(text.contains(words), "{words}\n{text}");
    }
    let text = said(format!("#define FIXUP 2b\n{}{COLD}", defined("JUMP", "1f", "3f")))?;
    ensure!(text.contains("jumps to +0x4 → part 1+0x3"), "{text}");
    let moved = COLD.replace("\n3:", "\n#ifdef PATCHED\n\tdec %ebx\n#endif\n3:");
    let text = said(format!("#define JUMP 2f\n{}{moved}", defined("FIXUP", "3b", "3b - 2")))?;
    let is_it = |line: &str| {
        line.trim_start().starts_with("if it faults: part 1+0x3, ")
            && line.ends_with(": another instruction is there now")
    };
    ensure!(text.lines().any(is_it) && !text.contains("no more: "), "{text}");
    Ok(())
}

const TABLE: &str = r#"
void say(const char *);
#ifdef PATCHED
#define HOT "D3 hot"
static const char *const more[] = { "one", "two", "three", "four" };
const char *first(unsigned n) { return n < 4 ? more[n] : "none"; }
#else
#define HOT "D3hot"
#endif
const char *state(int n)
{
	switch (n) {
	case 0: return "D0";
	case 1: return "D1";
	case 2: return "D2";
	case 3: return HOT;
	case 4: return "D3cold";
	}
	return "unknown";
}
int power(int n)
{
	switch (n) {
	case 0: return 7;
	case 1: return 9;
	case 2: return 19;
	case 3: return 1;
	case 4: return 33;
	}
#ifdef PATCHED
	return 3;
#else
	return 2;
#endif
}
"#;

/// A table of strings differs in a string, and one that has another number is the same.
#[test]
fn what_tables_lead_to_is_told() -> Result<()> {
    for compiler in compilers("tables of strings") {
        let (_guard, directory) = temporary()?;
        let source = directory.join("table.c");
        fs_err::write(&source, TABLE)?;
        let objects = versions(compiler, &directory, &source)?;
        let text = explain(&objects, &["state"], 0)?;
        ensure!(text.contains("string \"D3hot\" → \"D3 hot\""), "{compiler}: {text}");
        let text = explain(&objects, &["power", "-U", "0"], 0)?;
        ensure!(!text.contains("constant") && !text.contains("operands"), "{compiler}: {text}");
    }
    Ok(())
}

/// A function that is the same but for its section.
#[test]
fn what_no_instruction_shows_is_said() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let source = directory.join("section.c");
    let text = "#ifdef PATCHED\n__attribute__((section(\".init.text\")))\n#endif\nint work(int n) { return n * 3; }\n";
    fs_err::write(&source, text)?;
    let text = explain(&versions("gcc", &directory, &source)?, &[], 0)?;
    ensure!(text.contains("no instruction shows it: its section is of another kind"), "{text}");
    Ok(())
}

/// Data of two files: members where there is debug information, and functions as before.
#[test]
fn data_of_two_files() -> Result<()> {
    let source = "struct ops { int (*call)(int); const char *name; };\nint one(int x) { return x; }\n\
                  int two(int x) { return x + 1; }\nconst struct ops ops = { NEW ? two : one, NEW ? \"b\" : \"a\" };\n\
                  int number(void) { return NEW; }\n";
    let (_guard, directory) = temporary()?;
    fs_err::write(directory.join("ops.c"), source)?;
    let object = |new: &str, debug: &str| -> Result<Utf8PathBuf> {
        let path = directory.join(format!("{new}{debug}.o"));
        let mut gcc = klp_tests::klp::plain("gcc");
        gcc.args([
            "-O2",
            debug,
            "-mcmodel=kernel",
            "-fno-pic",
            &format!("-DNEW={new}"),
            "-c",
            "ops.c",
            "-o",
        ]);
        finish(gcc.arg(&path).current_dir(&directory))?;
        Ok(path)
    };
    let with = [object("0", "-g")?, object("1", "-g")?];
    let text = explain(&with, &["ops", "--no-pager"], 0)?;
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(lines[1..3], ["+0x0  .call  one → two", "+0x8  .name  \"a\" → \"b\""]);
    let without = [object("0", "-g0")?, object("1", "-g0")?];
    let text = explain(&without, &["ops", "number", "--no-pager"], 0)?;
    ensure!(text.contains("+0x0  one → two") && text.contains("changed number"), "{text}");
    ensure!(!explain(&without, &["number"], 0)?.contains("changed data"));
    Ok(())
}
