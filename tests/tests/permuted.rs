//! Where symbols and sections stand in a file changes nothing.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::Manifest;
use klp_core::checksum::Digest;
use klp_core::diff::{Changes, compare};
use klp_core::manifest::ManifestObject;
use klp_tests::kernel::{Kernel, temporary};
use klp_tests::klp::root;
use klp_tests::permute::{sections, symbols};
use klp_tests::tools::{CFLAGS, compilers, tool};

const SEEDS: std::ops::Range<u64> = 0..8;

#[test]
fn objects() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let source = root().join("tests/inputs/layout/shapes.c");
    let text = fs_err::read_to_string(&source)?;
    let other = directory.join("other.c");
    fs_err::write(
        &other,
        text.replace("x > 100", "x > 101").replace("\"both\\n\"", "\"bath\\n\""),
    )?;
    for compiler in compilers("permuted::objects") {
        for flags in [&["-fjump-tables"][..], &["-ffunction-sections", "-fdata-sections"]] {
            let original = compile(compiler, &source, flags)?;
            let patched = compile(compiler, &other, flags)?;
            let expected = changes(&original, &patched)?;
            ensure!(expected.functions.len() == 2, "{expected:#?}");
            check(&original, &patched, &expected)
                .with_context(|| format!("{compiler} {flags:?}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_linked_kernel() -> Result<()> {
    let (original, patched) = (Kernel::with_output()?, Kernel::with_output()?);
    let file = patched.source.join("kernel/sched.c");
    let text = fs_err::read_to_string(&file)?;
    fs_err::write(&file, text.replace("return 335;", "return 423;"))?;
    original.make(&["all"])?;
    patched.make(&["all"])?;
    let read = |kernel: &Kernel| fs_err::read(kernel.output.join("vmlinux.o"));
    let (original, patched) = (read(&original)?, read(&patched)?);
    let expected = changes(&original, &patched)?;
    ensure!(!expected.functions.is_empty());
    check(&original, &patched, &expected)
}

/// The digests and the changes are those of the two objects as they were.
fn check(original: &[u8], patched: &[u8], expected: &Changes) -> Result<()> {
    for seed in SEEDS {
        let shuffled = symbols(original, seed)?;
        ensure!(shuffled != original, "nothing moved");
        ensure!(digests(original)? == digests(&shuffled)?, "symbols, seed {seed}");
        ensure!(changes(&shuffled, patched)? == *expected, "symbols, seed {seed}");
        // Records are in the order of places.
        let shuffled = sections(&shuffled, seed)?;
        let patched = sections(&symbols(patched, seed + 1)?, seed + 2)?;
        ensure!(digests(original)? == digests(&shuffled)?, "sections, seed {seed}");
        ensure!(
            records(&changes(&shuffled, &patched)?)? == records(expected)?,
            "sections, seed {seed}"
        );
        ensure!(changes(original, &shuffled)?.is_empty(), "sections, seed {seed}");
    }
    Ok(())
}

fn records(changes: &Changes) -> Result<BTreeSet<String>> {
    Ok(changes.records().map(|record| serde_json::to_string(&record)).collect::<Result<_, _>>()?)
}

fn changes(original: &[u8], patched: &[u8]) -> Result<Changes> {
    let manifest = |bytes: &[u8]| -> Result<Manifest> {
        Ok(Manifest::from_iter([ManifestObject::of(bytes, "x.o", None)?]))
    };
    Ok(compare(&manifest(original)?, &manifest(patched)?))
}

fn digests(object: &[u8]) -> Result<Vec<(String, Option<Digest>)>> {
    let object = ManifestObject::of(object, "x.o", None)?;
    let functions =
        object.functions.iter().map(|function| (function.name.to_owned(), function.checksum));
    let named = object.data.iter().filter_map(|data| Some((data.name?.to_owned(), data.checksum)));
    let mut all: Vec<_> = functions.chain(named).collect();
    all.sort();
    Ok(all)
}

fn compile(compiler: &str, source: &Utf8Path, flags: &[&str]) -> Result<Vec<u8>> {
    let (_guard, directory) = temporary()?;
    let object = directory.join("x.o");
    let arguments = ["-c", source.as_str(), "-o", object.as_str()];
    tool(compiler, CFLAGS.iter().chain(flags).chain(&arguments))?;
    Ok(fs_err::read(object)?)
}
