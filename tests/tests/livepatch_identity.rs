//! Which thing of the running kernel is meant where a patch moves something, gives it another binding or another kind of
//! memory, or where the kernel cannot do with copied code what it does with its own.

use anyhow::{Context as _, Result, ensure};
use klp_core::livepatch::{KlpSymbol, LivepatchOptions, UnlinkedLivepatch};
use klp_core::module::{RawElf, RawSection, SymbolPlace};
use klp_tests::small::{Small, for_each_compiler};

pub(crate) const SHOW: &str = "void exported(const char *text);\n";

pub(crate) fn replaced(livepatch: &UnlinkedLivepatch) -> Vec<&str> {
    let functions = livepatch.objects.get("vmlinux").map(|object| object.functions.as_slice());
    functions.unwrap_or_default().iter().map(|function| function.name.as_str()).collect()
}

pub(crate) fn kernel(livepatch: &UnlinkedLivepatch) -> Vec<String> {
    livepatch.symbols.values().map(KlpSymbol::elf_name).collect()
}

pub(crate) fn refused(livepatch: &UnlinkedLivepatch, name: &str, why: &str) -> Result<()> {
    let found = livepatch.refused.iter().any(|it| it.name == name && it.why.contains(why));
    ensure!(found, "`{name}: {why}` is not in {:#?}", livepatch.refused);
    Ok(())
}

pub(crate) fn sections(livepatch: &UnlinkedLivepatch, part: usize) -> Result<Vec<String>> {
    let part = livepatch.parts.get(part).context("no such part")?;
    let elf = RawElf::parse(&part.bytes)?;
    Ok(elf.sections.iter().map(|section| section.name_lossy().into_owned()).collect())
}

/// Names of what the relocations of section `name` refer to.
pub(crate) fn references(part: &[u8], name: &str) -> Result<Vec<String>> {
    let elf = RawElf::parse(part)?;
    let sections = elf.sections.with_ids().filter(|(section, _)| section.name == name.as_bytes());
    let relas = sections.flat_map(|(_, section)| elf.relas_of(section));
    let symbols = relas.filter_map(|rela| elf.symbol_of(&rela));
    Ok(symbols
        .map(|symbol| match symbol.place {
            SymbolPlace::Section(index) if symbol.name.is_empty() => {
                elf.section(index).name_lossy().into_owned()
            }
            _ => symbol.name_lossy().into_owned(),
        })
        .collect())
}

