//! Livepatches are cut out of what Clang `ThinLTO` linked: names that several objects have are told apart, and
//! what objtool did to calls of ftrace is undone.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::input::Input as File;
use klp_core::kernel::{Kallsyms, LinkedKernel, Symvers};
use klp_core::livepatch::{
    self, ChangedNames, LinkMembers, LivepatchOptions, NamedConstant, NamesByObject, TouchedObject,
    UnlinkedLivepatch,
};
use klp_core::module::RawElf;
use klp_core::origin::{Binding, Definitions};
use klp_tests::kernel::temporary;
use klp_tests::tools::{skipped, tool};

const TOOLS: &[&str] = &["clang-19", "ld.lld-19"];
const CFLAGS: &[&str] = &[
    "-flto=thin",
    "-fsplit-lto-unit",
    "-fvisibility=hidden",
    "-O2",
    "-ffreestanding",
    "-fno-PIE",
    "-mcmodel=kernel",
    "-w",
];

/// Both objects have a static function `show`, a static variable `state` and text, and a static function with a name
/// of its own.
fn source(user: &str, text: &str) -> String {
    format!(
        "void exported(const char *text);\nstatic int state;\n\
         static __attribute__((noinline)) void show(int x) {{ state += x; exported(\"{text}\"); }}\n\
         static __attribute__((noinline)) void own_{user}(void) {{ asm volatile(\"\"); }}\n\
         int {user}(int x) {{ own_{user}(); show(x); return state; }}\n"
    )
}

const REST: &str = "__attribute__((visibility(\"default\"), noinline)) void exported(const char *text) \
    { asm volatile(\"\" : : \"r\" (text)); }\n\
    asm(\".globl __fentry__, _stext; __fentry__: ret; _stext: ret\");\n";

const EXPORTS: [&str; 2] = ["exported", "__fentry__"];

fn export(name: &str) -> String {
    format!("0x00000000\t{name}\tvmlinux\tEXPORT_SYMBOL\t\n")
}

struct Build {
    whole: File,
    vmlinux: File,
}

/// Links objects (name, source) to `vmlinux.o` and `vmlinux`, as Kbuild does.
fn build(root: &Utf8Path, objects: &[(&str, &str)], flags: &[&str]) -> Result<Build> {
    fs_err::create_dir_all(root)?;
    let mut files: Vec<Utf8PathBuf> = Vec::new();
    for (name, source) in objects {
        let path = root.join(name);
        fs_err::write(&path, source)?;
        let object = path.with_extension("o");
        let last = ["-c", "-o", object.as_str(), path.as_str()];
        tool("clang-19", CFLAGS.iter().chain(flags).copied().chain(last))?;
        files.push(object);
    }
    let (whole, vmlinux) = (root.join("vmlinux.o"), root.join("vmlinux"));
    let link = ["-m", "elf_x86_64", "-r", "-o", whole.as_str(), "--whole-archive"];
    tool("ld.lld-19", link.into_iter().chain(files.iter().map(|file| file.as_str())))?;
    tool("ld.lld-19", ["-e", "_stext", "-o", vmlinux.as_str(), whole.as_str()])?;
    let open = |path: &Utf8Path| File::open(path.as_std_path());
    Ok(Build { whole: open(&whole)?, vmlinux: open(&vmlinux)? })
}

fn definitions() -> Vec<Definitions> {
    let of = |object: &str, user: &str| {
        let mut own = Definitions::new(object);
        for local in ["show", "state", &format!("own_{user}")] {
            own.add(local.as_bytes(), Binding::Local);
        }
        own.add(user.as_bytes(), Binding::Strong);
        own
    };
    let mut rest = Definitions::new("rest.o");
    rest.add(b"exported", Binding::Strong);
    let mut a = of("a.o", "use_a");
    a.add(b"table", Binding::Local);
    a.add(b"tell", Binding::Strong);
    vec![a, of("b.o", "use_b"), rest]
}

