//! `cargo xtask stock`: livepatches for a kernel of Debian's, as it was shipped.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{environment, kernel, klp, process};

/// How many objects of vmlinux, and of modules, are proven.
const SAMPLE: &str = "40";

/// A patch, what it changes, and what is seen of it in the guest.
struct Case {
    name: &'static str,
    changed: &'static [&'static str],
    module: Option<&'static str>,
    script: &'static str,
    seen: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "meminfo",
        changed: &["meminfo_proc_show"],
        module: None,
        script: "grep -c KlpTotal /proc/meminfo || true",
        seen: "1",
    },
    Case {
        name: "ext4",
        changed: &["ext4_statfs"],
        module: Some("ext4"),
        script: "cat /sys/kernel/livepatch/*/ext4/ext4_statfs,0/patched 2>/dev/null; ls -d /sys/kernel/livepatch/*/ext4 2>/dev/null || true",
        seen: "/sys/kernel/livepatch/livepatch_ext4/ext4",
    },
    Case {
        name: "duplicate",
        changed: &["state_show"],
        module: None,
        script: "cut -c1-3 /sys/devices/system/cpu/cpu0/hotplug/state",
        seen: "klp",
    },
];

/// Gets the newest kernel of this system's Debian, proves objects of it, and tries a livepatch of each case.
pub(crate) fn run(release: Option<&str>) -> Result<()> {
    kernel::packages::ensure(kernel::Compiler::Gcc.into())?;
    let release = match release {
        Some(release) => release.to_owned(),
        None => newest()?,
    };
    let program = klp::build(false)?;
    let root = environment::kernel_cache()?.join("stock").join(&release);
    let (packages, work) = (root.join("packages"), root.join("work"));
    let stock = |command: &str| {
        let mut klp = process::command(program.as_str());
        klp.args(["klp", command]);
        klp
    };
    let flags = |klp: &mut Command| {
        klp.arg(format!("--stock={release}"));
        klp.args(["--sysroot", packages.as_str(), "--target-dir", work.as_str()]);
    };
    if !packages.is_dir() {
        let mut get = stock("stock");
        process::run(get.args(["get", &release, "--sysroot", packages.as_str()]))?;
    }
    let started = Instant::now();
    let mut prove = stock("stock");
    prove.arg("prove");
    flags(&mut prove);
    process::run(prove.args(["--sample", SAMPLE]))?;
    println!("==> proven in {:.0?}, with the preparation of a first run", started.elapsed());
    for case in CASES {
        let patch =
            environment::root().join(format!("tests/patches/stock-6.1/{}.patch", case.name));
        let module = root.join(format!("livepatch-{}.ko", case.name));
        let started = Instant::now();
        let mut build = stock("build");
        flags(&mut build);
        build.args(["--message-format", "json", "-o", module.as_str(), patch.as_str()]);
        build.current_dir(&root).stderr(std::process::Stdio::inherit());
        let output = process::output(&mut build)?;
        println!("==> {} built in {:.1?}", case.name, started.elapsed());
        let changed = changed(&output);
        ensure!(
            changed == case.changed,
            "{}: changed {changed:?}, not {:?}",
            case.name,
            case.changed
        );
        let mut check = stock("check");
        flags(&mut check);
        process::run(check.arg(module.as_str()))?;
        let script = root.join("see.sh");
        fs_err::write(&script, case.script)?;
        let mut trial = stock("try");
        flags(&mut trial);
        trial.args(["--script", script.as_str(), "--message-format", "json"]);
        for option in case.module.iter().flat_map(|name| ["--late-module", *name]) {
            trial.arg(option);
        }
        trial.arg(module.as_str()).current_dir(&root);
        let output = process::output(&mut trial)?;
        seen(case, &output)?;
        println!("PASS stock/{}", case.name);
    }
    Ok(())
}

fn records(output: &str) -> impl Iterator<Item = Value> {
    output.lines().filter_map(|line| serde_json::from_str(line).ok())
}

fn changed(output: &str) -> Vec<String> {
    let functions = records(output).filter(|record| record["reason"] == "function");
    functions.filter_map(|record| Some(record["name"].as_str()?.to_owned())).collect()
}

/// What the case looks for is there with the livepatch, and not before.
fn seen(case: &Case, output: &str) -> Result<()> {
    let output_of = |stage: &str| {
        let mut steps = records(output).filter(|record| record["stage"] == stage);
        steps.find_map(|record| Some(record["output"].as_str()?.to_owned()))
    };
    let before = output_of("before").context("no script ran before")?;
    let after = output_of("after").context("no script ran after")?;
    if before.lines().any(|line| line == case.seen) || !after.lines().any(|line| line == case.seen)
    {
        bail!("{}: before {before:?}, after {after:?}", case.name);
    }
    Ok(())
}

/// The release of the kernel that this Debian would install.
fn newest() -> Result<String> {
    if let Some(release) = known() {
        return Ok(release);
    }
    process::run(process::command("apt-get").args(["--quiet", "update"]))?;
    known().context("apt knows no kernel that linux-image-amd64 depends on")
}

fn known() -> Option<String> {
    let mut apt = process::command("apt-cache");
    let text = process::output(apt.args(["depends", "linux-image-amd64"])).ok()?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
    name.map(str::to_owned)
}
