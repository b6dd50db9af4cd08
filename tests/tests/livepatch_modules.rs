//! Livepatches of several modules: what one of them uses of another, and when it is there.

use anyhow::{Context as _, Result, ensure};
use klp_core::livepatch::{KlpSymbol, UnlinkedLivepatch, finish};
use klp_core::module::RawElf;
use klp_tests::small::{Small, for_each_compiler};
use klp_tests::tools::tool;

/// `EXPORT_SYMBOL` leaves this in an object (include/linux/export.h).
const EXPORT: &str = "asm(\".pushsection .export_symbol, \\\"a\\\"; __export_symbol_NAME: .quad NAME; .popsection\");\n";

fn exported(name: &str) -> String {
    EXPORT.replace("NAME", name)
}

fn kernel_of(compiler: &'static str) -> Result<Small> {
    Ok(Small::new(compiler)?.export("vmlinux", "__fentry__"))
}

fn kernel(livepatch: &UnlinkedLivepatch) -> Vec<(&str, String)> {
    livepatch.symbols.values().map(|symbol| (&*symbol.user, KlpSymbol::elf_name(symbol))).collect()
}

fn refused(livepatch: &UnlinkedLivepatch, name: &str, why: &str) -> Result<()> {
    let found = livepatch.refused.iter().any(|it| it.name == name && it.why.contains(why));
    ensure!(found, "`{name}: {why}` is not in {:#?}", livepatch.refused);
    Ok(())
}

const FILE: &str = "int sync(int n) { return n; }\n";

fn file(callee: &str) -> String {
    format!("int {callee}(int); int sync(int n) {{ return {callee}(n) + 1; }}\n")
}