fn livepatch(before: &Build, after: &Build, named: &ChangedNames) -> Result<UnlinkedLivepatch> {
    let kernel = LinkedKernel {
        symvers: Symvers::parse(&EXPORTS.map(export).concat())?,
        vmlinux: Kallsyms::of_vmlinux(&RawElf::parse(&before.vmlinux)?)?,
        ..LinkedKernel::default()
    };
    let members = definitions();
    let input = TouchedObject {
        object: "vmlinux.o",
        linked: "vmlinux",
        plain: None,
        original: Some(&before.whole),
        patched: &after.whole,
        lto: Some(LinkMembers { original: &members, patched: &members }),
        ..TouchedObject::default()
    };
    let options = LivepatchOptions { force: false, replace: true };
    Ok(livepatch::create(&kernel, &[input], named, options)?)
}

fn names(object: &str, function: &str) -> NamesByObject {
    NamesByObject::from([(object.to_owned(), vec![function.to_owned()])])
}

fn is_missing(test: &str) -> bool {
    let missing =
        TOOLS.iter().find(|tool| klp_tests::klp::plain(tool).arg("--version").output().is_err());
    if let Some(tool) = missing {
        skipped(test, &format!("{tool} is not installed"));
    }
    missing.is_some()
}

/// Address of the symbol of vmlinux that `position` counts to.
fn address(vmlinux: &[u8], name: &str, position: u64) -> Result<u64> {
    let elf = RawElf::parse(vmlinux)?;
    let mut all: Vec<u64> = elf
        .symbols
        .iter()
        .filter(|symbol| symbol.name == name.as_bytes())
        .map(|symbol| symbol.value)
        .collect();
    all.sort_unstable();
    let index = usize::try_from(position.saturating_sub(1))?;
    all.get(index).copied().with_context(|| format!("no {name},{position}"))
}

