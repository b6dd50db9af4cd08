//! Why a function is in the changed-function set: the hunks that reach it, and those that reach none.

use anyhow::{Context as _, Result, ensure};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{klp, run};
use klp_tests::snapshot::Snapshot;
use klp_tests::tools::compilers;
use serde_json::Value;

/// What a hunk is expected to do: the function, how and through what; or a dash and why it has no effect.
pub(crate) type Expected<'a> = &'a [(&'a str, &'a str, &'a str)];

/// Replaces `old` with `new` in a file of the mini kernel, and looks at what `explain` says.
pub(crate) fn expect(
    kernel: &Kernel,
    compiler: &str,
    edit: (&str, &str, &str),
    wanted: Expected<'_>,
) -> Result<()> {
    let (file, old, new) = edit;
    let patch = kernel.write_patch("fix.patch", file, old, new)?;
    let cc = format!("CC={compiler}");
    let outcome = run(&mut kernel.build([patch.as_str(), cc.as_str(), "--no-module"])?)?;
    ensure!(matches!(outcome.status, Some(0 | 3 | 4)), "{outcome:#?}");
    let records = explained(kernel, &[])?;
    for (name, how, through) in wanted {
        let found: Vec<(&str, String)> = match *name {
            "-" => records
                .iter()
                .filter(|record| record["reason"] == "hunk")
                .map(|record| (record["no-effect"].as_str().unwrap_or("reached"), String::new()))
                .collect(),
            name => records
                .iter()
                .filter(|record| record["reason"] == "why" && record["name"] == name)
                .flat_map(|record| record["because"].as_array().into_iter().flatten())
                .map(|because| (because["how"].as_str().unwrap_or_default(), through_of(because)))
                .collect(),
        };
        let is_it = |(own, names): &(&str, String)| own == how && names == through;
        ensure!(
            found.iter().any(is_it),
            "{compiler}, {edit:?}: {name} {how} {through}\n{found:?}\n{records:#?}"
        );
    }
    Ok(())
}

fn through_of(because: &Value) -> String {
    let names = because["through"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

fn explained(kernel: &Kernel, arguments: &[&str]) -> Result<Vec<Value>> {
    let output = kernel.output.as_str();
    let mut command = klp(["explain", "-C", output, "--message-format", "json", "-q"])?;
    let outcome = run(command.args(arguments))?.expect(0)?;
    Ok(outcome.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[test]
fn hunks_reach_functions() -> Result<()> {
    for compiler in compilers("why functions changed") {
        let kernel = Kernel::with_output()?;
        let expect = |edit, wanted: Expected<'_>| expect(&kernel, compiler, edit, wanted);
        expect(
            (
                "kernel/policy.c",
                "return policy >= POLICY_FIFO ? 2000 : 0;",
                "return policy >= POLICY_FIFO ? 2500 : 0;",
            ),
            &[("policy_priority", "direct", "")],
        )?;
        expect(
            ("include/linux/load.h", "if (periods > 64)", "if (periods > 32)"),
            &[
                ("cpu_load", "inlined", "decay_load"),
                ("task_load", "inlined", "decay_load"),
                ("foo_ring_push", "inlined", "decay_load"),
            ],
        )?;
        expect(
            ("fs/proc.c", "#define MAX_FILES 16", "#define MAX_FILES 12"),
            &[("register_file", "macro", "MAX_FILES")],
        )?;
        // Its text starts on another line than the call that it is an argument of.
        expect(
            (
                "fs/proc.c",
                "free << (PAGE_SHIFT - 10), slab_bytes() >> 10",
                "free << (PAGE_SHIFT - 9), slab_bytes() >> 10",
            ),
            &[("meminfo_read", "direct", "")],
        )?;
        expect(
            (
                "fs/proc.c",
                "/* Files that tell of the kernel. */",
                "/* Files which tell of the kernel. */",
            ),
            &[("-", "comment", "")],
        )?;
        expect(
            ("include/linux/sched.h", "int pid;", "int pid;\n\tint tgid;"),
            &[("policy_time_slice", "type", "task")],
        )?;
    }
    Ok(())
}

#[test]
fn hunks_without_effect_say_why() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let source = kernel.source.join("kernel/stat.c");
    let text = fs_err::read_to_string(&source)?;
    let text = text.replace(
        "u64 task_load(",
        "#ifdef CONFIG_NOWHERE\nint elsewhere(void)\n{\n\treturn 17;\n}\n#endif\n\nu64 task_load(",
    );
    fs_err::write(&source, text)?;
    fs_err::write(kernel.source.join("kernel/lonely.c"), "int lonely(void)\n{\n\treturn 1;\n}\n")?;
    let expect = |edit, wanted: Expected<'_>| expect(&kernel, "gcc", edit, wanted);
    expect(("kernel/stat.c", "return 17;", "return 18;"), &[("-", "compiled-out", "")])?;
    expect(("kernel/lonely.c", "return 1;", "return 2;"), &[("-", "not-built", "")])?;
    expect(
        ("Makefile", "NAME = Small Enough To Read", "NAME = Small"),
        &[("-", "not-source", "")],
    )?;
    expect(
        ("kernel/stat.c", "prev->runtime = 0;", "prev->runtime = 1 - 1;"),
        &[("-", "no-code", "")],
    )?;
    Ok(())
}

/// What people read, and that the build stays as it is.
#[test]
fn people_read_which_hunk_it_was() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let output = kernel.output.as_str();
    let patch = example_patch("change-inline");
    run(&mut kernel.build([patch.as_str(), "--no-module"])?)?.expect(0)?;
    let build = Snapshot::take(&kernel.work().join("build"), &[])?;
    let mirror = Snapshot::for_make(&kernel.work().join("mirror"))?;
    let text = run(&mut klp(["explain", "cpu_load", "-C", output])?)?.expect(0)?.stdout;
    for words in [
        "because of change-inline.patch:15, hunk @@ -11,7 +11,7 @@",
        "inlined through decay_load()",
        "include/linux/load.h:14  if (periods > 32)",
    ] {
        ensure!(text.contains(words), "{words}\n{text}");
    }
    let plain = run(&mut klp(["explain", "cpu_load", "-C", output, "--no-source"])?)?.expect(0)?;
    ensure!(!plain.stdout.contains("because of"), "{plain:#?}");
    build.expect(&Snapshot::take(&kernel.work().join("build"), &[])?)?;
    mirror.expect(&Snapshot::for_make(&kernel.work().join("mirror"))?)?;
    Ok(())
}

/// A Makefile that gives an object another flag.
#[test]
fn makefiles_are_reasons_where_nothing_else_is() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("kernel/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    fs_err::write(&makefile, format!("{text}CFLAGS_policy.o := -O2\n"))?;
    let edit = ("kernel/Makefile", "CFLAGS_policy.o := -O2", "CFLAGS_policy.o := -Os");
    expect(&kernel, "gcc", edit, &[("policy_time_slice", "build", "kernel/Makefile")])
}

/// What stands in a directory's Makefile is no reason for objects elsewhere.
#[test]
fn makefiles_are_about_their_own_directory() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (file, makefile) = ("arch/x86/lib/memset_64.S", "kernel/Makefile");
    let first = kernel.write_patch("first.patch", file, "%rdi, %r9", "%rdi, %r9\n\tcld")?;
    let flags = ("-fjump-tables", "-fjump-tables -Os");
    let second = kernel.write_patch("second.patch", makefile, flags.0, flags.1)?;
    let outcome = run(&mut kernel.build([first.as_str(), second.as_str(), "--no-module"])?)?;
    ensure!(matches!(outcome.status, Some(0 | 4)), "{outcome:#?}");
    let records = explained(&kernel, &[])?;
    let through = |name: &str| -> Vec<String> {
        let own = records.iter().filter(|it| it["reason"] == "why" && it["name"] == name);
        own.flat_map(|it| it["because"].as_array().into_iter().flatten()).map(through_of).collect()
    };
    assert_eq!(through("memset"), [file]);
    assert_eq!(through("policy_time_slice"), [makefile]);
    Ok(())
}

/// Who may use a function changes nothing in it.
#[test]
fn exports_are_no_reason() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = "mm/page.c";
    let export = ("EXPORT_SYMBOL(free_pages)", "EXPORT_SYMBOL_GPL(free_pages)");
    let first = kernel.write_patch("first.patch", file, "freed twice", "is freed twice")?;
    let second = kernel.write_patch("second.patch", file, export.0, export.1)?;
    let outcome = run(&mut kernel.build([first.as_str(), second.as_str(), "--no-module"])?)?;
    ensure!(matches!(outcome.status, Some(0 | 4)), "{outcome:#?}");
    let records = explained(&kernel, &[])?;
    let hunks: Vec<(&Value, &Value)> = records
        .iter()
        .filter(|record| record["reason"] == "hunk")
        .map(|record| (&record["no-effect"], &record["functions"]))
        .collect();
    ensure!(hunks.iter().any(|(nothing, _)| **nothing == "no-code"), "{hunks:?}");
    Ok(())
}

/// Nothing tells the functions of assembly apart, and yet the hunk is their reason.
#[test]
fn assembly_is_a_reason_without_lines() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = "arch/x86/lib/memset_64.S";
    let edit = (file, "movq\t%rdi, %r9", "movq\t%rdi, %r9\n\tcld");
    expect(&kernel, "gcc", edit, &[("memset", "direct", file)])
}

/// A static variable in a header, with an attribute behind its name.
#[test]
fn variables_are_known_by_their_names() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let header = kernel.source.join("include/linux/load.h");
    let text = fs_err::read_to_string(&header)?;
    let text = text.replace("if (periods > 64)", "if (periods > load_limit)");
    let variable = "static unsigned int load_limit __attribute__((__unused__)) = 64;\n\n";
    let function = "static __always_inline u64 decay_load";
    fs_err::write(&header, text.replace(function, &format!("{variable}{function}")))?;
    expect(
        &kernel,
        "gcc",
        ("include/linux/load.h", "= 64;", "= 32;"),
        &[("cpu_load", "data", "load_limit")],
    )
}

