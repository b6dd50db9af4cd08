//! A function has the same digest in its own object, in its module and in vmlinux.o.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_core::checksum::Digest;
use klp_core::manifest::ManifestObject;
use klp_tests::kernel::Kernel;
use klp_tests::tools::compilers;

/// Functions that point one past the end of what an object has in `.bss`. Once linked, that address
/// is the start of what another object has there, and nothing tells the two apart.
const ONE_PAST_THE_END: &[&str] = &["shrink", "startup_64"];

/// How often a function of that name has that digest.
type Digests = BTreeMap<(String, Option<Digest>), usize>;

#[test]
fn the_same_digest_in_every_file() -> Result<()> {
    for compiler in compilers("linked::the_same_digest_in_every_file") {
        let kernel = Kernel::with_output()?;
        kernel.make(&["all", if compiler == "gcc" { "CC=gcc" } else { "LLVM=-19" }])?;
        let output = &kernel.output;
        let built_in = [
            "init/main.o",
            "arch/x86/kernel/entry_64.o",
            "arch/x86/kernel/head_64.o",
            "arch/x86/lib/memset_64.o",
            "arch/x86/lib/retpoline.o",
            "arch/x86/lib/usercopy.o",
            "kernel/sched.o",
            "kernel/stat.o",
            "kernel/printk.o",
            "kernel/panic.o",
            "kernel/jump_label.o",
            "kernel/policy.o",
            "mm/page.o",
            "mm/slab.o",
            "fs/proc.o",
            "lib/string.o",
            "lib/extable.o",
        ];
        let module = ["drivers/foo/core.o", "drivers/foo/ring.o"];
        assert_same(compiler, &digests(output, &built_in)?, &digests(output, &["vmlinux.o"])?);
        let objects = digests(output, &module)?;
        assert_same(compiler, &objects, &digests(output, &["drivers/foo/foo.o"])?);
        assert_same(compiler, &objects, &digests(output, &["drivers/foo/foo.ko"])?);
    }
    Ok(())
}

fn assert_same(compiler: &str, one: &Digests, other: &Digests) {
    let only = |one: &Digests, other: &Digests| -> Vec<(String, Option<Digest>)> {
        one.iter()
            .filter(|(key, count)| other.get(*key) != Some(*count))
            .filter(|((name, _), _)| !ONE_PAST_THE_END.contains(&name.as_str()))
            .map(|(key, _)| key.clone())
            .collect()
    };
    assert_eq!(only(one, other), only(other, one), "{compiler}");
}

fn digests(output: &Utf8Path, names: &[&str]) -> Result<Digests> {
    let mut digests = Digests::new();
    for name in names {
        let bytes = fs_err::read(output.join(name))?;
        let object = ManifestObject::of(&bytes, name, None)?;
        ensure!(!object.functions.is_empty() || *name == "arch/x86/kernel/head_64.o", "{name}");
        for function in object.functions.iter() {
            ensure!(function.checksum.is_some(), "{name}: {function:?}");
            *digests.entry((function.name.to_owned(), function.checksum)).or_default() += 1;
        }
    }
    Ok(digests)
}
