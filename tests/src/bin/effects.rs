//! `cargo xtask qemu --klp-build`: are the effects of another program's modules those of ours?
//!
//! `effects DIRECTORY CASE…` with the kernel in `CARGO_KLP_QEMU`. The directory holds `livepatch-CASE.ko`, or, where
//! the other program made none, what it said in `CASE.log`. Fails if one of ours does not do what its case says.

#![expect(clippy::print_stdout, reason = "this is a command")]

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::qemu::{Case, Effects, Kernel, Modules, effects, modules};

/// How much of a message a cell of the table holds.
const CELL: usize = 160;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().context("usage: effects DIRECTORY CASE…")?;
    let directory = Utf8PathBuf::from(directory);
    let all = Case::all()?;
    let cases: Result<Vec<Case>> = arguments
        .map(|name| {
            let case = all.iter().find(|case| case.name == name).cloned();
            case.with_context(|| format!("no case {name}"))
        })
        .collect();
    let cases = cases?;
    let kernel = Kernel::named(&directory.join("logs")).pop();
    let kernel = kernel.context("CARGO_KLP_QEMU names no kernel")?;
    ensure!(klp_tests::tools::have_for_guests("effects"), "there is no guest");
    if let Some(why) = kernel.missing() {
        anyhow::bail!(why);
    }
    let theirs = theirs(&directory, &cases)?;
    let theirs = effects(&with_logs(&kernel, "theirs"), &cases, &theirs);
    let kernel = with_logs(&kernel, "ours");
    let ours = effects(&kernel, &cases, &modules(&kernel, &cases, &directory.join("ours")));
    println!("| patch | ours | theirs |\n|---|---|---|");
    for Case { name, .. } in &cases {
        println!("| {name} | {} | {} |", cell(&ours, name), cell(&theirs, name));
    }
    let failed: Vec<&String> =
        ours.iter().filter(|(_, effect)| effect.is_err()).map(|(name, _)| name).collect();
    ensure!(failed.is_empty(), "not as expected: {failed:?}; {ours:#?}");
    Ok(())
}

/// Logs of two guests of one kernel have one name.
fn with_logs(kernel: &Kernel, who: &str) -> Kernel {
    Kernel { logs: kernel.logs.join(who), ..kernel.clone() }
}

/// What the other program made.
fn theirs(directory: &Utf8Path, cases: &[Case]) -> Result<Modules> {
    let mut modules = Modules::new();
    for Case { name, .. } in cases {
        let module = directory.join(format!("livepatch-{name}.ko"));
        let module = if module.is_file() {
            Ok(module)
        } else {
            let log = fs_err::read_to_string(directory.join(format!("{name}.log")))?;
            Err(format!("no module: {}", complaint(&log)))
        };
        modules.insert(name.clone(), module);
    }
    Ok(modules)
}

/// The first error in a log, else its last line.
fn complaint(log: &str) -> &str {
    let error = log.lines().find(|line| line.contains("error:") || line.contains("changed data:"));
    error.or_else(|| log.lines().last()).unwrap_or("nothing was said").trim()
}

fn cell(effects: &Effects, name: &str) -> String {
    match effects.get(name) {
        Some(Ok(())) => "as expected".to_owned(),
        Some(Err(why)) => {
            let words: Vec<&str> = why.split_whitespace().collect();
            words.join(" ").replace('|', "\\|").chars().take(CELL).collect()
        }
        None => "not tried".to_owned(),
    }
}
