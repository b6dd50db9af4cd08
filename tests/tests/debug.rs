//! What is read of debug information: lines, and what was inlined where.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::debug::{DebugError, DebugInfo};
use klp_core::module::RawElf;
use klp_tests::kernel::temporary;
use klp_tests::tools::{CFLAGS, compilers, tool};

const HEADER: &str = "
void use(int);
static inline __attribute__((always_inline)) void inner(int n)
{
	use(n * 3);
}
static inline __attribute__((always_inline)) void middle(int n)
{
	use(n);
	inner(n + 1);
}
";

const SOURCE: &str = r#"#include "a.h"
__attribute__((section(".text.other"))) int outer(int n)
{
	if (n > 7)
		middle(n);
	return n;
}
int apart(int n)
{
	use(n);
	inner(n);
	return 4;
}
"#;

fn compile(directory: &Utf8Path, compiler: &str, flags: &[&str]) -> Result<Utf8PathBuf> {
    fs_err::write(directory.join("a.h"), HEADER)?;
    fs_err::write(directory.join("a.c"), SOURCE)?;
    let (source, object) = (directory.join("a.c"), directory.join("a.o"));
    let last = ["-c", source.as_str(), "-o", object.as_str()];
    tool(compiler, CFLAGS.iter().copied().chain(flags.iter().copied()).chain(last))?;
    Ok(object)
}

/// Each function with what was inlined into it: names, and the lines of the calls.
fn tree(debug: &DebugInfo) -> Vec<String> {
    let mut all = Vec::new();
    for function in &debug.functions {
        for (_, id) in function.inlined.with_ids() {
            let chain = function.chain(id).into_iter().map(|inlined| {
                let call = inlined.call.map(|call| (debug.file(call), call.line));
                let (file, line) = call.unwrap_or_default();
                let file = Utf8Path::new(file).file_name().unwrap_or_default();
                format!("{} at {file}:{line}", inlined.named.name)
            });
            let chain: Vec<String> = chain.collect();
            all.push(format!("{}: {}", function.named.name, chain.join(", ")));
        }
    }
    all.sort();
    all
}

const TREE: [&str; 3] =
    ["apart: inner at a.c:11", "outer: middle at a.c:5", "outer: middle at a.c:5, inner at a.h:10"];

