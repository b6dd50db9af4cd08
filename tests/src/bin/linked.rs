//! `cargo xtask linked`: compares the digest of each function of a kernel build in its own object and
//! in what the object is linked into, and lists those that differ. With a list of known exceptions
//! (`tests/linked`) it fails where these are not all, or not exactly, those.

#![expect(clippy::print_stdout, reason = "this is a command")]

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{LinkedInto, linked_objects};
use klp_core::checksum::ContentKind;
use klp_core::elf::ElfObject;
use klp_core::input::Input;
use klp_core::manifest::{ManifestFunction, ManifestObject};

type ByName<'a> = HashMap<&'a str, Vec<ManifestFunction<'a>>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let build = arguments.next().context("usage: linked BUILD-DIRECTORY [KNOWN]")?;
    let build = Utf8PathBuf::from(build);
    let mut wholes: HashMap<Utf8PathBuf, ManifestObject> = HashMap::new();
    let (mut same, mut replaced, mut unnamed, mut different) = (0, 0, 0, Vec::new());
    for linked in linked_objects(&build)? {
        let path = match &linked.linked {
            LinkedInto::Vmlinux => "vmlinux.o".into(),
            LinkedInto::Module(module) => Utf8PathBuf::from(format!("{module}.ko")),
        };
        if !wholes.contains_key(&path) {
            wholes.insert(path.clone(), digest(&build, &path)?);
        }
        let by_name = by_name(wholes.get(&path).context("just digested")?);
        let input = Input::open(build.join(&linked.object).as_std_path())?;
        let weak = weak(&input)?;
        for function in digest(&build, &linked.object)?.functions.iter() {
            let others = by_name.get(function.name).map(Vec::as_slice).unwrap_or_default();
            if others.iter().any(|other| other.checksum == function.checksum) {
                same += 1;
            } else if weak.contains(function.name) {
                // Another object defines it for good.
                replaced += 1;
            } else if function.name.contains("+0x") {
                unnamed += 1;
            } else {
                let kinds = others.first().map(|other| kinds(&function, other)).unwrap_or_default();
                different.push(format!("{} {} ({kinds})", linked.object, function.name));
            }
        }
    }
    for line in &different {
        println!("{line}");
    }
    println!(
        "{same} the same, {replaced} weak and replaced, {unnamed} without a name, {} different",
        different.len()
    );
    if let Some(list) = arguments.next() {
        compare(&different, &known(&fs_err::read_to_string(list)?))?;
    }
    Ok(())
}

/// The lines `OBJECT FUNCTION: REASON` of a list without their reasons.
fn known(list: &str) -> BTreeSet<&str> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.split_once(": ")?.0)).collect()
}

/// Fails unless `different` (`OBJECT FUNCTION (KINDS)`) is what is known.
fn compare(different: &[String], known: &BTreeSet<&str>) -> Result<()> {
    let found: BTreeSet<&str> =
        different.iter().filter_map(|line| Some(line.split_once(" (")?.0)).collect();
    let new: Vec<_> = found.difference(known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    ensure!(new.is_empty(), "not in the list of known exceptions: {new:?}");
    ensure!(gone.is_empty(), "no exceptions any more: {gone:?}");
    Ok(())
}

fn digest(build: &Utf8Path, path: &Utf8Path) -> Result<ManifestObject> {
    let input = Input::open(build.join(path).as_std_path())?;
    ManifestObject::of(&input, path.as_str(), None).with_context(|| path.to_string())
}

/// The names of the weak symbols of an object.
fn weak(bytes: &[u8]) -> Result<BTreeSet<String>> {
    let elf = ElfObject::parse(bytes)?;
    let weak = elf.symbols.iter().filter(|symbol| symbol.weak);
    Ok(weak.map(|symbol| symbol.name_lossy().into_owned()).collect())
}

fn by_name(object: &ManifestObject) -> ByName<'_> {
    let mut by_name = ByName::new();
    for function in object.functions.iter() {
        for name in function.names() {
            by_name.entry(name).or_default().push(function);
        }
    }
    by_name
}

fn kinds(one: &ManifestFunction<'_>, other: &ManifestFunction<'_>) -> String {
    let differing: Vec<String> = ContentKind::ALL
        .into_iter()
        .filter(|kind| one.kind(*kind) != other.kind(*kind))
        .map(|kind| format!("{kind:?}"))
        .collect();
    differing.join(", ")
}
