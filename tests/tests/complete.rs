//! No function symbol is left out: each is in the checksums, digested or refused with a reason.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::Kernel;
use klp_tests::klp::{klp, run};
use klp_tests::tools::{compilers, skipped, tool, variable};
use serde_json::Value;

type Names = BTreeMap<String, usize>;

#[test]
fn of_the_mini_kernel() -> Result<()> {
    for compiler in compilers("complete::of_the_mini_kernel") {
        let kernel = Kernel::with_output()?;
        kernel.make(&["all", if compiler == "gcc" { "CC=gcc" } else { "LLVM=-19" }])?;
        let mut objects = Vec::new();
        find(&kernel.output, &mut objects)?;
        ensure!(objects.len() > 20, "{objects:?}");
        for object in objects {
            let refused = check(&object).with_context(|| format!("{compiler}: {object}"))?;
            assert_eq!(refused, 0, "{compiler}: {object}");
        }
    }
    Ok(())
}

#[test]
fn of_a_real_kernel() -> Result<()> {
    let Some(vmlinux) = variable("CARGO_KLP_TEST_VMLINUX") else {
        skipped("complete::of_a_real_kernel", "CARGO_KLP_TEST_VMLINUX names no vmlinux.o");
        return Ok(());
    };
    check(Utf8Path::new(&vmlinux)).map(drop)
}

fn find(directory: &Utf8Path, objects: &mut Vec<Utf8PathBuf>) -> Result<()> {
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        let path = Utf8PathBuf::try_from(entry.path())?;
        if entry.file_type()?.is_dir() {
            find(&path, objects)?;
        } else if matches!(path.extension(), Some("o" | "ko")) {
            objects.push(path);
        }
    }
    Ok(())
}

/// Compares with what readelf says; returns how many functions are refused.
fn check(object: &Utf8Path) -> Result<usize> {
    let (digested, promised, refused) = checksums(object)?;
    let symbols = function_symbols(object)?;
    for (name, count) in &symbols {
        let found = digested.get(name).copied().unwrap_or(0);
        ensure!(found >= *count, "{name}: {count} symbols, {found} in the checksums");
    }
    assert_eq!(promised, symbols.values().sum::<usize>(), "function-symbols");
    Ok(refused)
}

/// Every name in the checksums, the number of function symbols that they claim, and how many are
/// refused.
fn checksums(object: &Utf8Path) -> Result<(Names, usize, usize)> {
    let outcome =
        run(&mut klp(["checksum", "--message-format", "json", object.as_str()])?)?.expect(0)?;
    let (mut names, mut promised, mut refused) = (Names::new(), 0, 0);
    for line in outcome.stdout.lines() {
        let record: Value = serde_json::from_str(line)?;
        if record["reason"] == "object" {
            promised =
                usize::try_from(record["function-symbols"].as_u64().context(line.to_owned())?)?;
        }
        if record["reason"] != "function-checksum" {
            continue;
        }
        match (record["checksum"].as_str(), record["refused"].as_str()) {
            (Some(checksum), None) => ensure!(checksum.len() == 64, "{line}"),
            (None, Some(why)) if !why.is_empty() => refused += 1,
            _ => anyhow::bail!("neither digested nor refused: {line}"),
        }
        let others =
            ["aliases", "parts"].into_iter().filter_map(|key| record[key].as_array()).flatten();
        for name in [&record["name"]].into_iter().chain(others) {
            *names.entry(name.as_str().context(line.to_owned())?.to_owned()).or_default() += 1;
        }
    }
    Ok((names, promised, refused))
}

/// The names of the defined `STT_FUNC` symbols, by readelf.
fn function_symbols(object: &Utf8Path) -> Result<Names> {
    let mut names = Names::new();
    for line in tool("readelf", ["-sW", object.as_str()])?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, _, _, "FUNC", _, _, section, name] = words.as_slice()
            && *section != "UND"
        {
            *names.entry((*name).to_owned()).or_default() += 1;
        }
    }
    Ok(names)
}