#[test]
fn an_export_that_the_patch_adds_for_another_module() -> Result<()> {
    for_each_compiler("an_export_that_the_patch_adds_for_another_module", |compiler| {
        let before = "static int total; int wait(int n) { return total += n; }\n";
        let after = format!("{before}{}", exported("wait"));
        let small = || -> Result<Small> {
            Ok(kernel_of(compiler)?.object_of("journal", "wait", before, &after).object_of(
                "disk",
                "file",
                FILE,
                &file("wait"),
            ))
        };
        let livepatch = small()?.depend("disk", "journal").livepatch(&[("file", "sync")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(kernel(&livepatch), [("disk", ".klp.sym.journal.wait,0".to_owned())]);
        // Nothing loads the other module for it.
        let livepatch = small()?.livepatch(&[("file", "sync")], false)?;
        refused(&livepatch, "sync", "wait is in module journal, which disk does not need")
    })
}

#[test]
fn a_function_that_the_patch_adds_for_another_module() -> Result<()> {
    for_each_compiler("a_function_that_the_patch_adds_for_another_module", |compiler| {
        let before = "static int total; int wait(int n) { return total += n; }\n";
        let after =
            format!("{before}int left(int n) {{ return total - n; }}\n{}", exported("left"));
        let small = kernel_of(compiler)?
            .object_of("journal", "wait", before, &after)
            .object_of("disk", "file", FILE, &file("left"))
            .depend("disk", "journal");
        let livepatch = small.livepatch(&[("file", "sync")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(kernel(&livepatch), [("journal", ".klp.sym.journal.total,0".to_owned())]);
        // Livepatch resolves what belongs to the objects that it is told of.
        let objects: Vec<(&str, usize)> = livepatch
            .objects
            .iter()
            .map(|(name, object)| (name.as_str(), object.functions.len()))
            .collect();
        assert_eq!(objects, [("disk", 1), ("journal", 0)]);
        let small = kernel_of(compiler)?.object_of("journal", "wait", before, &after).object_of(
            "disk",
            "file",
            FILE,
            &file("left"),
        );
        let livepatch = small.livepatch(&[("file", "sync")], false)?;
        refused(&livepatch, "sync", "left is in module journal, which disk does not need")
    })
}

#[test]
fn a_module_that_was_not_needed_before() -> Result<()> {
    for_each_compiler("a_module_that_was_not_needed_before", |compiler| {
        let sum = "int sum(int n) { return n * 3; }\n";
        let small = |needed: &str| -> Result<UnlinkedLivepatch> {
            let small = kernel_of(compiler)?
                .object_of("crc", "sum", sum, sum)
                .object_of("disk", "file", FILE, &file("sum"))
                .export("crc", "sum")
                .depend("disk", "journal")
                .depend("journal", needed);
            small.livepatch(&[("file", "sync")], false)
        };
        let livepatch = small("crc")?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(kernel(&livepatch), [("disk", ".klp.sym.crc.sum,0".to_owned())]);
        refused(&small("other")?, "sync", "sum is in module crc, which disk does not need")
    })
}

/// The kernel's function of a name and the one that replaces it are both in the module, each for those that mean it.
#[test]
fn a_function_that_changes_is_called_by_another_object_that_changes() -> Result<()> {
    for_each_compiler(
        "a_function_that_changes_is_called_by_another_object_that_changes",
        |compiler| {
            // What clang leaves for the linker cannot be written again.
            if compiler != "gcc" {
                return Ok(());
            }
            let added = |add: u32| format!("int callee(int n) {{ return n + {add}; }}\n");
            let caller = |by: u32| {
                format!("int callee(int); int caller(int n) {{ return callee(n) * {by}; }}\n")
            };
            let small = kernel_of(compiler)?.object("callee", &added(1), &added(2)).object(
                "caller",
                &caller(3),
                &caller(5),
            );
            let livepatch =
                small.livepatch(&[("callee", "callee"), ("caller", "caller")], false)?;
            assert_eq!(livepatch.refused, []);
            let linked = small.directory.join("linked.ko");
            let mut arguments = vec!["-r".to_owned(), "-o".to_owned(), linked.to_string()];
            for (number, part) in livepatch.parts.iter().enumerate() {
                let path = small.directory.join(format!("part_{number}.o"));
                fs_err::write(&path, &part.bytes)?;
                arguments.push(path.into_string());
            }
            tool("ld", arguments)?;
            let module = finish(&fs_err::read(&linked)?, &livepatch.symbols)?;
            let elf = RawElf::parse(&module)?;
            let named =
                |name: &[u8]| elf.symbols.iter().filter(|symbol| symbol.name == name).count();
            assert_eq!((named(b"callee"), named(b".klp.sym.vmlinux.callee,0")), (1, 1));
            Ok(())
        },
    )
}

/// Every processor has its copy of a per-CPU variable, and alternatives are applied, when the livepatch is loaded. Livepatch
/// fills in what a module has when the module is there.
#[test]
fn what_is_read_before_its_module_is_there() -> Result<()> {
    for_each_compiler("what_is_read_before_its_module_is_there", |compiler| {
        let helper = "int helper(int n) { asm volatile(\"\"); return n; }\n";
        let before = format!("{helper}int sync(int n) {{ return helper(n); }}\n");
        let livepatch = |linked: &'static str, after: &str| -> Result<UnlinkedLivepatch> {
            kernel_of(compiler)?
                .object_of(linked, "file", &before, &format!("{helper}{after}"))
                .livepatch(&[("file", "sync")], false)
        };
        let own = "static __attribute__((section(\".data..percpu\"))) int (*hook)(int) = helper;
            int sync(int n) { return *(int (*volatile *)(int))&hook == helper; }";
        let alternative = |code: &str, instead: &str| {
            format!(
                "int sync(int n) {{
                    asm volatile(\"661: {code}; 662:\\n\"
                        \".pushsection .altinstructions, \\\"a\\\"\\n\"
                        \".long 661b - ., 663f - .; .word 3, 0; .byte 662b - 661b, 664f - 663f\\n\"
                        \".popsection; .pushsection .altinstr_replacement, \\\"ax\\\"\\n\"
                        \"663: {instead}; 664: .popsection\" : \"+D\" (n) : : \"rax\");
                    return n + 1;
                }}"
            )
        };
        let call = "call helper";
        let nop = ".byte 0x0f, 0x1f, 0x44, 0, 0";
        for (body, name, when) in [
            (own.to_owned(), "hook", "each processor gets its copy"),
            (alternative(call, nop), "sync", "alternatives"),
            (alternative(nop, call), ".altinstr_replacement", "alternatives"),
        ] {
            refused(&livepatch("disk", &body)?, name, when)?;
            // What vmlinux has is there already.
            assert_eq!(livepatch("vmlinux", &body)?.refused, [], "{body}");
        }
        let beside = format!(
            "int sync(int n) {{ helper(n); {}",
            alternative(nop, nop).split_once('{').unwrap_or_default().1
        );
        assert_eq!(livepatch("disk", &beside)?.refused, []);
        Ok(())
    })
}

/// The loader sets up what is in a list that nothing refers to.
#[test]
fn srcu_structures_are_set_up() -> Result<()> {
    for_each_compiler("srcu_structures_are_set_up", |compiler| {
        let before = "int sync(int n) { return n; }\n";
        let list = "__attribute__((section(\"___srcu_struct_ptrs\"), used))";
        let after = format!(
            "static long own[4], *other_use;\n\
             static long *const {list} list_own = own;\n\
             static long beside[4]; static long *const {list} list_beside = beside;\n\
             int sync(int n) {{ other_use = own; return ++own[n]; }}\n\
             long untouched(int n) {{ return beside[n]; }}\n"
        );
        let before = format!(
            "{before}static long beside[4]; static long *const {list} list_beside = beside;\n\
             long untouched(int n) {{ return beside[n]; }}\n"
        );
        let small = kernel_of(compiler)?.object_of("disk", "file", &before, &after);
        let livepatch = small.livepatch(&[("file", "sync")], false)?;
        assert_eq!(livepatch.refused, []);
        let part = livepatch.parts.first().context("no part")?;
        let elf = RawElf::parse(&part.bytes)?;
        let lists = elf.sections.iter().filter(|section| section.name == b"___srcu_struct_ptrs");
        assert_eq!(lists.map(|section| section.size).sum::<u64>(), 8);
        Ok(())
    })
}
