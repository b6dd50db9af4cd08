//! Files that are no objects: one clear error, a hint, the right exit status, and nothing printed.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::temporary;
use klp_tests::klp::{Outcome, klp, root, run};
use klp_tests::tools::tool;
use tempfile::TempDir;

/// The start of a checksum file.
const EARLIER: &str = "{\"reason\":\"checksums\",\"of\":\"an earlier run\"}";

/// A directory with a good object, `good.o`.
fn directory() -> Result<(TempDir, Utf8PathBuf)> {
    let (guard, directory) = temporary()?;
    let source = root().join("tests/inputs/diff/original.s");
    tool("gcc", ["-c", source.as_str(), "-o", directory.join("good.o").as_str()])?;
    Ok((guard, directory))
}

fn in_directory(directory: &Utf8Path, arguments: &[&str]) -> Result<Outcome> {
    run(klp(arguments)?.current_dir(directory))
}

/// Every subcommand that takes an object gives the same error for `name`.
fn expect_error(directory: &Utf8Path, name: &str, message: &str, hint: Option<&str>) -> Result<()> {
    let runs: [&[&str]; 5] = [
        &["checksum", name],
        &["checksum", "good.o", name, "--message-format", "json"],
        &["checksum", "good.o", name, "-o", "out.checksums"],
        &["diff", name, "good.o"],
        &["diff", "good.o", name],
    ];
    fs_err::write(directory.join("out.checksums"), EARLIER)?;
    for arguments in runs {
        let outcome = in_directory(directory, arguments)?;
        let outcome =
            outcome.expect_error(1, message, hint).with_context(|| format!("{arguments:?}"))?;
        ensure!(outcome.stderr.contains(name), "the file has no name: {}", outcome.stderr);
    }
    let text = fs_err::read_to_string(directory.join("out.checksums"))?;
    assert_eq!(text, EARLIER);
    let files = fs_err::read_dir(directory)?.count();
    ensure!(files <= 4, "something was left behind");
    Ok(())
}

#[test]
fn truncated() -> Result<()> {
    let (_guard, directory) = directory()?;
    let bytes = fs_err::read(directory.join("good.o"))?;
    for length in [1, 4, 16, 63, 64, bytes.len() / 2, bytes.len() - 1] {
        fs_err::write(directory.join("bad.o"), bytes.get(..length).unwrap_or_default())?;
        let (message, hint) = match length {
            1 => ("not an ELF object", "name object files"),
            _ => ("truncated or corrupt", "delete it and run make again"),
        };
        expect_error(&directory, "bad.o", message, Some(hint))
            .with_context(|| format!("{length} bytes"))?;
    }
    Ok(())
}

#[test]
fn empty() -> Result<()> {
    let (_guard, directory) = directory()?;
    fs_err::write(directory.join("bad.o"), "")?;
    expect_error(&directory, "bad.o", "the file is empty", Some("delete it and run make again"))
}

#[test]
fn no_elf() -> Result<()> {
    let (_guard, directory) = directory()?;
    fs_err::write(directory.join("bad.o"), "int main(void) { return 0; }\n")?;
    expect_error(&directory, "bad.o", "not an ELF object", Some("name object files"))
}

#[test]
fn bitcode() -> Result<()> {
    let (_guard, directory) = directory()?;
    fs_err::write(directory.join("bad.o"), [b"BC\xc0\xde".as_slice(), &[0; 64]].concat())?;
    expect_error(&directory, "bad.o", "LLVM bitcode", Some("vmlinux.o"))
}

#[test]
fn an_archive() -> Result<()> {
    let (_guard, directory) = directory()?;
    let (good, bad) = (directory.join("good.o"), directory.join("bad.a"));
    for flags in ["cr", "crT"] {
        let _ = fs_err::remove_file(&bad);
        tool("ar", [flags, bad.as_str(), good.as_str()])?;
        expect_error(&directory, "bad.a", "an archive", Some("name the objects in it"))?;
    }
    Ok(())
}

#[test]
fn another_machine() -> Result<()> {
    let (_guard, directory) = directory()?;
    let good = fs_err::read(directory.join("good.o"))?;
    // EM_386, EM_AARCH64, EM_RISCV
    for machine in [3, 183, 243] {
        let mut bytes = good.clone();
        *bytes.get_mut(18).context("e_machine")? = machine;
        fs_err::write(directory.join("bad.o"), bytes)?;
        expect_error(&directory, "bad.o", "another machine", None)?;
    }
    for (offset, value) in [(4, 1), (5, 2)] {
        let mut bytes = good.clone();
        *bytes.get_mut(offset).context("e_ident")? = value;
        fs_err::write(directory.join("bad.o"), bytes)?;
        expect_error(&directory, "bad.o", "another machine", None)?;
    }
    // As a compiler writes it.
    let source = directory.join("bad.s");
    fs_err::write(&source, "\t.globl f\n\t.type f, @function\nf:\tret\n\t.size f, .-f\n")?;
    tool("gcc", ["-m32", "-c", source.as_str(), "-o", directory.join("bad.o").as_str()])?;
    fs_err::remove_file(source)?;
    expect_error(&directory, "bad.o", "another machine", None)
}