/// Only GCC lists its calls to `__fentry__`; clang leaves that to objtool.
fn with_gcc(name: &str, test: impl Fn(&'static str) -> Result<()>) -> Result<()> {
    for_each_compiler(name, |compiler| if compiler == "gcc" { test(compiler) } else { Ok(()) })
}

/// Sections that hold nothing but namesakes of one size; each stands behind the name of its file in the symbol table.
#[test]
fn namesakes_are_told_by_their_files() -> Result<()> {
    for_each_compiler("namesakes_are_told_by_their_files", |compiler| {
        let source = |name: &str, more: &str| {
            format!(
                "static int sockets = 1;\nint {name}(int n) {{ sockets += n; return sockets{more}; }}\n"
            )
        };
        let small = Small::new(compiler)?
            .object("a", &source("one", ""), &source("one", ""))
            .object("b", &source("two", ""), &source("two", " + 5"));
        let livepatch = small.livepatch(&[("b", "two")], false)?;
        assert_eq!(livepatch.refused, []);
        let kernel = kernel(&livepatch);
        ensure!(kernel.contains(&".klp.sym.vmlinux.sockets,2".to_owned()), "{kernel:?}");
        Ok(())
    })
}

#[test]
fn a_function_that_moves_to_another_object() -> Result<()> {
    with_gcc("a_function_that_moves_to_another_object", |compiler| {
        let moved = |text: &str| format!("{SHOW}void moved(void) {{ exported(\"{text}\"); }}\n");
        let other = "int other(void) { return 1; }\n";
        let mut small = Small::new(compiler)?
            .object(
                "a",
                &format!("{}int rest(void) {{ return 2; }}", moved("one")),
                "int rest(void) { return 2; }",
            )
            .object("b", other, &format!("{}{other}", moved("two")));
        small.flags = vec!["-mrecord-mcount"];
        let livepatch = small.livepatch(&[], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["moved"]);
        // What ftrace does not know cannot be replaced.
        small.flags = Vec::new();
        refused(&small.livepatch(&[], false)?, "moved", "cannot be traced")
    })
}

#[test]
fn a_variable_that_moves_to_another_object() -> Result<()> {
    for_each_compiler("a_variable_that_moves_to_another_object", |compiler| {
        let reader = |line: &str| format!("{line}\nint read(int n) {{ return n + total; }}\n");
        let small = Small::new(compiler)?
            .object(
                "a",
                "int total; int a(void) { return total; }",
                "extern int total; int a(void) { return total; }",
            )
            .object("b", "int read(int n) { return n; }", &reader("int total;"));
        let livepatch = small.livepatch(&[("b", "read")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(
            kernel(&livepatch).contains(&".klp.sym.vmlinux.total,0".to_owned()),
            "{livepatch:#?}"
        );
        // The kernel's would not have the other value.
        let small = Small::new(compiler)?
            .object(
                "a",
                "int total = 5; int a(void) { return total; }",
                "extern int total; int a(void) { return total; }",
            )
            .object("b", "int read(int n) { return n; }", &reader("int total = 6;"));
        refused(&small.livepatch(&[("b", "read")], false)?, "read", "another total")?;
        // Nothing says that it is the one that another object had.
        let small = Small::new(compiler)?
            .object("b", "int read(int n) { return n; }", &reader("int total;"))
            .object("c", "int other(int n) { return n; }", "int other(int n) { return n; }");
        let livepatch = small.livepatch(&[("b", "read")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(!kernel(&livepatch).iter().any(|name| name.contains("total")), "{livepatch:#?}");
        Ok(())
    })
}

#[test]
fn a_static_variable_that_becomes_global() -> Result<()> {
    for_each_compiler("a_static_variable_that_becomes_global", |compiler| {
        let limit = |binding: &str| {
            format!("{binding} int limit = 7; int *get(void) {{ return &limit; }}\n")
        };
        let small = Small::new(compiler)?.object("a", &limit("static"), &limit("")).object(
            "b",
            "int read(int n) { return n; }",
            "extern int limit; int read(int n) { return n + limit; }",
        );
        let livepatch = small.livepatch(&[("b", "read")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(
            kernel(&livepatch).contains(&".klp.sym.vmlinux.limit,0".to_owned()),
            "{livepatch:#?}"
        );
        Ok(())
    })
}

/// The key of a static call that the patch adds is no variable that the patch takes away, though as large.
#[test]
fn the_key_of_a_new_static_call() -> Result<()> {
    for_each_compiler("the_key_of_a_new_static_call", |compiler| {
        let before = "static void *old[2]; void *get(int n) { return old[n]++; }\n";
        let after = "static void *__SCK__call[2]; void *get(int n) { return __SCK__call[n]; }\n";
        let livepatch =
            Small::new(compiler)?.object("a", before, after).livepatch(&[("a", "get")], false)?;
        assert_eq!(livepatch.refused, []);
        Ok(())
    })
}

#[test]
fn a_static_variable_with_another_name() -> Result<()> {
    for_each_compiler("a_static_variable_with_another_name", |compiler| {
        let list = |name: &str| {
            format!("static void *{name}[2]; void *get(int n) {{ return {name}[n]++; }}\n")
        };
        let small = Small::new(compiler)?.object("a", &list("old"), &list("fresh"));
        refused(&small.livepatch(&[("a", "get")], false)?, "fresh", "it may be old")?;
        let forced = small.livepatch(&[("a", "get")], true)?;
        assert_eq!(forced.refused, []);
        ensure!(forced.notes.iter().any(|note| note.why.contains("it may be old")), "{forced:#?}");
        Ok(())
    })
}

#[test]
fn callers_are_replaced_in_the_place_of_what_cannot_be() -> Result<()> {
    for_each_compiler("callers_are_replaced_in_the_place_of_what_cannot_be", |compiler| {
        let source = |number: u8, rest: &str| {
            format!(
                "static __attribute__((noinline, no_instrument_function)) int quiet(int n)\n\
                 {{ asm volatile(\"\" : \"+r\" (n)); return n + {number}; }}\n\
                 int one(int n) {{ return quiet(n) * 3; }}\nint two(int n) {{ return n - quiet(n); }}\n{rest}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &source(1, ""), &source(2, ""));
        let livepatch = small.livepatch(&[("a", "quiet")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["one", "two"]);
        let names = references(&livepatch.parts.first().context("no part")?.bytes, ".text.one")?;
        ensure!(names.contains(&".text.quiet".to_owned()), "{names:?}");
        ensure!(
            livepatch.notes.iter().any(|note| note.why.contains("its callers are: one, two")),
            "{livepatch:#?}"
        );
        let pointer = "int (*hook)(int) = quiet;";
        let small = Small::new(compiler)?.object("a", &source(1, pointer), &source(2, pointer));
        refused(&small.livepatch(&[("a", "quiet")], false)?, "quiet", "cannot be traced")
    })
}

#[test]
fn functions_that_share_an_address() -> Result<()> {
    for_each_compiler("functions_that_share_an_address", |compiler| {
        let one =
            |number: u8| format!("int one(int n) {{ asm volatile(\"\"); return n + {number}; }}\n");
        let before = format!("{}int two(int n) __attribute__((alias(\"one\")));\n", one(1));
        let apart = format!("{}int two(int n) {{ asm volatile(\"\"); return n + 1; }}\n", one(2));
        let small = Small::new(compiler)?.object("a", &before, &apart);
        let livepatch = small.livepatch(&[("a", "one")], false)?;
        refused(&livepatch, "one", "it shares its address with two")?;
        let together = before.replace("n + 1", "n + 2");
        let small = Small::new(compiler)?.object("a", &before, &together);
        let livepatch = small.livepatch(&[("a", "one")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch).len(), 1);
        Ok(())
    })
}

#[test]
fn another_name_for_a_changed_function() -> Result<()> {
    for_each_compiler("another_name_for_a_changed_function", |compiler| {
        let body = |number: u8| {
            format!("int named(int n) {{ asm volatile(\"\"); return n + {number}; }}\n")
        };
        let after = format!("{}int another(int n) __attribute__((alias(\"named\")));\n", body(2));
        let small = Small::new(compiler)?.object("a", &body(1), &after);
        let livepatch = small.livepatch(&[("a", "named")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["named"]);
        Ok(())
    })
}

#[test]
fn livepatches_on_top_of_each_other() -> Result<()> {
    for_each_compiler("livepatches_on_top_of_each_other", |compiler| {
        let source = |number: u8| {
            format!(
                "__attribute__((noinline)) int inner(int n) {{ asm volatile(\"\"); return n + {number}; }}\n\
                 int outer(int n) {{ return inner(n) * {number}; }}\n"
            )
        };
        let mut small = Small::new(compiler)?.object("a", &source(3), &source(5));
        if compiler == "gcc" {
            small.flags = vec!["-mrecord-mcount"];
        }
        for (replace, target) in [(true, ".text.inner"), (false, "inner")] {
            let options = LivepatchOptions { force: false, replace };
            let livepatch = small.livepatch_with(&[("a", "inner"), ("a", "outer")], options)?;
            assert_eq!(livepatch.refused, []);
            let names =
                references(&livepatch.parts.first().context("no part")?.bytes, ".text.outer")?;
            ensure!(names.contains(&target.to_owned()), "{replace}: {names:?}");
            // What is said about the module's own code leads to it.
            let part = &livepatch.parts.first().context("no part")?.bytes;
            for name in references(part, "__mcount_loc")? {
                ensure!(name.starts_with(".text"), "{replace}: {name}");
            }
        }
        Ok(())
    })
}

#[test]
fn calls_inside_of_a_section_of_several_functions() -> Result<()> {
    for_each_compiler("calls_inside_of_a_section_of_several_functions", |compiler| {
        let source = |number: u8| {
            format!(
                "#define SCHED __attribute__((section(\".sched.text\"), noinline))\n\
                 static SCHED int wait(int n) {{ asm volatile(\"\" : \"+r\" (n)); return n; }}\n\
                 SCHED int outer(int n) {{ return wait(n) * {number}; }}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &source(3), &source(5));
        let livepatch = small.livepatch(&[("a", "outer")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["outer"]);
        // The loader refuses what is not zero before it.
        let part = &livepatch.parts.first().context("no part")?.bytes;
        let elf = RawElf::parse(part)?;
        let code = elf.section_named(".sched.text").context("no code")?;
        let index = elf.sections.iter().position(|section| section.name == b".sched.text");
        let tables =
            elf.sections.iter().filter(|it| it.is_rela() && Some(it.info as usize) == index);
        for rela in tables.flat_map(RawSection::relas) {
            let at = usize::try_from(rela.offset)?;
            assert_eq!(code.data.get(at..at + 4), Some(&[0; 4][..]));
        }
        ensure!(
            kernel(&livepatch).contains(&".klp.sym.vmlinux.wait,0".to_owned()),
            "{livepatch:#?}"
        );
        // The module loader refuses to write where something stands already.
        let part = &livepatch.parts.first().context("no part")?.bytes;
        let elf = RawElf::parse(part)?;
        for (code, id) in elf.sections.with_ids().filter(|(section, _)| section.is_code()) {
            for rela in elf.relas_of(id) {
                let field = usize::try_from(rela.offset)?;
                let bytes = code.data.get(field..field + 4);
                ensure!(bytes == Some(&[0; 4]), "{bytes:x?} at {field:#x}");
            }
        }
        Ok(())
    })
}

#[test]
fn a_changed_constant_that_nobody_has_the_address_of() -> Result<()> {
    for_each_compiler("a_changed_constant_that_nobody_has_the_address_of", |compiler| {
        let source = |number: u8, rest: &str| {
            format!(
                "static const int table[4] = {{ 1, 2, 3, {number} }};\n\
                 int one(unsigned n) {{ return table[n & 3]; }}\n\
                 int two(unsigned n) {{ return table[n & 1] * 3; }}\n{rest}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &source(4, ""), &source(5, ""));
        let livepatch = small.livepatch(&[], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["one", "two"]);
        assert_eq!(livepatch.constants.len(), 1);
        ensure!(sections(&livepatch, 0)?.iter().any(|name| name.starts_with(".rodata")));
        // Somebody can have kept its address.
        let escapes = "const int *get(void) { return table; }";
        let small = Small::new(compiler)?.object("a", &source(4, escapes), &source(5, escapes));
        let livepatch = small.livepatch(&[], false)?;
        ensure!(livepatch.constants.is_empty() && replaced(&livepatch).is_empty());
        Ok(())
    })
}

#[test]
fn a_table_of_labels_goes_with_its_function() -> Result<()> {
    for_each_compiler("a_table_of_labels_goes_with_its_function", |compiler| {
        let source = |number: u8| {
            format!(
                "int run(const unsigned char *code, int n) {{\n\
                 static const void *const jump[] = {{ &&add, &&sub, &&end }};\n\
                 next: goto *jump[*code++];\n\
                 add: n += {number}; goto next;\nsub: n -= 7; asm volatile(\"\"); goto next;\n\
                 end: return n; }}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &source(3), &source(200));
        let livepatch = small.livepatch(&[("a", "run")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["run"]);
        let names = kernel(&livepatch);
        ensure!(!names.iter().any(|name| name.contains("jump")), "{names:?}");
        Ok(())
    })
}

/// The kernel has it under the first name.
#[test]
fn a_second_name_of_a_variable() -> Result<()> {
    for_each_compiler("a_second_name_of_a_variable", |compiler| {
        let variable = "int shared = 3;\n";
        let named = "extern int second __attribute__((alias(\"shared\")));\n";
        let user = |body: &str| format!("extern int second; int fetch(int n) {{ {body} }}\n");
        let small = Small::new(compiler)?
            .object("a", variable, &format!("{variable}{named}"))
            .object("b", &user("return n;"), &user("return second + n;"));
        let livepatch = small.livepatch(&[("b", "fetch")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(livepatch.symbols.values().any(|symbol| symbol.name == "shared"));
        Ok(())
    })
}
