//! `cargo xtask stock`: livepatches for a kernel of Debian's, as it was shipped.

mod fixes;
pub(crate) mod fresh;
mod place;
mod root;

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use camino::Utf8PathBuf;
use serde_json::Value;

pub(crate) use place::Place;
use place::newest;

use crate::{kernel, klp, process};

/// How many objects of vmlinux, and of modules, are proven.
const SAMPLE: &str = "40";

/// A patch, what it changes, and what is seen of it in the guest.
struct Case {
    name: &'static str,
    /// Among others, for a header that many objects include.
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
    Case {
        name: HEADER,
        changed: &["timens_install", "create_new_namespaces"],
        module: None,
        script: "ls -d /sys/kernel/livepatch/*/vmlinux/timens_install,* 2>/dev/null || true",
        seen: "/sys/kernel/livepatch/livepatch_header/vmlinux/timens_install,1",
    },
];

const HEADER: &str = "header";

/// Gets the newest kernel of a Debian, proves objects of it, and tries a livepatch of each case.
///
/// With two sources in `fixes`, livepatches of what differs between them in that `number` of files instead.
pub(crate) fn run(
    release: Option<&str>,
    suite: Option<&str>,
    fixes: &[Utf8PathBuf],
    number: usize,
) -> Result<()> {
    kernel::packages::ensure(kernel::Compiler::Gcc.into())?;
    let place = Place::of(release, suite, klp::build(false)?)?;
    let inside = |name: &str| place.inside(name);
    let outside = |name: &str| place.outside(name);
    place.ensure_packages()?;
    let started = Instant::now();
    let mut prove = place.klp(&["stock", "prove"]);
    place.named(&mut prove, inside);
    process::run(prove.args(["--sample", SAMPLE]))?;
    println!("==> proven in {:.0?}, with the preparation of a first run", started.elapsed());
    if let [from, to] = fixes {
        return fixes::run(&place, from, to, number);
    }
    for case in CASES {
        let (patch, module) =
            (format!("{}.patch", case.name), format!("livepatch-{}.ko", case.name));
        fs_err::copy(place.patch(case.name), outside(&patch))?;
        let started = Instant::now();
        let mut build = place.klp(&["build"]);
        place.named(&mut build, inside);
        build.args(["--message-format", "json", "-o", inside(&module).as_str()]);
        build.arg(inside(&patch).as_str()).stderr(std::process::Stdio::inherit());
        let output = process::output(&mut build)?;
        println!("==> {} built in {:.1?}", case.name, started.elapsed());
        let changed = changed(&output);
        let fits = if case.name == HEADER {
            case.changed.iter().all(|name| changed.iter().any(|found| found == name))
        } else {
            changed == case.changed
        };
        ensure!(fits, "{}: changed {changed:?}, not {:?}", case.name, case.changed);
        check(&place, &module)?;
        fs_err::write(outside("see.sh"), case.script)?;
        let options: &[&[&str]] = match &case.module {
            Some(name) => &[&["--module", *name], &["--late-module", *name]],
            None => &[&[]],
        };
        for options in options {
            let mut trial = place.klp_here(&["try"]);
            place.named(&mut trial, outside);
            trial.args(["--script", "see.sh", "--message-format", "json"]).args(*options);
            seen(case, &process::output(trial.arg(&module))?)?;
        }
        println!("PASS stock/{} {}", case.name, place.release);
    }
    inlined(&place)?;
    // Whatever was built since.
    CASES.iter().try_for_each(|case| check(&place, &format!("livepatch-{}.ko", case.name)))
}

fn check(place: &Place, module: &str) -> Result<()> {
    let mut check = place.klp(&["check"]);
    place.named(&mut check, |path| place.inside(path));
    process::run(check.arg(place.inside(module).as_str()))
}

/// Where a function has gone whose only caller is known.
fn inlined(place: &Place) -> Result<()> {
    const FUNCTION: &str = "show_val_kb";
    const CALLER: &str = "meminfo_proc_show";
    let mut ask = place.klp(&["inlined", FUNCTION, "--message-format", "json"]);
    place.named(&mut ask, |path| place.inside(path));
    let output = process::output(ask.stderr(std::process::Stdio::inherit()))?;
    let is_caller = |list: &Value| {
        list.as_array().is_some_and(|list| list.iter().any(|into| into["name"] == CALLER))
    };
    let is_there = records(&output).any(|record| {
        record["object"] == "fs/proc/meminfo.o"
            && (is_caller(&record["inlined-into"]) || is_caller(&record["callers"]))
    });
    ensure!(is_there, "{FUNCTION} has gone elsewhere: {output}");
    println!("PASS stock/inlined {}", place.release);
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
