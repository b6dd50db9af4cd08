//! `cargo xtask stock --root SUITE --fresh`: a Debian with nothing in it, as somebody sees it who has just heard of us.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use serde_json::Value;

use super::root::Root;
use super::{newest, records};
use crate::{environment, klp, process};

/// Where that person works.
const HOME: &str = "/root";
/// Nobody is there to say yes; and debconf would like to.
const UNATTENDED: [&str; 2] = ["DEBIAN_FRONTEND=noninteractive", "APT_CONFIG=/klp/apt.conf"];
/// What the doctor ends with where something is missing.
const MISSING: i32 = 96;

/// Asks the doctor, does what it says, and makes a livepatch. Nobody is asked twice.
pub(crate) fn run(suite: &str, release: Option<&str>) -> Result<()> {
    let root = Root::fresh(suite, &klp::build(false)?)?;
    let release = match release {
        Some(release) => release.to_owned(),
        None => newest(&mut root.command("apt-cache")).context("apt knows no kernel there")?,
    };
    let stock = format!("--stock={release}");
    for command in doctor(&root, &stock, MISSING)? {
        let started = Instant::now();
        match command.strip_prefix("cargo klp ") {
            Some(arguments) => {
                process::run(root.klp(Utf8Path::new(HOME)).args(arguments.split(' ')))?;
            }
            None => process::run(root.command("env").args(UNATTENDED).args(command.split(' ')))?,
        }
        println!("==> {:.0?}: {command}", started.elapsed());
    }
    let left = doctor(&root, &stock, 0)?;
    ensure!(left.is_empty(), "the doctor told the rest later: {left:?}");
    let patch = environment::root().join("tests/patches/stock-6.1/meminfo.patch");
    fs_err::copy(patch, root.outside(format!("{HOME}/fix.patch")))?;
    let started = Instant::now();
    process::run(root.klp(Utf8Path::new(HOME)).args(["build", &stock, "fix.patch"]))?;
    println!("==> {:.0?}: cargo klp build {stock} fix.patch", started.elapsed());
    ensure!(root.outside(format!("{HOME}/livepatch-fix.ko")).is_file(), "there is no module");
    outside(&root, &release)?;
    println!("PASS stock/fresh {suite} {release}");
    root.remove()
}

/// Builds a module as its author does, with the headers alone, and makes a livepatch of it for the kernel as it is
/// installed.
fn outside(root: &Root, release: &str) -> Result<()> {
    let packages = ["linux-headers-", "linux-image-"].map(|package| format!("{package}{release}"));
    let mut install = root.command("env");
    install.args(UNATTENDED).args(["apt-get", "install", "--no-install-recommends"]);
    process::run(install.args(&packages))?;
    let cases = environment::root().join("tests/qemu");
    let copies = [cases.join("module"), cases.join("module.patch")];
    let home = root.outside(HOME);
    process::run(process::command("cp").arg("-a").args(&copies).arg(&home))?;
    let build = format!("/lib/modules/{release}/build");
    let module = format!("M={HOME}/module");
    process::run(root.command("make").args(["-s", "-C", &build, &module, "modules"]))?;
    let mut livepatch = root.klp(Utf8Path::new(HOME));
    livepatch.args(["build", "-C", &build, "-M", "module", "module.patch"]);
    process::run(&mut livepatch)?;
    ensure!(home.join("module/livepatch-module.ko").is_file(), "there is no module");
    Ok(())
}

/// The commands that the doctor gives, who ends with `status`.
fn doctor(root: &Root, stock: &str, status: i32) -> Result<Vec<String>> {
    fs_err::write(
        root.outside("/klp/apt.conf"),
        "APT::Get::Assume-Yes \"true\";\nAPT::Sandbox::User \"root\";\n",
    )?;
    let mut doctor = root.klp(Utf8Path::new(HOME));
    let output = doctor.args(["doctor", stock, "--message-format", "json"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.code() == Some(status), "the doctor: {}\n{text}", output.status);
    let summary = records(&text).find(|record| record["reason"] == "doctor-summary");
    let commands = summary.context("no summary")?["commands"].as_array().cloned();
    let commands = commands.unwrap_or_default().into_iter();
    Ok(commands.filter_map(|command: Value| Some(command.as_str()?.to_owned())).collect())
}