/// The lines of a file that some code comes from.
fn lines_of(debug: &DebugInfo, name: &str) -> Vec<u32> {
    let code = debug.functions.iter().flat_map(|function| function.code.iter().copied());
    let lines = code.flat_map(|stretch| debug.lines(stretch).map(|(_, line)| line));
    let mut lines: Vec<u32> =
        lines.filter(|line| debug.file(*line).ends_with(name)).map(|line| line.line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
fn both_compilers_and_versions_are_read() -> Result<()> {
    for compiler in compilers("debug information") {
        for flags in [
            &["-gdwarf-5"][..],
            &["-gdwarf-4"],
            &["-gdwarf-5", "-ffunction-sections"],
            &["-gdwarf-4", "-gz=zlib"],
            &["-gdwarf-5", "-gz=zlib"],
        ] {
            let (_guard, directory) = temporary()?;
            let object = compile(&directory, compiler, flags)?;
            let debug = DebugInfo::of(&fs_err::read(&object)?)?;
            assert_eq!(tree(&debug), TREE, "{compiler} {flags:?}");
            let (source, header) = (lines_of(&debug, "/a.c"), lines_of(&debug, "/a.h"));
            for line in [3, 4, 9, 10, 12] {
                ensure!(source.contains(&line), "{compiler} {flags:?}: {line} in {source:?}");
            }
            for line in [5, 9] {
                ensure!(header.contains(&line), "{compiler} {flags:?}: {line} in {header:?}");
            }
        }
    }
    Ok(())
}

/// What is at an address of a linked file is what was at the place in its object.
#[test]
fn linked_files_are_read() -> Result<()> {
    for compiler in compilers("debug information of linked files") {
        let (_guard, directory) = temporary()?;
        let object = compile(&directory, compiler, &["-g"])?;
        let (module, image) = (directory.join("a.ko"), directory.join("vmlinux"));
        tool("ld", ["-r", "-o", module.as_str(), object.as_str()])?;
        let base = ["-e", "outer", "--defsym", "use=0", "-Ttext", "0xffffffff81000000"];
        tool("ld", base.into_iter().chain(["-o", image.as_str(), object.as_str()]))?;
        let before = DebugInfo::of(&fs_err::read(&object)?)?;
        for path in [&module, &image] {
            let linked = DebugInfo::of(&fs_err::read(path)?)?;
            assert_eq!(tree(&linked), TREE, "{compiler} {path}");
            assert_eq!(lines_of(&linked, "/a.c"), lines_of(&before, "/a.c"), "{path}");
        }
    }
    Ok(())
}

#[test]
fn the_innermost_inlined_function_is_found_at_its_place() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let object = compile(&directory, "gcc", &["-g"])?;
    let debug = DebugInfo::of(&fs_err::read(&object)?)?;
    let outer = debug.functions.with_ids().find(|(it, _)| it.named.name == "outer");
    let (_, outer) = outer.context("outer")?;
    let stretch = *debug.functions[outer].code.first().context("no code")?;
    let inner: Vec<_> = debug
        .lines(stretch)
        .filter(|(place, line)| debug.line(*place) == Some(*line))
        .filter(|(_, line)| debug.file(*line).ends_with("a.h") && line.line == 5)
        .collect();
    ensure!(!inner.is_empty(), "no code of inner()");
    for (place, _) in inner {
        assert_eq!(debug.function(place), Some(outer));
        let chain = debug.inlined(outer, place);
        let names: Vec<&str> = chain.iter().map(|it| it.named.name.as_str()).collect();
        assert_eq!(names, ["middle", "inner"]);
    }
    Ok(())
}

#[test]
fn what_cannot_be_read_is_said() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let read = |flags: &[&str]| -> Result<_> {
        Ok(DebugInfo::of(&fs_err::read(compile(&directory, "gcc", flags)?)?))
    };
    ensure!(matches!(read(&["-g0"])?, Err(DebugError::Missing)));
    let split = read(&["-g", "-gsplit-dwarf"])?;
    ensure!(
        matches!(&split, Err(DebugError::Elsewhere(name)) if name.ends_with("a.dwo")),
        "{split:?}"
    );
    Ok(())
}

/// Whatever the bytes are, nothing panics, and nothing takes long.
#[test]
fn debug_information_is_untrusted() -> Result<()> {
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random).unwrap_or(0) % below.max(1)
    };
    for compiler in compilers("debug information that is wrong") {
        for version in ["-gdwarf-4", "-gdwarf-5"] {
            let (_guard, directory) = temporary()?;
            let object = compile(&directory, compiler, &[version])?;
            let image = directory.join("vmlinux");
            tool(
                "ld",
                ["-e", "outer", "--defsym", "use=0", "-o", image.as_str(), object.as_str()],
            )?;
            for path in [object, image] {
                let bytes = fs_err::read(&path)?;
                let elf = RawElf::parse(&bytes)?;
                let sections: Vec<std::ops::Range<usize>> = elf
                    .sections
                    .iter()
                    .filter(|section| {
                        section.name.starts_with(b".debug_") && !section.data.is_empty()
                    })
                    .map(|section| {
                        let start = section.data.as_ptr() as usize - bytes.as_ptr() as usize;
                        start..start + section.data.len()
                    })
                    .collect();
                for _ in 0..400 {
                    let mut wrong = bytes.clone();
                    for _ in 0..=next(4) {
                        let section = sections[next(sections.len())].clone();
                        let at = section.start + next(section.len());
                        wrong[at] = [0, 1, 0x7f, 0x80, 0xff, wrong[at] ^ 4][next(6)];
                    }
                    let read = catch_unwind(AssertUnwindSafe(|| DebugInfo::of(&wrong).is_ok()));
                    ensure!(read.is_ok(), "{compiler} {version}");
                }
            }
        }
    }
    Ok(())
}