#[test]
fn names_of_several_objects() -> Result<()> {
    if is_missing("names_of_several_objects") {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let flags = ["-pg", "-mfentry"];
    let make = |name: &str, text: &str| {
        let (a, b) = (source("use_a", "same"), source("use_b", text));
        let objects = [("a.c", a.as_str()), ("b.c", b.as_str()), ("rest.c", REST)];
        build(&directory.join(name), &objects, &flags)
    };
    let (before, after) = (make("before", "before")?, make("after", "after")?);
    let livepatch = livepatch(
        &before,
        &after,
        &ChangedNames { changed: names("b.o", "show"), ..ChangedNames::default() },
    )?;
    assert_eq!(livepatch.refused, []);
    let functions = &livepatch.objects["vmlinux"].functions;
    let [show] = functions.as_slice() else { panic!("{functions:#?}") };
    assert_eq!(show.name, "show");
    // The `show` that follows `use_b`'s predecessor: the second in the order of the link.
    let own = address(&before.vmlinux, "show", show.position)?;
    ensure!(own > address(&before.vmlinux, "use_a", 1)?, "the one of a.o: {livepatch:#?}");
    let names: Vec<String> =
        livepatch.symbols.values().map(livepatch::KlpSymbol::elf_name).collect();
    assert_eq!(names, [".klp.sym.vmlinux.state,2"]);
    let part = &livepatch.parts.first().context("no part")?.bytes;
    let elf = RawElf::parse(part)?;
    let texts = elf.sections.iter().filter(|section| section.name.starts_with(b".rodata.str"));
    assert_eq!(texts.map(|section| section.data).collect::<Vec<_>>(), [b"after\0"]);
    Ok(())
}

#[test]
fn what_is_ignored_stays() -> Result<()> {
    if is_missing("what_is_ignored_stays") {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let make = |name: &str, text: &str| {
        let (a, b) = (source("use_a", text), source("use_b", text));
        let objects = [("a.c", a.as_str()), ("b.c", b.as_str()), ("rest.c", REST)];
        build(&directory.join(name), &objects, &["-pg", "-mfentry"])
    };
    let (before, after) = (make("before", "before")?, make("after", "after")?);
    let livepatch = |ignored| {
        livepatch(&before, &after, &ChangedNames { changed: names("b.o", "show"), ignored })
    };
    let both = livepatch(NamesByObject::new())?;
    assert_eq!(both.objects["vmlinux"].functions.len(), 2, "{both:#?}");
    let one = livepatch(names("a.o", "show"))?;
    let [show] = one.objects["vmlinux"].functions.as_slice() else { panic!("{one:#?}") };
    ensure!(
        address(&before.vmlinux, "show", show.position)? > address(&before.vmlinux, "use_a", 1)?,
        "the one of a.o: {one:#?}"
    );
    Ok(())
}

/// A constant table comes along where nothing but the functions that index it know it, as it does without LTO.
#[test]
fn a_constant_table_comes_along() -> Result<()> {
    if is_missing("a_constant_table_comes_along") {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let make = |name: &str, text: &str, user: &str| {
        let source = |user: &str| source(user, "same");
        let a = format!(
            "{}\nstatic const char *const table[] = {{ \"one\", \"{text}\", \"three\" }};\n\
             __attribute__((noinline)) void tell(int x) {{ exported(table[x]); }}\n{user}",
            source("use_a")
        );
        let b = source("use_b");
        let objects = [("a.c", a.as_str()), ("b.c", b.as_str()), ("rest.c", REST)];
        build(&directory.join(name), &objects, &["-pg", "-mfentry", "-fdata-sections"])
    };
    let livepatch_of = |user: &str| {
        let (before, after) = (make("before", "two", user)?, make("after", "TWO", user)?);
        livepatch(&before, &after, &ChangedNames::default())
    };
    let table = BTreeSet::from([NamedConstant::new("a.o", "table")]);
    let brought = livepatch_of("")?;
    assert_eq!(brought.refused, []);
    assert_eq!(brought.constants, table);
    let functions = &brought.objects["vmlinux"].functions;
    let functions: Vec<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(functions, ["tell"]);

    // Whoever has the address of the kernel's goes on with that.
    let user = "__attribute__((noinline)) const void *whole(void) { return table; }\n";
    let left = livepatch_of(user)?;
    assert_eq!(left.constants, BTreeSet::new());
    Ok(())
}

/// What objtool leaves behind of a function: a NOP for the call, and its place in `__mcount_loc`.
fn traced(number: u32) -> String {
    format!(
        "asm(\".section .text.traced, \\\"ax\\\"; .globl traced; .type traced, @function; traced:\\n\
         .reloc .+1, R_X86_64_NONE, __fentry__; .byte 0x0f, 0x1f, 0x44, 0, 0\\n\
         mov ${number}, %eax; ret; .size traced, . - traced\\n\
         .section __mcount_loc, \\\"a\\\"; .quad traced; .text\");\n"
    )
}

#[test]
fn the_call_of_ftrace_is_back() -> Result<()> {
    if is_missing("the_call_of_ftrace_is_back") {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let make = |name: &str, number: u32| {
        let objects = [("a.c", traced(number)), ("rest.c", REST.to_owned())];
        let objects = objects.each_ref().map(|(name, source)| (*name, source.as_str()));
        build(&directory.join(name), &objects, &["-fno-lto"])
    };
    let (before, after) = (make("before", 1)?, make("after", 2)?);
    let livepatch = livepatch(&before, &after, &ChangedNames::default())?;
    assert_eq!(livepatch.refused, []);
    let elf = RawElf::parse(&livepatch.parts.first().context("no part")?.bytes)?;
    let text = elf.section_named(".text.traced").context("no function")?;
    assert_eq!(text.data.get(..6), Some(&[0xe8, 0, 0, 0, 0, 0xb8][..]));
    let relocs = elf.section_named(".rela.text.traced").context("no call")?;
    let calls: Vec<(u64, &[u8])> =
        relocs.relas().filter_map(|rela| Some((rela.offset, elf.symbol_of(&rela)?.name))).collect();
    assert_eq!(calls, [(1, &b"__fentry__"[..])]);
    ensure!(elf.section_named("__mcount_loc").is_none(), "objtool makes it again");
    Ok(())
}

#[test]
fn what_lld_linked_can_be_finished() -> Result<()> {
    if is_missing("what_lld_linked_can_be_finished") {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let whole = build(&directory, &[("rest.c", REST)], &[])?.whole;
    ensure!(RawElf::parse(&whole)?.section_named(".llvm_addrsig").is_some(), "nothing to test");
    let finished = livepatch::finish(&whole, &BTreeMap::new())?;
    ensure!(RawElf::parse(&finished)?.section_named(".llvm_addrsig").is_none(), "it is there");
    Ok(())
}
