//! Which kind of memory something is in: per CPU, freed after boot, written by the kernel at boot.

use anyhow::{Result, ensure};
use klp_tests::small::{Small, for_each_compiler};

use crate::livepatch_identity::{refused, sections};

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
