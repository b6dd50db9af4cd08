//! Changes that take several objects, or an object that no compiler here writes, to show.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, plain, run};
use klp_tests::tools::{CFLAGS, finish, skipped};
use serde_json::Value;

/// What a run said: the records as they are, whatever kinds there are.
#[derive(Debug)]
struct Said {
    status: Option<i32>,
    records: Vec<Value>,
    stderr: String,
}

impl Said {
    fn of(original: &Utf8Path, patched: &Utf8Path) -> Result<Self> {
        let mut command = klp(["diff", "--no-cache", "--message-format", "json"])?;
        let outcome = run(command.args([original, patched]))?;
        ensure!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
        let records = outcome.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { status: outcome.status, records, stderr: outcome.stderr })
    }

    /// Records as `function changed f` or `note .initcall6.init order`, names without what compilers append.
    fn items(&self) -> BTreeSet<String> {
        let word = |record: &Value, field: &str| record[field].as_str().map(str::to_owned);
        let about = self.records.iter().filter(|record| {
            !matches!(record["reason"].as_str(), Some("version" | "summary" | "module"))
        });
        about
            .map(|record| {
                let name = word(record, "name").or_else(|| word(record, "section"));
                let name = name.unwrap_or_default();
                let base = match name.split_once('.') {
                    Some((base, _)) if !base.is_empty() => base.to_owned(),
                    _ => name,
                };
                let fields = [word(record, "reason"), word(record, "change"), Some(base)];
                let fields = fields.into_iter().chain([word(record, "code")]).flatten();
                fields.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// Exactly these.
    fn exactly(&self, wanted: &[&str]) -> Result<()> {
        let wanted: BTreeSet<String> = wanted.iter().map(|item| (*item).to_owned()).collect();
        ensure!(self.items() == wanted, "expected {wanted:?}: {:?}\n{self:#?}", self.items());
        Ok(())
    }

    /// At least one of these.
    fn any(&self, wanted: &[&str]) -> Result<()> {
        let items = self.items();
        let found = wanted.iter().any(|item| items.contains(*item));
        ensure!(found, "expected any of {wanted:?}: {items:?}\n{self:#?}");
        Ok(())
    }

    /// The change was read, or the object was not taken for one that can be compared.
    fn any_or_refused(&self, wanted: &[&str]) -> Result<()> {
        let refused = self.items().iter().any(|item| item.starts_with("refused "));
        if refused || (self.status == Some(1) && self.stderr.contains("error")) {
            return Ok(());
        }
        self.any(wanted)
    }
}

/// Whether these programs are there.
fn have(what: &str, programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| plain(program).arg("--version").output().is_err());
    if let Some(program) = missing {
        skipped(what, &format!("{program} is not installed"));
    }
    missing.is_none()
}

/// Assembles `text` to `name.o` in `directory`.
fn assemble(directory: &Utf8Path, name: &str, text: &str) -> Result<Utf8PathBuf> {
    let (source, object) =
        (directory.join(name).with_extension("s"), directory.join(name).with_extension("o"));
    fs_err::create_dir_all(object.with_file_name(""))?;
    fs_err::write(&source, text)?;
    finish(Command::new("gcc").args(["-c", source.as_str(), "-o", object.as_str()]))?;
    Ok(object)
}

/// `LINKER -r`, in this order.
fn link(linker: &str, output: &Utf8Path, objects: &[&Utf8Path]) -> Result<()> {
    let mut command = Command::new(linker);
    command.args(["-m", "elf_x86_64", "-r", "-o", output.as_str()]);
    finish(command.args(objects)).map(drop)
}

const LINKERS: [&str; 2] = ["ld", "ld.lld-19"];

/// A global function, with its size.
fn function(name: &str, body: &str) -> String {
    format!("\t.text\n\t.globl {name}\n{}", function_there(name, &format!("{body}\n\tret")))
}

/// A function in the section that is in use.
fn function_there(name: &str, body: &str) -> String {
    format!("\t.type {name}, @function\n{name}:\n\t{body}\n\t.size {name}, . - {name}\n")
}

/// An initcall of level 6 with a function of its own.
fn initcall(name: &str, number: u32) -> String {
    format!(
        "{}\t.section .initcall6.init, \"a\"\n__initcall__kmod_{name}__{number}_10_{name}6:\n\
         \t.long {name} - .\n",
        function(name, &format!("mov ${number}, %eax"))
    )
}

/// Initcalls of one level run in the order in which the objects are linked.
#[test]
fn order_of_objects() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let first = assemble(&directory, "first", &initcall("first", 1))?;
    let second = assemble(&directory, "second", &initcall("second", 2))?;
    let other = assemble(&directory, "other", &function("other", "mov $3, %eax"))?;
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    for linker in LINKERS.into_iter().filter(|linker| have("order_of_objects", &[linker])) {
        link(linker, &before, &[&first, &second])?;
        link(linker, &after, &[&second, &first])?;
        Said::of(&before, &after)?
            .any(&["note .initcall6.init order", "note .initcall6.init link-order"])
            .context(linker)?;
        // What has no initcall may stand between.
        link(linker, &after, &[&other, &first, &other_named(&directory)?, &second])?;
        Said::of(&before, &after)?
            .exactly(&["function added other", "function added another"])
            .context(linker)?;
    }
    Ok(())
}

