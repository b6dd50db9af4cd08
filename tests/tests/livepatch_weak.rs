//! Weak functions and variables in a livepatch: the linker decides which definition runs.

use anyhow::{Context as _, Result, ensure};
use klp_core::livepatch::UnlinkedLivepatch;
use klp_tests::small::{Small, for_each_compiler};

use crate::livepatch_identity::{SHOW, kernel, references, replaced, sections};

#[test]
fn a_new_weak_function_gives_way_to_a_new_strong_one() -> Result<()> {
    for_each_compiler("a_new_weak_function_gives_way_to_a_new_strong_one", |compiler| {
        let caller = "int caller(int n) { return n; }\n";
        let weak = "__attribute__((weak)) int hook(void) { return 1; }\n\
            int caller(int n) { return n + hook(); }\n";
        let small = Small::new(compiler)?.object("a", caller, weak).object(
            "b",
            "int b(void) { return 0; }",
            "int hook(void) { return 2; } int b(void) { return 0; }",
        );
        let livepatch = small.livepatch(&[("a", "caller")], false)?;
        assert_eq!(livepatch.refused, []);
        let [a, b] = livepatch.parts.as_slice() else { panic!("{:#?}", livepatch.parts.len()) };
        assert_eq!((a.object.as_str(), b.object.as_str()), ("a.o", "b.o"));
        let names = references(&a.bytes, ".text.caller")?;
        ensure!(names.contains(&"hook".to_owned()), "{names:?}");
        ensure!(!sections(&livepatch, 0)?.contains(&".text.hook".to_owned()));
        ensure!(sections(&livepatch, 1)?.contains(&".text.hook".to_owned()));
        Ok(())
    })
}

#[test]
fn a_new_weak_variable_gives_way_to_a_strong_one() -> Result<()> {
    for_each_compiler("a_new_weak_variable_gives_way_to_a_strong_one", |compiler| {
        let caller = "int caller(int n) { return n; }\n";
        let weak = "__attribute__((weak)) int level = 1;\n\
            int caller(int n) { return n + level; }\n";
        let small = |strong: [&str; 2]| -> Result<UnlinkedLivepatch> {
            let small = Small::new(compiler)?.object("a", caller, weak);
            small.object("b", strong[0], strong[1]).livepatch(&[("a", "caller")], false)
        };
        let (none, strong) =
            ("int b(void) { return 0; }", "int level = 2; int b(void) { return 0; }");
        let livepatch = small([none, strong])?;
        assert_eq!(livepatch.refused, []);
        let names = references(&livepatch.parts[0].bytes, ".text.caller")?;
        ensure!(names.contains(&"level".to_owned()), "{names:?}");
        ensure!(!sections(&livepatch, 0)?.contains(&".data.level".to_owned()));
        ensure!(sections(&livepatch, 1)?.contains(&".data.level".to_owned()));
        // The kernel has the strong one.
        let livepatch = small([strong, strong])?;
        assert_eq!(livepatch.refused, []);
        ensure!(
            kernel(&livepatch).contains(&".klp.sym.vmlinux.level,0".to_owned()),
            "{livepatch:#?}"
        );
        Ok(())
    })
}

