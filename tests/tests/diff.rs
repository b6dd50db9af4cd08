//! `cargo klp diff` on objects, checksum files and build directories.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::record::Change;
use klp_tests::kernel::{Kernel, temporary};
use klp_tests::klp::{klp, root, run};
use klp_tests::report::Report;
use klp_tests::said::{Said, assemble};
use klp_tests::tools::tool;
use snapbox::{assert_data_eq, str};
use tempfile::TempDir;

/// A directory with `original.o` and `patched.o`.
fn objects() -> Result<(TempDir, Utf8PathBuf)> {
    let (guard, directory) = temporary()?;
    for name in ["original", "patched"] {
        let source = root().join("tests/inputs/diff").join(name).with_extension("s");
        let object = directory.join(name).with_extension("o");
        tool("gcc", ["-c", source.as_str(), "-o", object.as_str()])?;
    }
    Ok((guard, directory))
}

fn diff(directory: &Utf8Path, arguments: &[&str], status: i32) -> Result<klp_tests::klp::Outcome> {
    run(klp(["diff"])?.args(arguments).current_dir(directory))?.expect(status)
}

#[test]
fn human_output() -> Result<()> {
    let (_guard, directory) = objects()?;
    let outcome = diff(&directory, &["original.o", "patched.o"], 0)?;
    assert_data_eq!(
        outcome.stdout,
        str![[r"
changed  twice   patched.o  instruction +0x0
changed  greet   patched.o  string +0x0
added    new     patched.o
changed  caller  patched.o  instruction +0x5, relocation +0x5
removed  gone    patched.o

"]]
    );
    assert_data_eq!(
        outcome.stderr,
        str![[r"
    Finished 3 changed, 1 added, 1 removed of 5 functions in 1 object, in [..]s

"]]
    );
    Ok(())
}

#[test]
fn json_output() -> Result<()> {
    let (_guard, directory) = objects()?;
    let json = ["--message-format", "json", "original.o", "patched.o"];
    let outcome = diff(&directory, &json, 0)?;
    let first: serde_json::Value =
        serde_json::from_str(outcome.stdout.lines().next().unwrap_or_default())?;
    assert_eq!(first["format-version"], 1);
    let report = Report::lines(&outcome.stdout)?;
    let changes: Vec<(&str, Change)> =
        report.functions.iter().map(|function| (function.name.as_str(), function.change)).collect();
    let wanted = [
        ("twice", Change::Changed),
        ("greet", Change::Changed),
        ("new", Change::Added),
        ("caller", Change::Changed),
        ("gone", Change::Removed),
    ];
    assert_eq!(changes, wanted);
    assert_eq!((report.summary.functions, report.summary.objects), (5, 1));
    // An object of a build that nobody knows is linked into nothing that we know.
    ensure!(report.functions.iter().all(|function| function.linked.is_none()));
    Ok(())
}

#[test]
fn the_same_for_objects_and_checksum_files() -> Result<()> {
    let (_guard, directory) = objects()?;
    for name in ["original", "patched"] {
        let arguments = ["checksum", &format!("{name}.o"), "-o", &format!("{name}.checksums")]
            .map(str::to_owned);
        let outcome = run(klp(arguments)?.current_dir(&directory))?.expect(0)?;
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    }
    let names = |outcome: &str| -> Result<Vec<_>> {
        let report = Report::lines(outcome)?;
        Ok(report
            .functions
            .into_iter()
            .map(|f| {
                (
                    f.name,
                    f.change,
                    f.causes.iter().map(|c| c.kind).collect::<Vec<_>>(),
                    f.patched_checksum,
                )
            })
            .collect())
    };
    let mut seen = Vec::new();
    for original in ["original.o", "original.checksums"] {
        for patched in ["patched.o", "patched.checksums"] {
            let json = ["--message-format", "json", original, patched];
            let outcome = diff(&directory, &json, 0)?;
            seen.push(names(&outcome.stdout)?);
        }
    }
    assert_eq!(seen.len(), 4);
    ensure!(seen.iter().all(|one| Some(one) == seen.first()), "{seen:#?}");
    // What is printed is the same file.
    let printed =
        run(klp(["checksum", "--message-format", "json", "patched.o"])?.current_dir(&directory))?;
    assert_eq!(
        printed.expect(0)?.stdout,
        fs_err::read_to_string(directory.join("patched.checksums"))?
    );
    Ok(())
}

#[test]
fn nothing_differs_from_itself() -> Result<()> {
    let (_guard, directory) = objects()?;
    let outcome = diff(&directory, &["original.o", "original.o"], 0)?;
    assert_eq!(outcome.stdout, "");
    ensure!(
        outcome.stderr.contains("0 changed, 0 added, 0 removed of 5 functions"),
        "{}",
        outcome.stderr
    );
    Ok(())
}

/// The cold part of a function is no function, and neither is its other name.
#[test]
fn functions_are_counted_without_their_parts() -> Result<()> {
    const SOURCE: &str = "
__attribute__((cold)) void bad(int);
int step(int), fault(int);
int first(int a) { if (a < 0) { bad(VALUE); return fault(a); } return step(a); }
int second(int a) { if (a < 0) { bad(4); return fault(a); } return step(a) + 5; }
int third(int a) __attribute__((alias(\"second\")));
";
    let (_guard, directory) = temporary()?;
    let source = directory.join("a.c");
    fs_err::write(&source, SOURCE)?;
    for (name, value) in [("original.o", "-DVALUE=1"), ("patched.o", "-DVALUE=2")] {
        let object = directory.join(name);
        tool("gcc", ["-O2", "-w", value, "-c", source.as_str(), "-o", object.as_str()])?;
    }
    let symbols = tool("nm", [directory.join("patched.o").as_str()])?;
    ensure!(symbols.contains("first.cold") && symbols.contains("second.cold"), "{symbols}");
    let outcome = diff(&directory, &["original.o", "patched.o"], 0)?;
    let count = "1 changed, 0 added, 0 removed of 2 functions in 1 object";
    ensure!(outcome.stderr.contains(count), "{}", outcome.stderr);
    Ok(())
}

/// What cannot be compared is refused, but in the same file nothing changed.
#[test]
fn nothing_is_refused_in_the_same_file() -> Result<()> {
    let (_guard, directory) = temporary()?;
    for (name, number) in [("a", 1), ("b", 1), ("c", 2)] {
        let source = format!(
            ".globl odd\n.type odd, @function\nodd: .byte 6\n.size odd, .-odd\n\
             .globl even\n.type even, @function\neven: mov ${number}, %eax\nret\n.size even, .-even\n"
        );
        fs_err::write(directory.join(name).with_extension("s"), source)?;
        tool(
            "gcc",
            ["-c", &format!("{directory}/{name}.s"), "-o", &format!("{directory}/{name}.o")],
        )?;
    }
    let outcome = diff(&directory, &["a.o", "b.o"], 0)?;
    assert_eq!(outcome.stdout, "");
    let outcome = diff(&directory, &["a.o", "c.o"], 4)?;
    ensure!(outcome.stdout.contains("refused  odd"), "{}", outcome.stdout);
    Ok(())
}

#[test]
fn two_build_directories() -> Result<()> {
    let (original, patched) = (Kernel::with_output()?, Kernel::with_output()?);
    let header = patched.source.join("include/linux/load.h");
    let text = fs_err::read_to_string(&header)?;
    fs_err::write(&header, text.replace("periods > 64", "periods > 32"))?;
    original.make(&["all"])?;
    patched.make(&["all"])?;
    let builds = [original.output.as_str(), patched.output.as_str()];
    let outcome =
        diff(Utf8Path::new("/"), &[&["--message-format", "json"], &builds[..]].concat(), 0)?;
    let report = Report::lines(&outcome.stdout)?;
    let name = |object: &str, name: &str| (object.to_owned(), name.to_owned());
    let wanted = [
        name("drivers/foo/ring.o", "foo_ring_push"),
        name("kernel/sched.o", "cpu_load"),
        name("kernel/sched.o", "sched_tick"),
        name("kernel/stat.o", "task_load"),
    ];
    assert_eq!(report.names(), wanted);
    assert_eq!(report.summary.objects, 19);

    // Linked, the same functions, in whichever object.
    let linked = builds.map(|build| format!("{build}/vmlinux.o"));
    let linked = linked.each_ref().map(String::as_str);
    let outcome =
        diff(Utf8Path::new("/"), &[&["--message-format", "json"], &linked[..]].concat(), 0)?;
    // Each function of it knows its object.
    let built_in = wanted.iter().filter(|(object, _)| !object.starts_with("drivers/"));
    assert_eq!(Report::lines(&outcome.stdout)?.names(), built_in.cloned().collect::<Vec<_>>());
    Ok(())
}

#[test]
fn the_number_of_threads_changes_nothing() -> Result<()> {
    let (original, patched) = (Kernel::with_output()?, Kernel::with_output()?);
    let file = patched.source.join("kernel/sched.c");
    let text = fs_err::read_to_string(&file)?;
    fs_err::write(&file, text.replace("return 335;", "return 423;"))?;
    original.make(&["all"])?;
    patched.make(&["all"])?;
    for (one, other) in [("", ""), ("vmlinux.o", "vmlinux.o")] {
        let (one, other) = (original.output.join(one), patched.output.join(other));
        for format in ["human", "json"] {
            let with = |threads: &str| {
                let mut command =
                    klp(["diff", one.as_str(), other.as_str(), "--message-format", format])?;
                run(command.env("RAYON_NUM_THREADS", threads))?.expect(0)
            };
            let (single, several) = (with("1")?, with("4")?);
            let without_time = |text: &str| text.rsplit_once(", in ").map(|it| it.0.to_owned());
            assert_eq!(single.stdout, several.stdout);
            assert_eq!(without_time(&single.stderr), without_time(&several.stderr));
            ensure!(single.stdout.contains("pick_next_task"), "{}", single.stdout);
        }
    }
    Ok(())
}

/// A reader that goes away is no error, and no panic.
#[test]
fn a_closed_pipe_is_no_error() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let object = kernel.output.join("vmlinux.o");
    let script = format!("{} klp checksum {object} | true", klp_tests::klp::binary()?);
    let outcome =
        run(klp_tests::klp::plain("bash").args(["-o", "pipefail", "-c", &script]))?.expect(0)?;
    assert_eq!(outcome.stderr, "");
    Ok(())
}

/// Two statics of one name in two functions, and one more function with a static.
const STATICS: &str = "
int printk(const char *, ...);
int f(void) { static int count; static int other; return count++ + other--; }
int g(void) { static int count; static int warned; if (!warned) { warned = 1; printk(\"x\"); } return count += 2; }
static int first, second;
int h(void) { return first++ + 3; }
int k(void) { return second++ + 3; }
";

/// `STATICS` as `name` in `directory`, compiled.
fn statics(directory: &Utf8Path, name: &str) -> Result<Utf8PathBuf> {
    let (source, object) =
        (directory.join(name).with_extension("c"), directory.join(name).with_extension("o"));
    fs_err::write(&source, STATICS)?;
    tool("gcc", ["-O2", "-fno-pie", "-c", source.as_str(), "-o", object.as_str()])?;
    Ok(object)
}

#[test]
fn the_name_of_the_source_file_is_no_change() -> Result<()> {
    let (_guard, directory) = temporary()?;
    statics(&directory, "old")?;
    statics(&directory, "new")?;
    let outcome = diff(&directory, &["--no-cache", "old.o", "new.o"], 0)?;
    assert_data_eq!(outcome.stdout, str![""]);
    Ok(())
}

#[test]
fn names_of_source_files_that_were_stripped_are_no_change() -> Result<()> {
    let (_guard, directory) = temporary()?;
    statics(&directory, "whole")?;
    tool(
        "strip",
        [
            "--strip-debug",
            "-o",
            directory.join("stripped.o").as_str(),
            directory.join("whole.o").as_str(),
        ],
    )?;
    for objects in [["whole.o", "stripped.o"], ["stripped.o", "whole.o"]] {
        let outcome = diff(&directory, &[&["--no-cache"][..], &objects].concat(), 0)?;
        assert_data_eq!(outcome.stdout, str![""]);
    }
    Ok(())
}

#[test]
fn a_stripped_object_beside_one_with_names_is_refused() -> Result<()> {
    let (_guard, directory) = temporary()?;
    statics(&directory, "whole")?;
    let (whole, stripped) = (directory.join("whole.o"), directory.join("stripped.o"));
    tool("strip", ["--strip-unneeded", "-o", stripped.as_str(), whole.as_str()])?;
    for (objects, which) in
        [(["whole.o", "stripped.o"], "patched"), (["stripped.o", "whole.o"], "original")]
    {
        let outcome = diff(&directory, &[&["--no-cache"][..], &objects].concat(), 4)?;
        let why = format!("the {which} object was stripped of its local symbols");
        ensure!(outcome.stdout.contains(&why), "{outcome:#?}");
        ensure!(outcome.stdout.lines().count() == 1, "{outcome:#?}");
    }
    Ok(())
}

/// Who reads a static variable is not who reads a global one of its name.
#[test]
fn readers_of_a_static_and_of_a_global_of_one_name() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let compile = |path: &str, source: &str| -> Result<()> {
        let file = directory.join(path);
        fs_err::create_dir_all(file.parent().unwrap_or(&directory))?;
        fs_err::write(file.with_extension("c"), source)?;
        tool("gcc", ["-O2", "-c", file.with_extension("c").as_str(), "-o", file.as_str()])?;
        Ok(())
    };
    let global = "int lock = 1; int take(void) { return ++lock; }";
    let before = "static int old_lock = 1; int f(void) { return ++old_lock; }";
    for (build, text) in [("a", before), ("b", &before.replace("old_lock", "lock"))] {
        compile(&format!("{build}/global.o"), global)?;
        compile(&format!("{build}/local.o"), text)?;
        let build = directory.join(build);
        let arguments = ["checksum", "--no-cache", "-o", "all", "global.o", "local.o"];
        run(klp(arguments)?.current_dir(build))?.expect(0)?;
    }
    let report = Report::lines(
        &diff(&directory, &["--message-format", "json", "a/all", "b/all"], 0)?.stdout,
    )?;
    let readers: Vec<(&str, Change, &[String])> = report
        .data
        .iter()
        .map(|data| (data.name.as_deref().unwrap_or_default(), data.change, &*data.read_by))
        .collect();
    let f = ["f".to_owned()];
    assert_eq!(readers, [("lock", Change::Added, &f[..]), ("old_lock", Change::Removed, &[])]);
    Ok(())
}

/// A function and a variable with several names: each is told.
#[test]
fn all_names_are_told() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let text = |value: u32| {
        format!(
            ".globl copy, memcpy, __memcpy\n.type __memcpy, @function\n.type memcpy, @function\n\
             .type copy, @function\n__memcpy: mov ${value}, %eax\n ret\n.size __memcpy, .-__memcpy\n\
             .set memcpy, __memcpy\n.set copy, __memcpy\n.data\n.globl limit, bound\n\
             .type limit, @object\n.type bound, @object\nlimit: .quad {value}\n.size limit, 8\n\
             .set bound, limit\n.size bound, 8\n"
        )
    };
    let before = assemble(&directory, "before", &text(1))?;
    let after = assemble(&directory, "after", &text(2))?;
    let said = Said::of(&before, &after)?;
    let names = |reason: &str| -> Result<Vec<String>> {
        let record = said.records.iter().find(|record| record["reason"] == reason);
        let record = record.context("no such record")?;
        let others = record["aliases"].as_array().context("no other names")?;
        let names = std::iter::once(&record["name"]).chain(others);
        let mut names: Vec<String> =
            names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        names.sort_unstable();
        Ok(names)
    };
    assert_eq!(names("function")?, ["__memcpy", "copy", "memcpy"]);
    assert_eq!(names("data")?, ["bound", "limit"]);
    let shown = diff(&directory, &["before.o", "after.o"], 4)?.stdout;
    ensure!(shown.contains("(also "), "{shown}");
    Ok(())
}