fn other_named(directory: &Utf8Path) -> Result<Utf8PathBuf> {
    assemble(directory, "another", &function("another", "mov $4, %eax"))
}

/// The same where a build is compared object by object: only the list of the link says it.
#[test]
fn order_of_a_builds_objects() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let build = |name: &str, order: [&str; 2]| -> Result<Utf8PathBuf> {
        let root = directory.join(name);
        let make = |target: &str, command: &str| -> Result<()> {
            finish(Command::new("sh").args(["-c", command]).current_dir(&root))?;
            let path = root.join(target);
            let file = format!(".{}.cmd", path.file_name().unwrap_or_default());
            let saved = format!("savedcmd_{target} := {command}\n");
            Ok(fs_err::write(path.with_file_name(file), saved)?)
        };
        for (object, number) in [("first", 1), ("second", 2)] {
            let path = format!("init/{object}");
            assemble(&root, &path, &initcall(object, number))?;
            make(&format!("{path}.o"), &format!("gcc -c -o {path}.o {path}.s"))?;
        }
        let objects = order.map(|object| format!("init/{object}.o")).join(" ");
        make(
            "init/built-in.a",
            &format!("rm -f init/built-in.a; ar cDPrST init/built-in.a {objects}"),
        )?;
        make("vmlinux.a", "rm -f vmlinux.a; ar cDPrST vmlinux.a init/built-in.a")?;
        make(
            "vmlinux.o",
            "ld -m elf_x86_64 -r -o vmlinux.o --whole-archive vmlinux.a --no-whole-archive",
        )?;
        fs_err::write(root.join(".config"), "CONFIG_X86_64=y\n")?;
        Ok(root)
    };
    let before = build("before", ["first", "second"])?;
    let after = build("after", ["second", "first"])?;
    Said::of(&before, &before)?.exactly(&[])?;
    Said::of(&before, &after)?.any(&["note init/second link-order", "note init/first link-order"])
}

/// Two files of assembly have a local function of one name, and a caller moves from the one to the other.
#[test]
fn local_function_of_two_files() -> Result<()> {
    let helper = |number: u32| {
        format!("\t.text\n{}", function_there("helper", &format!("mov ${number}, %eax\n\tret")))
    };
    caller_moves(&helper, "call helper")
}

/// The same with a local variable, and with a label without type and size.
#[test]
fn local_variable_of_two_files() -> Result<()> {
    let typed = |number: u32| {
        format!(
            "\t.data\n\t.balign 4\n\t.type state, @object\nstate:\t.long {number}\n\t.size state, 4\n"
        )
    };
    caller_moves(&typed, "mov state(%rip), %eax")?;
    let bare = |number: u32| format!("\t.data\n\t.balign 4\nstate:\t.long {number}\n");
    caller_moves(&bare, "mov state(%rip), %eax")?;
    // What they hold is the same, but it is written to.
    let same = |_: u32| typed(1);
    caller_moves(&same, "mov %edi, state(%rip)")
}

/// The same with a local label in another function.
#[test]
fn local_label_of_two_files() -> Result<()> {
    let helper = |number: u32| {
        format!(
            "\t.text\n\t.type outer{number}, @function\n\t.globl outer{number}\nouter{number}:\n\
             \tnop\nretry:\tmov ${number}, %eax\n\tret\n\t.size outer{number}, . - outer{number}\n"
        )
    };
    caller_moves(&helper, "call retry")
}

