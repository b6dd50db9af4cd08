//! Where a function is, and what is around it, is no part of its digest.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::Manifest;
use klp_core::checksum::Digest;
use klp_core::diff::compare;
use klp_core::manifest::ManifestObject;
use klp_tests::kernel::temporary;
use klp_tests::klp::root;
use klp_tests::tools::{CFLAGS, compilers, tool};

const NAMES: [&str; 8] =
    ["calls", "cold", "constants", "dense", "other_static", "plain", "strings", "with_static"];

#[test]
fn order_alignment_and_sections() -> Result<()> {
    let variants: [&[&str]; 8] = [
        &["-DREVERSED"],
        &["-falign-functions=64"],
        &["-falign-functions=1"],
        &["-ffunction-sections"],
        &["-ffunction-sections", "-fdata-sections", "-DREVERSED"],
        &["-fdata-sections"],
        &["-g"],
        &["-falign-functions=32", "-g", "-DREVERSED", "-ffunction-sections"],
    ];
    for compiler in compilers("layout::order_alignment_and_sections") {
        for tables in ["-fjump-tables", "-fno-jump-tables"] {
            let source = root().join("tests/inputs/layout/shapes.c");
            let plain = compile(compiler, &source, &[tables])?;
            assert_eq!(digests(&plain).keys().collect::<Vec<_>>(), NAMES.each_ref());
            for variant in variants {
                let other = compile(compiler, &source, &[&[tables], variant].concat())?;
                expect_same(&plain, &other)
                    .with_context(|| format!("{compiler} {tables} {variant:?}"))?;
            }
        }
    }
    Ok(())
}

/// Functions with bytes between them, and code in front.
#[test]
fn shifted_and_padded() -> Result<()> {
    let (_guard, directory) = temporary()?;
    for compiler in compilers("layout::shifted_and_padded") {
        let (source, assembly) =
            (root().join("tests/inputs/layout/shapes.c"), directory.join("shapes.s"));
        let arguments = ["-S", "-fjump-tables", source.as_str(), "-o", assembly.as_str()];
        tool(compiler, CFLAGS.iter().chain(&arguments))?;
        let text = fs_err::read_to_string(&assembly)?;
        let plain = compile(compiler, &assembly, &[])?;
        for padding in ["\tnop\n", "\t.skip 37, 0x90\n", "\t.skip 64, 0xcc\n", "\t.p2align 5\n"] {
            // In front of the line that makes a symbol a function.
            let padded: String = text
                .lines()
                .flat_map(|line| {
                    let function = line.contains("@function") && !line.contains(".cold");
                    [if function { padding } else { "" }, line, "\n"]
                })
                .collect();
            ensure!(padded.len() > text.len() + 7 * padding.len());
            let path = directory.join("padded.s");
            fs_err::write(&path, padded)?;
            let other = compile(compiler, &path, &[])?;
            expect_same(&plain, &other).with_context(|| format!("{compiler} {padding:?}"))?;
        }
    }
    Ok(())
}

/// The assembler fills more than seven of its longest no-ops with a jump over the rest.
#[test]
fn padded_with_a_jump() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let mut objects = Vec::new();
    for align in [4, 7] {
        let path = directory.join("jump.s");
        let function = |name| {
            format!(
                "\t.globl {name}\n\t.type {name}, @function\n{name}:\tret\n\t.size {name}, .-{name}\n"
            )
        };
        fs_err::write(&path, format!("{}\t.p2align {align}\n{}", function("f"), function("g")))?;
        objects.push(compile("gcc", &path, &[])?);
    }
    expect_same(&objects[0], &objects[1])
}

