//! Livepatches in real kernels: `CARGO_KLP_QEMU=OUTPUT cargo test --package klp-tests --test qemu`.
//!
//! A test is called `kernel::case`. The cases that can share a livepatch are built and booted together
//! first; one that does not pass so is run alone, and that counts. Building needs minutes when the
//! original is not kept yet. `cargo xtask qemu --kernel 7.2` names the kernel.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use camino::Utf8Path;
use klp_tests::qemu::{Bench, Case, Kernel, alone, can_be_outside, outside, reproducible};
use klp_tests::tools;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // The builds of one kernel wait for each other anyway, and a guest wants its processors.
    arguments.test_threads = Some(1);
    let logs = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("qemu");
    let kernels = Kernel::named(&logs);
    let cases = Case::all()?;
    let mut trials = Vec::new();
    if kernels.is_empty() {
        let why = "CARGO_KLP_QEMU names no kernel: cargo xtask qemu --kernel 7.2";
        tools::skipped("livepatches in QEMU", why);
        trials.push(skipped("livepatches in QEMU", why));
    }
    for kernel in kernels {
        if !tools::have_for_guests(&kernel.name) {
            continue;
        }
        if let Some(why) = kernel.missing() {
            trials.push(Trial::test(&kernel.name, || Err(Failed::from(why))));
            continue;
        }
        let (apart, shared): (Vec<Case>, Vec<Case>) =
            cases.iter().cloned().partition(|case| case.alone.is_some());
        let bench = Arc::new(Bench::new(kernel.clone(), shared.clone()));
        let all = Arc::clone(&bench);
        let name = format!("{}::together", kernel.name);
        trials.push(Trial::test(name, move || outcome(all.together())));
        for case in shared {
            let bench = Arc::clone(&bench);
            let name = format!("{}::{}", kernel.name, case.name);
            trials.push(Trial::test(name, move || outcome(bench.check(&case))));
        }
        if can_be_outside(&kernel.output) {
            let kernel = kernel.clone();
            let name = format!("{}::a module outside of the tree", kernel.name);
            trials.push(Trial::test(name, move || outcome(outside(&kernel))));
        }
        if let Some(case) = cases.iter().find(|case| case.name == "cumulative").cloned() {
            let kernel = kernel.clone();
            let name = format!("{}::same bytes in another directory", kernel.name);
            trials.push(Trial::test(name, move || outcome(reproducible(&kernel, &case))));
        }
        for case in apart {
            let kernel = kernel.clone();
            let name = format!("{}::{}", kernel.name, case.name);
            trials.push(Trial::test(name, move || outcome(alone(&kernel, &case))));
        }
    }
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

fn skipped(what: &str, why: &str) -> Trial {
    Trial::test(format!("{what} (skipped: {why})"), || Ok(())).with_ignored_flag(true)
}

fn outcome(result: Result<()>) -> Result<(), Failed> {
    result.map_err(|error| Failed::from(format!("{error:#}")))
}
