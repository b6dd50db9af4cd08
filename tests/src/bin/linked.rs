//! `cargo xtask linked`: compares the digest of each function of a kernel build in its own object and
//! in what the object is linked into, and lists those that differ.

#![expect(clippy::print_stdout, reason = "this is a command")]

use std::collections::HashMap;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Linked, linked_objects};
use klp_core::checksum::Kind;
use klp_core::input::Input;
use klp_core::manifest::{Function, Object};

type ByName<'a> = HashMap<&'a str, Vec<&'a Function>>;

fn main() -> Result<()> {
    let build = std::env::args().nth(1).context("usage: linked BUILD-DIRECTORY")?;
    let build = Utf8PathBuf::from(build);
    let mut wholes: HashMap<Utf8PathBuf, Object> = HashMap::new();
    let (mut same, mut replaced, mut different) = (0, 0, Vec::new());
    for linked in linked_objects(&build)? {
        let path = match &linked.linked {
            Linked::Vmlinux => "vmlinux.o".into(),
            Linked::Module(module) => Utf8PathBuf::from(format!("{module}.ko")),
        };
        if !wholes.contains_key(&path) {
            wholes.insert(path.clone(), digest(&build, &path)?);
        }
        let by_name = by_name(wholes.get(&path).context("just digested")?);
        for function in &digest(&build, &linked.object)?.functions {
            let others = by_name.get(function.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            if others.iter().any(|other| other.checksum == function.checksum) {
                same += 1;
            } else if others.iter().all(|other| differs(function, other, Kind::Instruction)) {
                // A weak function that another object defines for good, or unnamed code.
                replaced += 1;
            } else {
                let kinds = others.first().map(|other| kinds(function, other)).unwrap_or_default();
                different.push(format!("{} {} ({kinds})", linked.object, function.name));
            }
        }
    }
    for line in &different {
        println!("{line}");
    }
    println!("{same} the same, {replaced} replaced by other code, {} different", different.len());
    Ok(())
}

fn digest(build: &Utf8Path, path: &Utf8Path) -> Result<Object> {
    let input = Input::open(build.join(path).as_std_path())?;
    Object::of(&input, path.as_str(), None).with_context(|| path.to_string())
}

fn by_name(object: &Object) -> ByName<'_> {
    let mut by_name = ByName::new();
    for function in &object.functions {
        for name in std::iter::once(&function.name).chain(&function.aliases) {
            by_name.entry(name).or_default().push(function);
        }
    }
    by_name
}

fn differs(one: &Function, other: &Function, wanted: Kind) -> bool {
    let of = |function: &Function| {
        function.kinds.iter().find(|(kind, _)| *kind == wanted).map(|(_, digest)| *digest)
    };
    of(one) != of(other)
}

fn kinds(one: &Function, other: &Function) -> String {
    let differing: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|kind| differs(one, other, *kind))
        .map(|kind| format!("{kind:?}"))
        .collect();
    differing.join(", ")
}