/// A function whose source is the same, and that the compiler makes otherwise because of one that it calls.
#[test]
fn what_the_compiler_chose_is_said() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let edit = ("kernel/policy.c", "static noinline int fair_slice", "static int fair_slice");
    expect(&kernel, "gcc", edit, &[("policy_time_slice", "inlined", "fair_slice")])?;
    let records = explained(&kernel, &["policy_time_slice"])?;
    let hunk = records.iter().find(|record| record["reason"] == "hunk").context("a hunk")?;
    ensure!(hunk["functions"].as_array().is_some_and(|it| !it.is_empty()), "{hunk}");
    Ok(())
}

/// Kept numbers of lines make objects of different patches equal; lines are those of the last one.
#[test]
fn lines_are_those_of_the_last_patch() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let file = kernel.source.join("kernel/stat.c");
    let text = fs_err::read_to_string(&file)?;
    let line = text.lines().find(|line| line.contains("return") && line.contains(';'));
    let line = line.context("a line to change")?;
    let changed = line.replacen("return", "return 1 +", 1);
    let shifted = format!("/* One */\n/* more */\n{changed}");
    let mut seen = Vec::new();
    for (name, new) in [("plain.patch", &changed), ("shifted.patch", &shifted)] {
        let patch = kernel.write_patch(name, "kernel/stat.c", line, new)?;
        run(&mut kernel.build([patch.as_str()])?)?.expect(0)?;
        let explain =
            ["explain", "-C", kernel.source.as_str(), "-O", kernel.output.as_str(), "--no-pager"];
        let text = run(&mut klp(explain)?)?.expect(0)?.stdout;
        let number =
            text.lines().find(|line| line.contains("return 1 +")).context("no such line")?;
        let place = number.split_whitespace().find(|word| word.starts_with("kernel/stat.c:"));
        let number = place.and_then(|place| place.rsplit(':').next());
        seen.push(number.context("no number")?.parse::<usize>()?);
    }
    assert_eq!(seen[1], seen[0] + 2);
    Ok(())
}