/// `fa` uses what its file has; then it is in the other file.
fn caller_moves(local: &dyn Fn(u32) -> String, user: &str) -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (fa, fb) = (function("fa", user), function("fb", user));
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    for linker in LINKERS.into_iter().filter(|linker| have("caller_moves", &[linker])) {
        let make = |output: &Utf8Path, a: String, b: String| -> Result<()> {
            let a = assemble(&directory, "a", &a)?;
            let b = assemble(&directory, "b", &b)?;
            link(linker, output, &[&a, &b])
        };
        make(&before, format!("{}{fa}", local(1)), format!("{}{fb}", local(2)))?;
        // As it is, though another function was added.
        let added = function("added", "xor %eax, %eax");
        make(&after, format!("{added}{}{fa}", local(1)), format!("{}{fb}", local(2)))?;
        Said::of(&before, &after)?.exactly(&["function added added"]).context(linker)?;
        make(&after, local(1), format!("{}{fb}{fa}", local(2)))?;
        Said::of(&before, &after)?.any(&["function changed fa"]).context(linker)?;
    }
    Ok(())
}

/// Two constants of two objects are one for a linker that merges them, until one of them is another.
#[test]
fn constants_merged_by_the_linker() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    let source = |name: &str, number: u32| {
        format!(
            "{}\t.section .rodata.cst8, \"aM\", @progbits, 8\n\t.balign 8\n\t.globl k{name}\n\
             \t.type k{name}, @object\nk{name}:\t.quad {number}\n\t.size k{name}, 8\n",
            function(name, &format!("mov k{name}(%rip), %rax"))
        )
    };
    for linker in LINKERS.into_iter().filter(|linker| have("constants_merged", &[linker])) {
        for (output, number) in [(&before, 5), (&after, 6)] {
            let a = assemble(&directory, "a", &source("f", 5))?;
            let b = assemble(&directory, "b", &source("g", number))?;
            link(linker, output, &[&a, &b])?;
        }
        let said = Said::of(&before, &after)?;
        said.any(&["function changed g", "data changed kg"]).context(linker)?;
        let items = said.items();
        let others = ["function changed f", "data changed kf"];
        ensure!(!others.iter().any(|item| items.contains(*item)), "{linker}: {items:?}");
    }
    Ok(())
}

/// The same with constants that have no symbols.
#[test]
fn unnamed_constants_merged_by_the_linker() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (before, after) = (directory.join("before.o"), directory.join("after.o"));
    let source = |name: &str, number: u32| {
        format!(
            "{}\t.section .rodata.cst16, \"aM\", @progbits, 16\n\t.balign 16\n.Lk:\t.quad 1, {number}\n",
            function(name, "lea .Lk(%rip), %rdi\n\tcall use")
        )
    };
    for linker in LINKERS.into_iter().filter(|linker| have("constants_merged", &[linker])) {
        for (output, number) in [(&before, 5), (&after, 6)] {
            let a = assemble(&directory, "a", &source("f", 5))?;
            let b = assemble(&directory, "b", &source("g", number))?;
            link(linker, output, &[&a, &b])?;
        }
        Said::of(&before, &after)?.exactly(&["function changed g"]).context(linker)?;
    }
    Ok(())
}

/// Two calls, the second one of `callee`.
fn calls(callee: &str) -> String {
    calls_of(["one", callee])
}

fn calls_of([first, second]: [&str; 2]) -> String {
    function("f", &format!("call {first}\n\tcall {second}"))
}

/// The relocations of one section stand in two sections: those of neither are left out.
#[test]
fn two_relocation_sections() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |name: &str, callees: [&str; 2]| -> Result<Utf8PathBuf> {
        let object = assemble(&directory, name, &calls_of(callees))?;
        let split = Elf::read(&object)?.split(".rela.text")?;
        fs_err::write(&object, split)?;
        Ok(object)
    };
    let before = make("before", ["one", "two"])?;
    for callees in [["one", "three"], ["three", "two"]] {
        let after = make("after", callees)?;
        Said::of(&before, &after)?.any_or_refused(&["function changed f"])?;
    }
    // The same relocations in one section mean the same.
    let whole = assemble(&directory, "whole", &calls("two"))?;
    let said = Said::of(&whole, &before)?;
    if said.status == Some(0) && said.items().iter().all(|item| !item.starts_with("refused ")) {
        said.exactly(&[])?;
    }
    Ok(())
}

