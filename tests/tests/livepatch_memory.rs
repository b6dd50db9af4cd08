//! Which kind of memory something is in: per CPU, freed after boot, written by the kernel at boot.

use anyhow::{Result, ensure};
use klp_core::livepatch::UnlinkedLivepatch;
use klp_tests::small::{Small, for_each_compiler};
use klp_tests::tools::have;

use crate::livepatch_identity::{kernel, refused, replaced, sections};

#[test]
fn another_kind_of_memory_is_another_variable() -> Result<()> {
    for_each_compiler("another_kind_of_memory_is_another_variable", |compiler| {
        let value = |section: &str, number: u8| {
            let place = if section.is_empty() {
                String::new()
            } else {
                format!("__attribute__((section(\"{section}\")))")
            };
            format!("{place} int value; int get(void) {{ return value + {number}; }}\n")
        };
        for (was, is, why) in [
            ("", ".data..percpu", "a per-CPU variable with the patch"),
            (".data..percpu", "", "a per-CPU variable in the kernel"),
            (".data..ro_after_init", "", "read-only after boot in the kernel"),
            (".init.data", "", "freed after boot in the kernel"),
        ] {
            let small = Small::new(compiler)?.object("a", &value(was, 1), &value(is, 2));
            refused(&small.livepatch(&[("a", "get")], false)?, "get", why)?;
        }
        // How often it is read is not a kind of memory.
        let small =
            Small::new(compiler)?.object("a", &value("", 1), &value(".data..read_mostly", 2));
        assert_eq!(small.livepatch(&[("a", "get")], false)?.refused, []);
        Ok(())
    })
}

#[test]
fn a_new_per_cpu_variable_is_where_the_loader_looks_for_it() -> Result<()> {
    for_each_compiler("a_new_per_cpu_variable_is_where_the_loader_looks_for_it", |compiler| {
        let with = |section: &str| {
            format!(
                "__attribute__((section(\"{section}\"))) static int fresh;\n\
                 int get(int n) {{ return fresh++ + n; }}\n"
            )
        };
        let before = "int get(int n) { return n; }\n";
        let small =
            Small::new(compiler)?.object("a", before, &with(".data..percpu..shared_aligned"));
        let livepatch = small.livepatch(&[("a", "get")], false)?;
        assert_eq!(livepatch.refused, []);
        let sections = sections(&livepatch, 0)?;
        ensure!(sections.contains(&".data..percpu".to_owned()), "{sections:?}");
        let small = Small::new(compiler)?.object("a", before, &with(".data..nosave"));
        refused(
            &small.livepatch(&[("a", "get")], false)?,
            "fresh",
            "means nothing to who loads modules",
        )
    })
}

/// Compilers fold the place of a member into the instruction, behind another variable of the section.
#[test]
fn members_of_per_cpu_variables() -> Result<()> {
    for_each_compiler("members_of_per_cpu_variables", |compiler| {
        let with = |body: &str| {
            format!(
                "struct pair {{ long first, second; }};\n\
                 unsigned long this_cpu_off, __per_cpu_offset[64];\n\
                 __attribute__((section(\".data..percpu\"))) static struct pair one, other;\n\
                 void *names[] = {{ &one, &other }};\n\
                 long get(long n) {{ long off; {body} }}\n"
            )
        };
        let own = "asm volatile(\"movq %%gs:this_cpu_off(%%rip), %0\" : \"=r\" (off));";
        let of = "off = __per_cpu_offset[n];";
        let read = "return ((struct pair *)((char *)&other + off))->second;";
        let livepatch = |body: &str| -> Result<UnlinkedLivepatch> {
            let small = Small::new(compiler)?.object("a", &with("return off = n;"), &with(body));
            small.livepatch(&[("a", "get")], false)
        };
        for distance in [own, of] {
            let livepatch = livepatch(&format!("{distance} {read}"))?;
            assert_eq!(livepatch.refused, []);
            ensure!(livepatch.symbols.values().any(|symbol| symbol.name == "other"));
        }
        // An index can make up for what an address is too small or too large.
        let index = "return (&((struct pair *)((char *)&other + off))->second)[n];";
        for body in [format!("{own} {index}"), format!("off = n; {read}")] {
            refused(&livepatch(&body)?, "get", "which variable of .data..percpu is meant")?;
        }
        Ok(())
    })
}