const TABLE: &str = "\
struct inner { short a; char text[8]; int (*call)(int); };
struct outer { int number; union { long first; char second; }; struct inner all[2]; unsigned int flag : 1, more : 3; };
int one(int x);
int two(int x);
int one(int x) { return x + 1; }
int two(int x) { return x * 3; }
extern const struct outer table[2];
const struct outer table[2] = {
\t{ .number = 1, .first = 1, .all = { { .a = 3 }, { .text = \"abc\" } } },
\t{ .number = 5, .all = { { .call = one } }, .flag = 1 },
};
extern int plain;
int plain = 7;
extern const char banner[];
const char banner[] = \"version 1\";
extern int list[2][3];
int list[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
";

/// Of data that changed, each member that differs is named, with what both versions have there.
#[test]
fn members_of_data_that_differ() -> Result<()> {
    for compiler in compilers("members of data") {
        let kernel = Kernel::with_output()?;
        let makefile = kernel.source.join("lib/Makefile");
        let rules = fs_err::read_to_string(&makefile)?;
        fs_err::write(&makefile, format!("{rules}\nobj-y += table.o\n"))?;
        fs_err::write(kernel.source.join("lib/table.c"), TABLE)?;
        let patched = TABLE
            .replace(".first = 1", ".first = 2")
            .replace("\"abc\"", "\"abd\"")
            .replace(".number = 5", ".number = 32")
            .replace(".call = one", ".call = two")
            .replace("plain = 7", "plain = 8")
            .replace("version 1", "version 12")
            .replace("4, 5, 6", "4, 50, 6");
        let lines = TABLE.lines().count();
        let signed = |sign: &str, text: &str| -> String {
            text.lines().flat_map(|line| [sign, line, "\n"]).collect()
        };
        let patch = kernel.directory.join("table.patch");
        let text = format!(
            "--- a/lib/table.c\n+++ b/lib/table.c\n@@ -1,{lines} +1,{lines} @@\n{}{}",
            signed("-", TABLE),
            signed("+", &patched)
        );
        fs_err::write(&patch, text)?;
        let page = kernel.directory.join("page.html");
        let cc = format!("CC={compiler}");
        let build = [patch.as_str(), &cc, "--report", page.as_str(), "--no-module"];
        run(&mut kernel.build(build)?)?.expect(4)?;
        let output = kernel.output.as_str();
        let explain = ["explain", "-C", output, "--no-pager"];
        let told = run(klp(explain)?.arg("table"))?.expect(0)?.stdout;
        let wanted = [
            "changed data table  lib/table.o  .rodata",
            "+0x8  [0].first  1 → 2",
            "+0x2a  [0].all[1].text  \"abc\" → \"abd\"",
            "+0x48  [1].number  5 → 0x20",
            "+0x68  [1].all[0].call  one → two",
        ];
        assert_eq!(told.lines().map(str::trim).collect::<Vec<_>>(), wanted, "{compiler}");
        let all = run(&mut klp(explain)?)?.expect(0)?.stdout;
        for line in [wanted[4], "+0x0  7 → 8", "+0x10  [1][1]  5 → 0x32"] {
            ensure!(all.contains(line), "{compiler}: {line}\n{all}");
        }
        ensure!(all.contains("+0x0  \"version 1\" → \"version 12\""), "{compiler}: {all}");
        // Without debug information, offsets are told, and more bytes are told together.
        let plain = run(klp(explain)?.args(["table", "--no-source"]))?.expect(0)?.stdout;
        ensure!(plain.contains("+0x68  one → two\n"), "{compiler}: {plain}");
        let page = fs_err::read_to_string(&page)?;
        let shown = "<code>[1].all[0].call</code> <code class=\"removed\">one</code>";
        ensure!(page.contains(shown), "{page}");
    }
    Ok(())
}

/// Without the patches that were kept, nothing tells which hunks reach a function: it is said.
#[test]
fn patches_that_are_gone() -> Result<()> {
    let kernel = Kernel::with_output()?;
    run(kernel.build(["--no-module"])?.arg(example_patch("change-inline")))?.expect(0)?;
    let kept = kernel.work().join("patched/.patches");
    let text = fs_err::read_to_string(&kept)?;
    for other in [Some(text.replacen('+', " ", 1)), None] {
        match other {
            Some(other) => fs_err::write(&kept, other)?,
            None => fs_err::remove_file(&kept)?,
        }
        let explain = klp(["explain", "-C", kernel.output.as_str(), "--no-pager"]);
        let outcome = run(&mut explain?)?.expect(0)?;
        ensure!(outcome.stderr.contains("were removed or changed since"), "{}", outcome.stderr);
    }
    Ok(())
}
