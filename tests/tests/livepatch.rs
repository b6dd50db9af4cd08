//! What is made of small changed objects: what is copied, what is the kernel's, and what is refused.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use klp_core::kernel::LinkedKernel;
use klp_core::livepatch::{
    self, ChangedNames, LivepatchError, LivepatchOptions, TouchedObject, UnlinkedLivepatch,
};
use klp_core::module::{RawElf, SymbolPlace};
use klp_tests::small::{SHOW, Small, for_each_compiler, read};
use klp_tests::tools::tool;

/// What `function` of the part refers to: symbols, or sections of the part.
fn references(bytes: &[u8], function: &str) -> Result<BTreeSet<String>> {
    let elf = RawElf::parse(bytes)?;
    let symbol = elf.symbols.iter().find(|symbol| symbol.name == function.as_bytes());
    let symbol = symbol.with_context(|| format!("no {function} in the part"))?;
    let SymbolPlace::Section(section) = symbol.place else {
        anyhow::bail!("{function} is nowhere")
    };
    let mut names = BTreeSet::new();
    for rela in elf.relas_of(section) {
        let to = elf.symbol_of(&rela).context("a relocation without symbol")?;
        names.insert(match to.place {
            SymbolPlace::Section(index) if to.name.is_empty() => {
                elf.section(index).name_lossy().into_owned()
            }
            _ => to.name_lossy().into_owned(),
        });
    }
    Ok(names)
}

fn defined(bytes: &[u8]) -> Result<BTreeSet<String>> {
    let elf = RawElf::parse(bytes)?;
    let symbols = elf.symbols.iter().filter(|symbol| {
        matches!(symbol.place, SymbolPlace::Section(_)) && !symbol.name.is_empty()
    });
    Ok(symbols.map(|symbol| symbol.name_lossy().into_owned()).collect())
}

/// The livepatch symbols that `names` of a part stand for.
fn resolved(livepatch: &UnlinkedLivepatch, names: &BTreeSet<String>) -> BTreeSet<String> {
    let symbols = names.iter().filter_map(|name| livepatch.symbols.get(name));
    symbols.map(livepatch::KlpSymbol::elf_name).collect()
}

fn refused(livepatch: &UnlinkedLivepatch, name: &str, why: &str) -> Result<()> {
    let found =
        livepatch.refused.iter().any(|refused| refused.name == name && refused.why.contains(why));
    ensure!(found, "`{name}: {why}` is not in {:#?}", livepatch.refused);
    Ok(())
}

#[test]
fn what_is_copied_and_what_is_the_kernels() -> Result<()> {
    for_each_compiler("what_is_copied_and_what_is_the_kernels", |compiler| {
        let after = SHOW
            .replace("\"before\"", "\"after\"")
            .replace("static int count;", "static int count, calls;\nstatic int added(int n);")
            .replace("count += helper(n)", "calls++; count += helper(added(n))")
            + "static __attribute__((noinline)) int added(int n) { asm volatile(\"\"); return n + calls; }";
        let small = Small::new(compiler)?.object("a", SHOW, &after);
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        assert_eq!(livepatch.refused, []);
        let functions = &livepatch.objects["vmlinux"].functions;
        let names: Vec<(&str, u64)> =
            functions.iter().map(|function| (function.name.as_str(), function.position)).collect();
        assert_eq!(names, [("show", 0)]);
        let part = &livepatch.parts.first().context("no part")?.bytes;
        let defined = defined(part)?;
        for name in ["show", "added", "calls", "klp_new_functions_0"] {
            ensure!(defined.contains(name), "{name} is not among {defined:?}");
        }
        for name in ["helper", "get", "count", "exported"] {
            ensure!(!defined.contains(name), "{name} is copied");
        }
        let references = references(part, "show")?;
        ensure!(references.contains("exported"), "{references:?}");
        ensure!(references.iter().any(|name| name.starts_with(".rodata")), "{references:?}");
        let kernel: Vec<String> = resolved(&livepatch, &references).into_iter().collect();
        assert_eq!(
            kernel,
            [
                ".klp.sym.vmlinux.__fentry__,0",
                ".klp.sym.vmlinux.count,0",
                ".klp.sym.vmlinux.helper,0"
            ]
        );
        // The same inputs, the same livepatch.
        assert_eq!(small.livepatch(&[("a", "show")], false)?, livepatch);
        Ok(())
    })
}