/// The relocations of data stand in two sections.
#[test]
fn two_relocation_sections_of_data() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |name: &str, targets: &str| -> Result<Utf8PathBuf> {
        let text = format!(
            "\t.data\n\t.balign 8\n\t.globl table\n\t.type table, @object\n\
             table:\t.quad {targets}\n\t.size table, 16\n"
        );
        let object = assemble(&directory, name, &text)?;
        let split = Elf::read(&object)?.split(".rela.data")?;
        fs_err::write(&object, split)?;
        Ok(object)
    };
    let before = make("before", "one, two")?;
    for targets in ["one, three", "three, two"] {
        let after = make("after", targets)?;
        Said::of(&before, &after)?.any_or_refused(&["data changed table"])?;
    }
    Ok(())
}

/// Relocations in the compact form that Clang can write.
#[test]
fn compact_relocations() -> Result<()> {
    if !have("compact_relocations", &["clang-19"]) {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let make = |name: &str, callee: &str| -> Result<Utf8PathBuf> {
        let (source, object) =
            (directory.join(format!("{name}.s")), directory.join(format!("{name}.o")));
        fs_err::write(&source, calls(callee))?;
        let flags = ["-c", "-Wa,--crel,--allow-experimental-crel"];
        let mut command = Command::new("clang-19");
        finish(command.args(flags).args([source.as_str(), "-o", object.as_str()]))?;
        ensure!(Elf::read(&object)?.find(".crel.text").is_some(), "it wrote none");
        Ok(object)
    };
    let (before, after) = (make("before", "two")?, make("after", "three")?);
    Said::of(&before, &after)?.any_or_refused(&["function changed f"])
}

/// A section of relocations that does not say for which section they are.
#[test]
fn relocations_for_no_section() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let make = |name: &str, callee: &str| -> Result<Utf8PathBuf> {
        let object = assemble(&directory, name, &calls(callee))?;
        let mut elf = Elf::read(&object)?;
        let header = elf.find(".rela.text").context("no relocations")?;
        elf.put(header + SH_INFO, &[0; 4])?;
        fs_err::write(&object, elf.bytes)?;
        Ok(object)
    };
    let (before, after) = (make("before", "two")?, make("after", "three")?);
    Said::of(&before, &after)?.any_or_refused(&["function changed f"])
}

/// What it is, its source, of which a number is another in the patched version, and what to find.
type Shape<'a> = (&'a str, &'a dyn Fn(u32) -> String, &'a [&'a str]);

/// Sections of a type that we do not know, with code, with data and with a table that no symbol is in.
#[test]
fn unknown_section_type() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let cases: [Shape<'_>; 8] = [
        (
            "code",
            &|number| {
                format!(
                    "\t.section .text.own, \"ax\", @0x60000004\n\t.globl f\n{}",
                    function_there("f", &format!("mov ${number}, %eax\n\tret"))
                )
            },
            &["function changed f", "data changed .text.own"],
        ),
        (
            "calls",
            &|number| {
                format!(
                    "\t.section .text.own, \"ax\", @0x60000004\n\t.globl f\n{}",
                    function_there("f", &format!("call callee{number}\n\tret"))
                )
            },
            &["function changed f", "data changed .text.own"],
        ),
        (
            "pointers",
            &|number| {
                format!(
                    "\t.section .own, \"aw\", @0x60000004\n\t.balign 8\n\t.globl table\n\
                     \t.type table, @object\ntable:\t.quad callee{number}\n\t.size table, 8\n"
                )
            },
            &["data changed table", "data changed .own"],
        ),
        (
            "constant",
            &|number| {
                format!(
                    "{}\t.section .own, \"a\", @0x60000004\n\t.balign 8\n.Lk:\t.quad 1, {number}\n",
                    function("f", "mov .Lk(, %rdi, 8), %rax")
                )
            },
            &["function changed f", "data changed .own"],
        ),
        (
            "data",
            &|number| {
                format!(
                    "\t.section .own, \"aw\", @0x60000004\n\t.balign 8\n\t.globl table\n\
                     \t.type table, @object\ntable:\t.quad {number}\n\t.size table, 8\n"
                )
            },
            &["data changed table", "data changed .own"],
        ),
        (
            "entries",
            &|number| {
                format!(
                    "{}\t.section __ex_table, \"a\", @0x60000004\n\t.balign 4\n\
                     \t.long 1b - ., {number}b - ., 3\n",
                    function(
                        "f",
                        "1: mov (%rdi), %rax\n\tret\n5:\tmov $5, %eax\n\tret\n6:\tmov $6, %eax"
                    )
                )
            },
            &["function changed f", "data changed __ex_table"],
        ),
        (
            "callees",
            &|number| {
                format!(
                    "{}\t.section .text.own, \"ax\", @0x60000004\n{}{}",
                    function("f", &format!("call h{number}")),
                    function_there("h5", "mov $1, %eax\n\tret"),
                    function_there("h6", "mov $2, %eax\n\tret")
                )
            },
            &["function changed f"],
        ),
        (
            "unnamed",
            &|number| format!("\t.section .own, \"a\", @0x60000004\n\t.quad {number}\n"),
            &["data changed .own", "data added .own"],
        ),
    ];
    for (name, source, wanted) in cases {
        let before = assemble(&directory, "before", &source(5))?;
        let after = assemble(&directory, "after", &source(6))?;
        Said::of(&before, &after)?.any_or_refused(wanted).context(name)?;
    }
    Ok(())
}