#[test]
fn linked() -> Result<()> {
    let (_guard, directory) = directory()?;
    let source = directory.join("bad.s");
    fs_err::write(&source, "\t.globl _start\n\t.type _start, @function\n_start:\tret\n")?;
    for kind in ["-static", "-shared"] {
        let bad = directory.join("bad.o");
        tool("gcc", ["-nostdlib", kind, source.as_str(), "-o", bad.as_str()])?;
        fs_err::rename(&source, directory.join("good.s"))?;
        expect_error(&directory, "bad.o", "not a relocatable object", Some("vmlinux.o"))?;
        fs_err::rename(directory.join("good.s"), &source)?;
    }
    Ok(())
}

#[test]
fn stripped() -> Result<()> {
    let (_guard, directory) = directory()?;
    let (good, bad) = (directory.join("good.o"), directory.join("bad.o"));
    tool("strip", ["--strip-all", good.as_str(), "-o", bad.as_str()])?;
    expect_error(&directory, "bad.o", "no symbol table", Some("not a stripped one"))?;
    // Assemblers write none where there are notes only.
    let (source, note) = (directory.join("note.s"), directory.join("note.o"));
    fs_err::write(&source, "\t.section .note.Linux, \"a\", @note\n\t.long 6, 4, 0x100\n")?;
    tool("as", [source.as_str(), "-o", note.as_str()])?;
    tool("strip", ["--strip-all", note.as_str()])?;
    run(klp(["diff", "--no-cache", "note.o", "note.o"])?.current_dir(&directory))?.expect(0)?;
    Ok(())
}

#[test]
fn missing() -> Result<()> {
    let (_guard, directory) = directory()?;
    expect_error(&directory, "bad.o", "failed to read bad.o", None)
}

#[test]
fn a_directory() -> Result<()> {
    let (_guard, directory) = directory()?;
    fs_err::create_dir_all(directory.join("bad"))?;
    in_directory(&directory, &["checksum", "bad"])?.expect_error(1, "failed to read bad", None)?;
    in_directory(&directory, &["diff", "bad", "bad"])?.expect_error(
        1,
        "no record of the objects of vmlinux",
        Some("build the kernel first"),
    )?;
    for (one, other) in [("bad", "good.o"), ("good.o", "bad")] {
        in_directory(&directory, &["diff", one, other])?.expect_error(
            1,
            "one is a build directory and the other is not",
            None,
        )?;
    }
    Ok(())
}

#[test]
fn checksum_files() -> Result<()> {
    let (_guard, directory) = directory()?;
    in_directory(&directory, &["checksum", "good.o", "-o", "good.checksums"])?.expect(0)?;
    let text = fs_err::read_to_string(directory.join("good.checksums"))?;
    let version = klp_core::manifest::FORMAT_VERSION;
    let other =
        text.replacen(&format!("\"format-version\":{version}"), "\"format-version\":999", 1);
    let cut = text.get(..text.len() / 2).unwrap_or_default();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without_last = lines.get(..lines.len() - 1).unwrap_or_default().concat();
    let swapped = text.replacen("function-checksum", "data-checksum", 1);
    let cases: [(&str, &str, Option<&str>); 4] = [
        (&other, "version 999", Some("make it again")),
        (cut, "is no record", None),
        (&without_last, "cut off", None),
        (&swapped, "line 3", None),
    ];
    for (text, message, hint) in cases {
        fs_err::write(directory.join("bad.checksums"), text)?;
        for (one, other) in [("bad.checksums", "good.o"), ("good.checksums", "bad.checksums")] {
            let outcome = in_directory(&directory, &["diff", one, other])?;
            let outcome = outcome.expect_error(1, message, hint)?;
            ensure!(outcome.stderr.contains("bad.checksums"), "{}", outcome.stderr);
        }
    }
    Ok(())
}

#[test]
fn nowhere_to_write() -> Result<()> {
    let (_guard, directory) = directory()?;
    let outcome = in_directory(&directory, &["checksum", "good.o", "-o", "no/such/file"])?;
    outcome.expect_error(1, "failed to write no/such/file", None)?;
    let outcome = in_directory(&directory, &["checksum", "good.o", "-o", "good.o/file"])?;
    outcome.expect_error(1, "failed to write good.o/file", None)?;
    let outcome = in_directory(&directory, &["checksum", "good.o", "-o", "."])?;
    outcome.expect_error(1, "failed to write .", None)?;
    assert_eq!(fs_err::read_dir(&directory)?.count(), 1);

    let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    let output = klp(["checksum", "good.o"])?.current_dir(&directory).stdout(full).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), stderr.contains("error: failed to print")),
        (Some(1), true),
        "{stderr}"
    );
    Ok(())
}

#[test]
fn usage() -> Result<()> {
    let (_guard, directory) = directory()?;
    let cases: [(&[&str], &str); 9] = [
        (&["checksum", "--wrong", "good.o"], "unexpected argument '--wrong'"),
        (&["build", "--wrong"], "unexpected argument '--wrong'"),
        (&["diff", "good.o"], "<PATCHED>"),
        (&["checksum"], "<OBJ>"),
        (&["wrong"], "unrecognized subcommand 'wrong'"),
        (&["checksum", "good.o", "--message-format", "xml"], "invalid value 'xml'"),
        (&["build", "-j", "0"], "invalid value '0'"),
        (&["build", "-j", "two"], "invalid value 'two'"),
        (&["diff", "-q", "-v", "good.o", "good.o"], "cannot be used with"),
    ];
    for (arguments, message) in cases {
        let outcome = in_directory(&directory, arguments)?.expect(2)?;
        ensure!(outcome.stderr.starts_with("error: "), "{outcome:#?}");
        ensure!(outcome.stderr.contains(message) && outcome.stdout.is_empty(), "{outcome:#?}");
    }
    Ok(())
}