#[test]
fn what_describes_code_for_reports_of_undefined_behaviour_comes_along() -> Result<()> {
    for_each_compiler(
        "what_describes_code_for_reports_of_undefined_behaviour_comes_along",
        |compiler| {
            let handler =
                "void __ubsan_handle_shift_out_of_bounds(void *data, long left, long right) {}";
            let before = "int shift(int n, int by) { return n << by; }";
            let after = "int shift(int n, int by) { return (n + 1) << by; }";
            let mut small = Small::new(compiler)?
                .object("a", before, after)
                .object("handler", handler, handler);
            small.flags = vec!["-fsanitize=shift"];
            let livepatch = small.livepatch(&[("a", "shift")], false)?;
            assert_eq!(livepatch.refused, []);
            let part = &livepatch.parts.first().context("no part")?.bytes;
            let elf = RawElf::parse(part)?;
            let own = elf.sections.iter().any(|section| section.name.starts_with(b".data..L"));
            ensure!(own, "no description of the code in the module");
            // Any other variable without a name could be the kernel's.
            let nameless = "asm(\".pushsection .data.x, \\\"aw\\\"\\n.Lx: .long 1\\n.popsection\");\n\
                            extern int x asm(\".Lx\");\n";
            let text = |by: &str| format!("{nameless}int shift(int n) {{ return x += {by}; }}");
            let small = Small::new(compiler)?.object("a", &text("n"), &text("n + 1"));
            let livepatch = small.livepatch(&[("a", "shift")], false)?;
            refused(&livepatch, "shift", "a variable without a name in .data.x")
        },
    )
}

#[test]
fn room_before_functions() -> Result<()> {
    for_each_compiler("room_before_functions", |compiler| {
        let after = SHOW.replace("\"before\"", "\"after\"");
        let mut small = Small::new(compiler)?.object("a", SHOW, &after);
        // CONFIG_CALL_PADDING. Module loaders do not know the table of the padding, and nothing needs it.
        small.flags = vec!["-fpatchable-function-entry=16,16"];
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        assert_eq!(livepatch.refused, []);
        Ok(())
    })
}

#[test]
fn one_of_several_functions_of_a_name() -> Result<()> {
    for_each_compiler("one_of_several_functions_of_a_name", |compiler| {
        let source = |unique: &str, text: &str| {
            format!(
                "void exported(const char *text);\n\
             static __attribute__((noinline)) void show(void) {{ exported(\"{text}\"); }}\n\
             void {unique}(void) {{ show(); asm volatile(\"\"); }}\n"
            )
        };
        let small = Small::new(compiler)?
            .object("a", &source("one", "one"), &source("one", "one"))
            .object("b", &source("two", "two"), &source("two", "changed"))
            .object("c", &source("three", "three"), &source("three", "three"));
        let livepatch = small.livepatch(&[("b", "show")], false)?;
        assert_eq!(livepatch.refused, []);
        let functions = &livepatch.objects["vmlinux"].functions;
        assert_eq!(functions.len(), 1);
        assert_eq!(functions.first().map(|function| function.position), Some(2));
        Ok(())
    })
}