/// Objects of LLVM's thin link-time optimization, linked to one: each file as it is, and patched.
fn thin_lto(sources: &[(&str, &str, &str)]) -> Result<Option<Said>> {
    if !have("thin_lto", &["clang-19", "ld.lld-19"]) {
        return Ok(None);
    }
    let (_guard, directory) = temporary()?;
    let mut images = Vec::new();
    for patched in [false, true] {
        let root = directory.join(if patched { "patched" } else { "original" });
        fs_err::create_dir_all(&root)?;
        let mut objects = Vec::new();
        for (file, original, other) in sources {
            fs_err::write(root.join(file), if patched { other } else { original })?;
            let object = file.replace(".c", ".o");
            let mut command = Command::new("clang-19");
            command.args(["-flto=thin", "-fsplit-lto-unit"]).args(CFLAGS).current_dir(&root);
            finish(command.args(["-w", "-c", file, "-o", &object]))?;
            objects.push(object);
        }
        let mut command = Command::new("ld.lld-19");
        command.args(["-m", "elf_x86_64", "-r", "-o", "vmlinux.o"]).current_dir(&root);
        finish(command.args(objects))?;
        images.push(root.join("vmlinux.o"));
    }
    let [original, patched] = images.as_slice() else { return Ok(None) };
    Said::of(original, patched).map(Some)
}

/// A message of a function that the link inlines elsewhere: its text becomes a symbol with a hash.
#[test]
fn promoted_strings() -> Result<()> {
    let a = |message: &str| {
        format!(
            "extern int printk(const char *, ...); extern int slow(int);\n\
             static int hits; static const int weights[8] = {{ 3, 1, 4, 1, 5, 9, 2, 6 }};\n\
             int lookup(int k) {{ hits++; if (k > 7) {{ printk(\"{message}\", k); return slow(k); }} return weights[k] + hits; }}\n\
             int a_only(int k) {{ printk(\"a %d\\n\", k); return slow(k + 1) * slow(k + 2); }}\n"
        )
    };
    let b = "extern int lookup(int); extern int printk(const char *, ...);\n\
             static __attribute__((noinline)) int helper(int k) { return printk(\"b helper %d\\n\", k); }\n\
             int entry(int k) { return lookup(k) + helper(k); }\n\
             int entry2(int k) { return lookup(k * 2) + helper(k + 2); }\n";
    let (before, after) = (a("lookup %d\\n"), a("lookup: %d\\n"));
    let Some(said) = thin_lto(&[("a.c", &before, &after), ("b.c", b, b)])? else { return Ok(()) };
    let items = said.items();
    ensure!(items.contains("function changed lookup"), "{said:#?}");
    let users = ["lookup", "entry", "entry2"].map(|name| format!("function changed {name}"));
    ensure!(items.iter().all(|item| users.contains(item)), "{said:#?}");
    Ok(())
}

