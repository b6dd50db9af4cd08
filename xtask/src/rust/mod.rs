//! `cargo xtask rust`: livepatches of Rust, seen at work in QEMU, on a kernel whose Rust can be livepatched.

mod case;
mod flavor;
mod root;

use std::time::Instant;

use anyhow::{Result, bail, ensure};

use crate::environment;
use crate::klp;
use case::Case;
pub(crate) use flavor::Flavor;
use root::Root;

/// Where everything is in the root.
const PLACE: &str = "/k";
const MODULES: &str = "--module rust_klp --module rust_misc_device";

/// Makes the root and the kernel of a flavor, and takes its cases whose name contains `filter`.
pub(crate) fn run(version: &str, flavor: Flavor, filter: &str) -> Result<()> {
    let root = Root::ensure(&environment::kernel_cache()?)?;
    sources(&root, version, flavor)?;
    let ours = environment::root();
    let script = |name: &str| ours.join("tests/rust").join(name);
    for (from, to) in [
        (klp::build(false)?, "cargo-klp"),
        (script("guest.sh"), "guest.sh"),
        (script("load.sh"), "load.sh"),
    ] {
        fs_err::copy(from, root.path(PLACE).join(to))?;
    }
    let mut failed = Vec::new();
    let cases = Case::all()?;
    let is_wanted = |case: &&Case| case.is_for(flavor) && case.name.contains(filter);
    let wanted: Vec<&Case> = cases.iter().filter(is_wanted).collect();
    ensure!(!wanted.is_empty(), "no case of {} has {filter} in its name", flavor.name());
    for case in &wanted {
        println!("==> {}", case.name);
        let begin = Instant::now();
        match one(&root, flavor, case) {
            Ok(()) => println!("PASS {} ({:.0} s)", case.name, begin.elapsed().as_secs_f64()),
            Err(error) => {
                println!("FAIL {}: {error:#}", case.name);
                failed.push(case.name.clone());
            }
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} cases failed: {}", failed.len(), wanted.len(), failed.join(", "));
    }
    Ok(())
}

fn one(root: &Root, flavor: Flavor, case: &Case) -> Result<()> {
    let mut modules = String::new();
    let (build, variables) = (flavor.build(PLACE), flavor.variables());
    let first =
        case.first.as_ref().map(|name| (name, case::directory().join(format!("{name}.patch"))));
    for (name, patch) in first.into_iter().chain([(&case.name, case.patch.clone())]) {
        fs_err::copy(patch, root.path(&format!("{PLACE}/{name}.patch")))?;
        let module = format!("{PLACE}/livepatch-{name}.ko");
        let records = root.output(&format!(
            "cd {PLACE} && ./cargo-klp klp build -C linux -O {build} {variables} -o {module} {name}.patch \
             --message-format json"
        ))?;
        if *name == case.name {
            case.check_build(&records)?;
        }
        modules = format!("{modules} {module}");
    }
    if !case.has_module() {
        return Ok(());
    }
    let steps = match case.cycles {
        Some(cycles) => format!("--before load.sh --cycles {cycles} --timeout 3600"),
        None => "--script guest.sh".to_owned(),
    };
    let records = root.output(&format!(
        "cd {PLACE} && ./cargo-klp klp try -C linux -O {build} {MODULES} {steps} --message-format json{modules}"
    ))?;
    if let Some(text) = &case.panics {
        let log = fs_err::read(root.path(&build).join(".klp/log/try.log"))?;
        let log = String::from_utf8_lossy(&log);
        ensure!(log.lines().any(|line| line.contains(text)), "the kernel does not say: {text}");
        return Ok(());
    }
    case.check_trial(&records)
}

/// The sources of the kernel, with the change to rustc's target and our sample, configured.
fn sources(root: &Root, version: &str, flavor: Flavor) -> Result<()> {
    let linux = format!("{PLACE}/linux");
    let package = format!("linux-source-{version}");
    if !root.path(&linux).exists() {
        root.run(&format!(
            "mkdir -p {PLACE} && cd {PLACE} && rm -rf unpack && mkdir unpack && cd unpack && apt-get download {package} \
             && dpkg-deb -x {package}_*.deb . && mkdir linux && tar -xf usr/src/{package}.tar.xz -C linux \
             --strip-components=1 && mv linux .. && cd .. && rm -r unpack"
        ))?;
    }
    let ours = environment::root().join("xtask/kernel/rust");
    fs_err::copy(ours.join("rust_klp.rs"), root.path(&linux).join("samples/rust/rust_klp.rs"))?;
    let mut configuration = String::new();
    for name in flavor.configuration() {
        configuration += &fs_err::read_to_string(ours.join(name))?;
    }
    fs_err::write(root.path(PLACE).join("kernel.config"), configuration)?;
    fs_err::copy(klp::build(false)?, root.path(PLACE).join("cargo-klp"))?;
    let (build, options) = (flavor.build(PLACE), flavor.options());
    root.run(&format!(
        "cd {linux} && mkdir -p {build}
         grep -q rust_klp samples/rust/Makefile || echo 'obj-m += rust_klp.o' >>samples/rust/Makefile
         [ -e {build}/.config ] || make O={build} LLVM=-22 KCONFIG_ALLCONFIG={PLACE}/kernel.config allnoconfig
         grep -q supports-fentry scripts/generate_rust_target.rs || {{
             ../cargo-klp klp doctor -C . -O {build} --fix-rust-target >../target.patch && patch -p1 <../target.patch
         }}
         for option in {options}; do
             grep -q \"^CONFIG_$option=y\" {build}/.config || {{ echo \"no CONFIG_$option\"; exit 1; }}
         done"
    ))
}