/// An address in a section of several variables is the start of one, the end of the one before, or what an index makes up
/// for. It is all one where the patch leaves them as they stand.
#[test]
fn addresses_beside_a_new_variable() -> Result<()> {
    for_each_compiler("addresses_beside_a_new_variable", |compiler| {
        let with = |variables: &str, body: &str| {
            format!(
                "#define MOSTLY static __attribute__((section(\".data..read_mostly\")))\n\
                 void exported(const char *text);\n{variables}\n\
                 void *names[] = {{ NAMES }};\n\
                 int get(int n) {{ {body} }}\n"
            )
        };
        let old = "MOSTLY int one = 1; MOSTLY int other = 2;".to_owned();
        let new = old.clone() + " MOSTLY int fresh[3] = { 3, 4, 5 };";
        let names = |text: String, names: &str| text.replace("NAMES", names);
        let livepatch = |variables: &str, body: &str| -> Result<UnlinkedLivepatch> {
            let all =
                if variables.contains("fresh") { "&one, &other, fresh" } else { "&one, &other" };
            let before = names(with(&old, "return n;"), "&one, &other");
            let after = names(with(variables, body), all);
            let small = Small::new(compiler)?.object("a", &before, &after);
            small.livepatch(&[("a", "get")], false)
        };
        let address = "exported((char *)&other); return n;";
        assert_eq!(livepatch(&old, address)?.refused, []);
        for body in [address, "exported((char *)fresh); return n;", "return fresh[n - 1];"] {
            refused(
                &livepatch(&new, body)?,
                "get",
                "which variable of .data..read_mostly is meant",
            )?;
        }
        // What is used in place is certain.
        assert_eq!(livepatch(&new, "return fresh[1] + other++;")?.refused, []);
        Ok(())
    })
}

/// The descriptors of `pr_debug()` stand in one section, each handed to the kernel by its address.
#[test]
fn addresses_of_descriptors() -> Result<()> {
    for_each_compiler("addresses_of_descriptors", |compiler| {
        let text = |more: &str, number: u32| {
            format!(
                "struct _ddebug {{ const char *format; unsigned long line; }};\n\
                 void exported(const void *);\n\
                 #define DEBUG(n) static struct _ddebug \\\n\
                 __attribute__((section(\"__dyndbg\"))) __UNIQUE_ID_ddebug_##n = {{ \"text\", n }}; \\\n\
                 exported(&__UNIQUE_ID_ddebug_##n)\n\
                 int first(int n) {{ DEBUG(1); return n; }}\n\
                 int get(int n) {{ DEBUG(2); {more} return n + {number}; }}\n\
                 int last(int n) {{ DEBUG(4); return n; }}\n"
            )
        };
        for more in ["", "DEBUG(3);"] {
            let small = Small::new(compiler)?.object("a", &text("", 1), &text(more, 2));
            assert_eq!(small.livepatch(&[("a", "get")], false)?.refused, []);
        }
        Ok(())
    })
}