/// Two files have a variable of one name, which the link makes global, and the values are exchanged.
#[test]
fn promoted_variables() -> Result<()> {
    let a =
        |value: u32| format!("static int st = {value}; int sa(int x) {{ st += x; return st; }}\n");
    let b = |value: u32| {
        format!("static int st = {value}; int sb(int x) {{ st -= x; return st * 2; }}\n")
    };
    let c = "int sa(int); int sb(int); int sc(int x) { return sa(x) + sb(x); }\n";
    let sources = [("a.c", a(1), a(2)), ("b.c", b(2), b(1)), ("c.c", c.to_owned(), c.to_owned())];
    let sources = sources.each_ref().map(|(file, one, two)| (*file, one.as_str(), two.as_str()));
    let Some(said) = thin_lto(&sources)? else { return Ok(()) };
    // Both hashes are other ones now, and both contents are there: that they stay with their files is not in the object,
    // so it may also be those who use them that changed.
    let names = said.records.iter().filter_map(|record| record["name"].as_str());
    let count =
        |wanted: &str| names.clone().filter(|name| name.split('.').next() == Some(wanted)).count();
    ensure!(count("st") == 2 || count("sa") + count("sb") == 2, "{said:#?}");
    Ok(())
}

/// A table of a function that the link inlines elsewhere becomes a symbol with a hash.
#[test]
fn promoted_constants() -> Result<()> {
    let a = |third: u32| {
        format!(
            "unsigned la(unsigned long i) {{ const unsigned u[9] = {{ 21, 22, {third}, 24, 25, 26, 27, 28, 29 }}; return u[i]; }}\n"
        )
    };
    let b = "unsigned la(unsigned long); unsigned lb(unsigned long i) { return la(i) + 1; }\n\
             unsigned keep(int x) { return x * 3; }\n";
    let (before, after) = (a(23), a(33));
    let Some(said) = thin_lto(&[("a.c", &before, &after), ("b.c", b, b)])? else { return Ok(()) };
    said.exactly(&["function changed la", "function changed lb"])
}

const SH_OFFSET: usize = 24;
const SH_SIZE: usize = 32;
const SH_INFO: usize = 44;
const SECTION_HEADER: usize = 64;

/// An object, as far as these tests change it.
struct Elf {
    bytes: Vec<u8>,
}

impl Elf {
    fn read(path: &Utf8Path) -> Result<Self> {
        Ok(Self { bytes: fs_err::read(path)? })
    }

    fn number(&self, at: usize, width: usize) -> usize {
        let field = self.bytes.get(at..at.saturating_add(width)).unwrap_or_default();
        field.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte))
    }

    fn put(&mut self, at: usize, field: &[u8]) -> Result<()> {
        let place = self.bytes.get_mut(at..at + field.len()).context("outside of the file")?;
        place.copy_from_slice(field);
        Ok(())
    }

    fn header(&self, index: usize) -> usize {
        self.number(40, 8) + index * SECTION_HEADER
    }

    /// Where the header of the section `name` is.
    fn find(&self, name: &str) -> Option<usize> {
        let names = self.number(self.header(self.number(62, 2)) + SH_OFFSET, 8);
        (0..self.number(60, 2)).map(|index| self.header(index)).find(|header| {
            let rest = self.bytes.get(names + self.number(*header, 4)..).unwrap_or_default();
            rest.split(|byte| *byte == 0).next() == Some(name.as_bytes())
        })
    }

    /// The file, with all but the first relocation of section `name` in a section of their own.
    fn split(mut self, name: &str) -> Result<Vec<u8>> {
        const RELA: usize = 24;
        let header = self.find(name).context("no such section")?;
        let (offset, size) = (self.number(header + SH_OFFSET, 8), self.number(header + SH_SIZE, 8));
        ensure!(size >= 2 * RELA, "too few relocations");
        let own = self.bytes.get(header..header + SECTION_HEADER).context("headers")?.to_vec();
        self.put(header + SH_SIZE, &u64::try_from(RELA)?.to_le_bytes())?;
        let count = self.number(60, 2);
        let all = self.header(0)..self.header(count);
        let headers = self.bytes.get(all).context("headers")?.to_vec();
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let (start, second) = (self.bytes.len(), self.bytes.len() + headers.len());
        self.bytes.extend(headers);
        self.bytes.extend(own);
        self.put(second + SH_OFFSET, &u64::try_from(offset + RELA)?.to_le_bytes())?;
        self.put(second + SH_SIZE, &u64::try_from(size - RELA)?.to_le_bytes())?;
        self.put(40, &u64::try_from(start)?.to_le_bytes())?;
        self.put(60, &u16::try_from(count + 1)?.to_le_bytes())?;
        Ok(self.bytes)
    }
}