/// A prefix is a part of the function that it is named after, if that is behind it at once: also where several
/// functions have that name.
#[test]
fn prefixes_are_parts_of_the_functions_behind_them() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let function = |scope: &str, name: &str, code: &str| {
        format!(
            "\t{scope} {name}\n\t.type {name}, @function\n{name}:\t{code}\n\t.size {name}, .-{name}\n"
        )
    };
    let object = |name: &str, kind: u32| -> Result<String> {
        let prefix = |name: &str| {
            function(".local", &format!("__cfi_{name}"), &format!("movl ${kind}, %eax"))
        };
        let parts = [
            prefix("same"),
            function(".local", "same", "ret"),
            prefix(name),
            function(".globl", name, "nop; ret"),
            prefix("apart"),
            "\tint3\n".to_owned(),
            function(".local", "apart", "ret"),
            prefix("another"),
            function(".local", "not_another", "ret"),
            prefix("alias"),
            format!("\t.type alias_{name}, @function\nalias_{name}:\n"),
            "\t.type alias, @function\nalias:\n".to_owned(),
            function(".local", "aliased", "ret"),
        ];
        let (path, file) =
            (directory.join(format!("{name}.s")), directory.join(format!("{name}.o")));
        fs_err::write(&path, format!("\t.file \"{name}.c\"\n{}", parts.concat()))?;
        tool("gcc", ["-c", path.as_str(), "-o", file.as_str()])?;
        Ok(file.into_string())
    };
    let linked = |kind: u32| -> Result<ManifestObject> {
        let file = directory.join("linked.o");
        tool("ld", ["-r", "-o", file.as_str(), &object("one", 1)?, &object("two", kind)?])?;
        Ok(ManifestObject::of(&fs_err::read(file)?, "linked.o", None)?)
    };
    let original = linked(2)?;
    let parts: Vec<(&str, Vec<&str>)> = original
        .functions
        .iter()
        .map(|function| (function.name, function.parts.into_iter().collect()))
        .collect();
    let of_object = |name: &'static str, prefix: &'static str| {
        [
            ("same", vec!["__cfi_same"]),
            (name, vec![prefix]),
            ("__cfi_apart", vec![]),
            ("apart", vec![]),
            ("__cfi_another", vec![]),
            ("not_another", vec![]),
            ("aliased", vec!["__cfi_alias"]),
        ]
    };
    let expected = [of_object("one", "__cfi_one"), of_object("two", "__cfi_two")].concat();
    ensure!(parts == expected, "{parts:#?}");
    let changed = compare(&manifest(&original), &manifest(&linked(3)?)).functions;
    let names: Vec<&str> = changed.iter().map(|function| function.name.as_str()).collect();
    ensure!(names == ["same", "two", "__cfi_apart", "__cfi_another", "aliased"], "{names:?}");
    Ok(())
}

/// The other way round: each change of meaning shows in its function, and in no other.
#[test]
fn one_change_shows_in_one_function() -> Result<()> {
    let changes: [(&str, &str, &str); 8] = [
        ("return x * 3", "return x * 5", "plain"),
        ("\"both\\n\"", "\"bath\\n\"", "strings"),
        ("return x * 7", "return x * 9", "dense"),
        ("return 99", "return 98", "constants"),
        ("printk(\"%d\", count++)", "printk(\"%u\", count++)", "with_static"),
        ("more += 2", "more += 3", "other_static"),
        ("\"negative\"", "\"positive\"", "cold"),
        ("x > 100", "x > 101", "calls"),
    ];
    let (_guard, directory) = temporary()?;
    let source = root().join("tests/inputs/layout/shapes.c");
    let text = fs_err::read_to_string(&source)?;
    for compiler in compilers("layout::one_change_shows_in_one_function") {
        let plain = compile(compiler, &source, &["-fjump-tables"])?;
        for (old, new, function) in changes {
            ensure!(text.matches(old).count() == 1, "{old}");
            let path = directory.join("shapes.c");
            fs_err::write(&path, text.replace(old, new))?;
            let other = compile(compiler, &path, &["-fjump-tables", "-DREVERSED"])?;
            let found = compare(&manifest(&plain), &manifest(&other)).functions;
            let names: Vec<&str> = found.iter().map(|function| function.name.as_str()).collect();
            assert_eq!(names, [function], "{compiler}: {old} is now {new}");
        }
    }
    Ok(())
}

fn compile(compiler: &str, source: &Utf8Path, flags: &[&str]) -> Result<ManifestObject> {
    let (_guard, directory) = temporary()?;
    let object = directory.join("shapes.o");
    let arguments = ["-c", source.as_str(), "-o", object.as_str()];
    // An assembler takes no optimization and does not mind.
    tool(compiler, CFLAGS.iter().chain(flags).chain(&arguments))?;
    Ok(ManifestObject::of(&fs_err::read(object)?, "shapes.o", None)?)
}

fn digests(object: &ManifestObject) -> BTreeMap<&str, Option<Digest>> {
    object.functions.iter().map(|function| (function.name, function.checksum)).collect()
}

fn manifest(object: &ManifestObject) -> Manifest {
    Manifest::from_iter([object.clone()])
}

/// The same digests, and nothing to report.
fn expect_same(one: &ManifestObject, other: &ManifestObject) -> Result<()> {
    let (left, right) = (digests(one), digests(other));
    let differing: Vec<_> =
        left.iter().filter(|(name, digest)| right.get(*name) != Some(*digest)).collect();
    ensure!(
        left.len() == right.len() && differing.is_empty(),
        "differ: {differing:?} of {right:?}"
    );
    ensure!(left.values().all(Option::is_some));
    let changes = compare(&manifest(one), &manifest(other));
    ensure!(changes.functions.is_empty() && changes.refused.is_empty(), "{changes:#?}");
    Ok(())
}