#[test]
fn modules_have_little_per_cpu_memory() -> Result<()> {
    for_each_compiler("modules_have_little_per_cpu_memory", |compiler| {
        let of_size = |size: u32| -> Result<UnlinkedLivepatch> {
            let after = format!(
                "__attribute__((section(\".data..percpu\"))) static char fresh[{size}];\n\
                 int get(int n) {{ return fresh[n]++; }}\n"
            );
            let small = Small::new(compiler)?.object("a", "int get(int n) { return n; }\n", &after);
            small.livepatch(&[("a", "get")], false)
        };
        refused(&of_size(8193)?, "fresh", "take 8193 bytes")?;
        let codes = |livepatch: &UnlinkedLivepatch| -> Vec<String> {
            livepatch.notes.iter().map(|note| note.code.clone()).collect()
        };
        let large = of_size(4096)?;
        assert_eq!(large.refused, []);
        ensure!(codes(&large).contains(&"per-cpu".to_owned()), "{:#?}", large.notes);
        ensure!(!codes(&of_size(64)?).contains(&"per-cpu".to_owned()));
        Ok(())
    })
}

#[test]
fn code_that_the_kernel_writes_into_at_boot() -> Result<()> {
    for_each_compiler("code_that_the_kernel_writes_into_at_boot", |compiler| {
        let constant = |number: u8| {
            format!(
                "long get(long n) {{ long value; asm(\"movabs $0x0123456789abcdef, %0\\n1:\\n\
                 .pushsection runtime_ptr_table, \\\"a\\\"\\n.long 1b - 8 - .\\n.popsection\" : \"=r\" (value));\n\
                 return value + {number}; }}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &constant(1), &constant(2));
        let livepatch = small.livepatch(&[("a", "get")], false)?;
        refused(&livepatch, "get", "runtime_ptr_table names an instruction of it")
    })
}

#[test]
fn what_was_freed_is_not_called() -> Result<()> {
    for_each_compiler("what_was_freed_is_not_called", |compiler| {
        let source = |init: &str, call: &str| {
            format!(
                "__attribute__((noinline{init})) int setup(int n) {{ asm volatile(\"\"); return n; }}\n\
                 int get(int n) {{ return n{call}; }}\n"
            )
        };
        let init = ", section(\".init.text\")";
        let before = source(init, "");
        let small = Small::new(compiler)?.object("a", &before, &source(init, " + setup(n)"));
        refused(&small.livepatch(&[("a", "get")], false)?, "get", "freed after boot")?;
        let small = Small::new(compiler)?.object("a", &before, &source("", " + setup(n)"));
        let livepatch = small.livepatch(&[("a", "get")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(sections(&livepatch, 0)?.contains(&".text.setup".to_owned()));
        Ok(())
    })
}

/// With KASAN zeros follow each variable, and a function that the compiler writes tells where they are.
#[test]
fn variables_that_kasan_watches() -> Result<()> {
    const KASAN: &str = "
        void __asan_register_globals(void *globals, long count) { asm volatile(\"\" : : \"r\" (globals)); }
        void __asan_unregister_globals(void *globals, long count) { asm volatile(\"\" : : \"r\" (count)); }
        void __asan_handle_no_return(void) { asm volatile(\"\"); }\n";
    let source = |text: &str| {
        format!(
            "void exported(const char *text);
            static const struct flag {{ short bit; char letter; }} flags[] =
                {{ {{ 1, 'a' }}, {{ 2, 'b' }}, {{ 4, 'c' }}, {{ 8, 'd' }}, {{ 16, 'e' }}, {{ 32, 'f' }}, {{ 64, 'g' }} }};
            int show(int n) {{
                int found = 0;
                for (const struct flag *flag = flags; flag != flags + 7; flag++) {{
                    asm volatile(\"\" : \"+r\" (flag));
                    if (flag->bit & n) found += flag->letter;
                }}
                exported(\"{text}\");
                return found;
            }}\n"
        )
    };
    let mut small = Small::new("gcc")?.object("kasan", KASAN, KASAN).object(
        "a",
        &source("one"),
        &source("twenty-two of them"),
    );
    small.flags = vec![
        "-fsanitize=kernel-address",
        "-fasan-shadow-offset=0xdffffc0000000000",
        "--param=asan-globals=1",
        "--param=asan-instrument-reads=0",
        "--param=asan-instrument-writes=0",
        "--param=asan-stack=0",
    ];
    let changed = [("a", "show"), ("a", "_sub_I_65535_1"), ("a", "_sub_D_65535_0")];
    let livepatch = small.livepatch(&changed, false)?;
    assert_eq!(livepatch.refused, []);
    assert_eq!(replaced(&livepatch), ["show"]);
    let codes: Vec<&str> = livepatch.notes.iter().map(|note| note.code.as_str()).collect();
    assert_eq!(codes, ["constructor", "constructor"]);
    Ok(())
}

/// Clang writes what fills a local array into the instructions, and leaves the constant behind.
#[test]
fn a_constant_that_nothing_refers_to_is_told() -> Result<()> {
    if !have("a_constant_that_nothing_refers_to_is_told", &["clang-19"]) {
        return Ok(());
    }
    let folded = |text: &str| {
        format!(
            "__attribute__((noinline)) void show(const char *text) {{ asm volatile(\"\" : : \"r\"(text) : \"memory\"); }}\n\
             void name(void) {{ char text[20] = \"{text}\"; show(text); }}\n"
        )
    };
    let small = Small::new("clang-19")?.object("a", &folded("fix-1.bin"), &folded("fix-2.bin"));
    let livepatch = small.livepatch(&[("a", "name")], false)?;
    assert_eq!(livepatch.refused, []);
    ensure!(livepatch.unread.contains("a.o"), "{:?}", livepatch.unread);
    let read = |number: u8| {
        format!(
            "int at(int n) {{ const int table[] = {{ 1, 5, 3, 7, 2, 9, 4, {number} }}; return table[n & 7]; }}\n\
             int get(int n) {{ return n + {number}; }}\n"
        )
    };
    let small = Small::new("clang-19")?.object("a", &read(1), &read(2));
    let livepatch = small.livepatch(&[("a", "get")], false)?;
    ensure!(livepatch.unread.is_empty(), "{:?}", livepatch.unread);
    Ok(())
}

/// A once flag of a macro is one of a function, in a section of such flags. Anyone can use its name for something else.
#[test]
fn variables_with_the_names_of_what_macros_declare() -> Result<()> {
    for_each_compiler("variables_with_the_names_of_what_macros_declare", |compiler| {
        let livepatch = |text: &dyn Fn(u32) -> String| -> Result<UnlinkedLivepatch> {
            let small = Small::new(compiler)?.object("a", &text(1), &text(2));
            small.livepatch(&[("a", "get")], false)
        };
        let of_file = livepatch(&|number| {
            format!(
                "static _Bool __already_done; static long __warned; static int descriptor = 4;\n\
                 void mark(void) {{ __already_done = 1; __warned++; descriptor++; }}\n\
                 long get(int n) {{ return n + __already_done + __warned + descriptor + {number}; }}\n"
            )
        })?;
        assert_eq!(of_file.refused, []);
        for name in ["__already_done", "__warned", "descriptor"] {
            let symbol = format!(".klp.sym.vmlinux.{name},0");
            ensure!(kernel(&of_file).contains(&symbol), "{name} is not in {:#?}", kernel(&of_file));
        }
        let of_function = |variable: &str, number: u32| {
            format!(
                "int get(int n) {{ static {variable}; {} += n; return {} + {number}; }}\n",
                "VALUE", "VALUE"
            )
            .replace(
                "VALUE",
                if variable.contains("descriptor") { "descriptor" } else { "__warned" },
            )
        };
        let other = livepatch(&|number| of_function("int descriptor = 4", number))?;
        refused(&other, "get", "is a variable that cannot be found in the original")?;
        let flag = "int __attribute__((section(\".data..once\"))) __warned";
        let own = livepatch(&|number| of_function(flag, number))?;
        assert_eq!(own.refused, []);
        ensure!(!kernel(&own).iter().any(|name| name.contains("__warned")), "{:#?}", kernel(&own));
        Ok(())
    })
}