#[test]
fn a_weak_function_that_does_not_run_is_left_out() -> Result<()> {
    for_each_compiler("a_weak_function_that_does_not_run_is_left_out", |compiler| {
        let weak = |text: &str| {
            format!(
                "{SHOW}__attribute__((weak)) void hook(void) {{ exported(\"{text}\"); }}\n\
                 void runs(void) {{ exported(\"{text}\"); hook(); }}\n"
            )
        };
        let strong = "int value; void hook(void) { value = 1; }\n";
        let small = Small::new(compiler)?
            .object("a", &weak("one"), &weak("two"))
            .object("b", strong, strong);
        let livepatch = small.livepatch(&[("a", "hook"), ("a", "runs")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["runs"]);
        ensure!(
            kernel(&livepatch).contains(&".klp.sym.vmlinux.hook,0".to_owned()),
            "{livepatch:#?}"
        );
        Ok(())
    })
}

#[test]
fn a_weak_symbol_that_nobody_defines_is_zero() -> Result<()> {
    for_each_compiler("a_weak_symbol_that_nobody_defines_is_zero", |compiler| {
        let after = "extern int absent(void) __attribute__((weak));\n\
            int caller(int n) { if (absent) n += absent(); return n + 1; }\n";
        let small = Small::new(compiler)?.object("a", "int caller(int n) { return n; }", after);
        let livepatch = small.livepatch(&[("a", "caller")], false)?;
        if let Some(refused) = livepatch.refused.first() {
            // Where a compiler takes the distance to it, there is no such module.
            ensure!(refused.why.contains("a weak symbol that nobody defines"), "{livepatch:#?}");
            return Ok(());
        }
        let names = references(&livepatch.parts.first().context("no part")?.bytes, ".text.caller")?;
        ensure!(!names.contains(&"absent".to_owned()), "{names:?}");
        Ok(())
    })
}

/// To a module, what vmlinux has and does not export is as good as nothing.
#[test]
fn a_weak_symbol_that_vmlinux_keeps_to_itself_is_zero_in_a_module() -> Result<()> {
    for_each_compiler("a_weak_symbol_that_vmlinux_keeps_to_itself", |compiler| {
        let hidden = "int hidden(int n) { return n; }\n";
        let before = "int caller(int n) { return n; }\n";
        let after = "extern int hidden(int) __attribute__((weak));\n\
            int caller(int n) { return hidden ? 1 : n + 1; }\n";
        let small = |linked: &'static str| -> Result<UnlinkedLivepatch> {
            let small = Small::new(compiler)?
                .export("vmlinux", "__fentry__")
                .object("b", hidden, hidden)
                .object_of(linked, "a", before, after);
            small.livepatch(&[("a", "caller")], false)
        };
        let named = |livepatch: &UnlinkedLivepatch| {
            livepatch.symbols.values().any(|symbol| symbol.name == "hidden")
        };
        let own = small("vmlinux")?;
        assert_eq!(own.refused, []);
        ensure!(named(&own), "{own:#?}");
        let of_module = small("disk")?;
        if let Some(refused) = of_module.refused.first() {
            ensure!(refused.why.contains("a weak symbol that nobody defines"), "{of_module:#?}");
            return Ok(());
        }
        ensure!(!named(&of_module), "{of_module:#?}");
        Ok(())
    })
}

/// `drivers/base/cpu.c`: one function with many weak names, of which an architecture defines some.
#[test]
fn a_function_runs_under_the_weak_names_that_nobody_else_defines() -> Result<()> {
    for_each_compiler("a_function_runs_under_the_weak_names", |compiler| {
        let weak = |text: &str| {
            format!(
                "{SHOW}static void fallback(void) {{ exported(\"{text}\"); }}\n\
                 void first(void) __attribute__((weak, alias(\"fallback\")));\n\
                 void second(void) __attribute__((weak, alias(\"fallback\")));\n\
                 void runs(void) {{ exported(\"{text}\"); first(); }}\n"
            )
        };
        let strong = "int value; void first(void) { value = 1; }\n";
        let small = Small::new(compiler)?
            .object("a", &weak("one"), &weak("two"))
            .object("b", strong, strong);
        let livepatch = small.livepatch(&[("a", "second"), ("a", "runs")], false)?;
        assert_eq!(livepatch.refused, []);
        let names = replaced(&livepatch);
        ensure!(names.len() == 2 && names.contains(&"runs"), "{names:?}");
        ensure!(!names.contains(&"first"), "{names:?}");
        // Who calls the weak name gets what the linker took for it.
        ensure!(
            kernel(&livepatch).contains(&".klp.sym.vmlinux.first,0".to_owned()),
            "{livepatch:#?}"
        );
        Ok(())
    })
}