#[test]
fn calls_go_to_the_new_function_and_pointers_to_the_old() -> Result<()> {
    for_each_compiler("calls_go_to_the_new_function_and_pointers_to_the_old", |compiler| {
        let before = "
        __attribute__((noinline)) int target(int n) { asm volatile(\"\"); return n; }
        int (*hook)(int);
        int caller(int n) { hook = target; return target(n) + 1; }";
        let after = before.replace("return n;", "return n + 5;").replace("+ 1;", "+ 2;");
        let small = Small::new(compiler)?.object("a", before, &after);
        let livepatch = small.livepatch(&[("a", "target"), ("a", "caller")], false)?;
        assert_eq!(livepatch.refused, []);
        let part = &livepatch.parts.first().context("no part")?.bytes;
        let references = references(part, "caller")?;
        ensure!(references.contains(".text.target"), "{references:?}");
        let kernel = resolved(&livepatch, &references);
        ensure!(kernel.contains(".klp.sym.vmlinux.target,0"), "{kernel:?}");
        Ok(())
    })
}

#[test]
fn what_cannot_be_replaced() -> Result<()> {
    for_each_compiler("what_cannot_be_replaced", |compiler| {
        let source = |text: &str| {
            format!(
                "void exported(const char *text);\n\
             __attribute__((no_instrument_function)) void quiet(void) {{ exported(\"{text}\"); }}\n\
             __attribute__((section(\".init.text\"))) void setup(void) {{ exported(\"{text}\"); }}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &source("before"), &source("after"));
        let changed = [("a", "quiet"), ("a", "setup")];
        let livepatch = small.livepatch(&changed, false)?;
        refused(&livepatch, "quiet", "cannot be traced")?;
        refused(&livepatch, "setup", ".init.text")?;
        // What only has no effect can be forced, what cannot work not.
        let livepatch = small.livepatch(&changed, true)?;
        refused(&livepatch, "quiet", "cannot be traced")?;
        assert_eq!(livepatch.refused.len(), 1);
        ensure!(livepatch.notes.iter().any(|note| note.name == "setup"), "{livepatch:?}");
        Ok(())
    })
}

#[test]
fn sealed_functions() -> Result<()> {
    for_each_compiler("sealed_functions", |compiler| {
        let source = |body: &str| {
            format!(
                "int (*hook)(int);\n\
             __attribute__((noinline)) int target(int n) {{ asm volatile(\"\"); return n; }}\n\
             int caller(int n) {{ {body} }}\n\
             asm(\".pushsection .ibt_endbr_seal,\\\"a\\\"; .long SEALED - .; .popsection\");\n"
            )
        };
        let create = |sealed: &str, after: &str| {
            let before = source("return target(n) + 1;").replace("SEALED", sealed);
            let after = source(after).replace("SEALED", sealed);
            let mut small = Small::new(compiler)?.object("a", &before, &after);
            small.flags = vec!["-fcf-protection=branch"];
            small.livepatch(&[("a", "caller")], false)
        };
        let pointer = "hook = target; return target(n) + 2;";
        refused(&create("target", pointer)?, "caller", "it takes a pointer to target")?;
        assert_eq!(create("target", "return target(n) + 2;")?.refused, []);
        assert_eq!(create("caller", pointer)?.refused, []);
        Ok(())
    })
}

/// What `EXPORT_SYMBOL` leaves in an object, before and since Linux 6.4.
fn export(name: &str) -> [String; 2] {
    let symbol = |section: &str, symbol: &str| {
        format!("asm(\".section \\\"{section}\\\", \\\"a\\\"; {symbol}: .quad {name}; .text\");\n")
    };
    [
        symbol(&format!("___ksymtab+{name}"), &format!("__ksymtab_{name}")),
        symbol(".export_symbol", &format!("__export_symbol_{name}")),
    ]
}

#[test]
fn an_added_export_is_told() -> Result<()> {
    for_each_compiler("an_added_export_is_told", |compiler| {
        for (known, added) in export("show").into_iter().zip(export("get")) {
            let before = format!("{SHOW}{known}");
            let after = format!("{}{added}", before.replace("before", "after"));
            let small = Small::new(compiler)?.object("a", &before, &after);
            let livepatch = small.livepatch(&[("a", "show")], false)?;
            assert_eq!(livepatch.refused, []);
            let [note] = livepatch.notes.as_slice() else { panic!("{:?}", livepatch.notes) };
            assert_eq!((&*note.name, &*note.object, &*note.code), ("get", "a.o", "export"));
        }
        Ok(())
    })
}

#[test]
fn stripped_objects() -> Result<()> {
    for_each_compiler("stripped_objects", |compiler| {
        let small = Small::new(compiler)?.object("a", SHOW, &SHOW.replace("before", "after"));
        let [plain, original, patched] = small.paths("a")?;
        tool("strip", [plain.as_str()])?;
        let input = TouchedObject {
            object: "a.o",
            linked: "vmlinux",
            plain: Some(&read(&plain)?),
            original: Some(&read(&original)?),
            patched: &read(&patched)?,
            lto: None,
            ..TouchedObject::default()
        };
        let options = LivepatchOptions { force: false, replace: true };
        let error = livepatch::create(
            &LinkedKernel::default(),
            &[input],
            &ChangedNames::default(),
            options,
        );
        let error = error.err().context("a stripped object is taken")?;
        ensure!(
            matches!(&error, LivepatchError::Object { object, .. } if object == "a.o"),
            "{error}"
        );
        Ok(())
    })
}
