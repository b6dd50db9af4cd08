//! Compiles sources, and says what the prover says.

use std::process::Command;

use klp_core::elf::ElfObject;
use klp_core::prove::prove;

use crate::claims;

const FLAGS: [&str; 11] = [
    "-O2",
    "-g0",
    "-std=gnu11",
    "-ffreestanding",
    "-fno-pie",
    "-mcmodel=kernel",
    "-mno-red-zone",
    "-fno-asynchronous-unwind-tables",
    "-fcf-protection=none",
    "-fno-stack-protector",
    "-w",
];

pub(crate) const SECTIONS: [&str; 2] = ["-ffunction-sections", "-fdata-sections"];

/// The object of `source`, in `language` as compilers name it (`c`, `assembler`).
pub(crate) fn compile(compiler: &str, language: &str, source: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("t.in"), folder.path().join("t.o"));
    fs_err::write(&input, source).unwrap();
    let mut command = Command::new(compiler);
    if language == "c" {
        command.args(FLAGS);
    }
    command.args(flags).args(["-x", language, "-c"]).arg(&input).arg("-o").arg(&output);
    let result = command.current_dir(folder.path()).output().unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    fs_err::read(output).unwrap()
}

pub(crate) fn assemble(source: &str) -> Vec<u8> {
    compile("gcc", "assembler", source, &[])
}

/// The findings: names of units that are not proven, sections of other differences.
pub(crate) fn findings(original: &[u8], patched: &[u8]) -> Vec<String> {
    let (a, b) = (ElfObject::parse(original).unwrap(), ElfObject::parse(patched).unwrap());
    let claims = claims::by_name(&a, &b);
    let proof = prove(&a, &b, &claims);
    let mut found = Vec::new();
    for (pair, difference) in &proof.unproven {
        let at = claims.pairs[*pair].patched;
        let place = klp_core::elf::Definition::Section(at.section);
        let mut named = b.symbols.iter().filter(|it| it.place == place && it.value == at.offset);
        let name = named.find(|it| !it.name.is_empty()).unwrap().name_lossy();
        found.push(format!("{name} {:?}", difference.what));
    }
    let others = proof.others.iter();
    found.extend(others.map(|it| format!("{} {:?}", it.section, it.difference.what)));
    found
}

/// Both compilers, with and without sections of their own: each says `expected`.
pub(crate) fn expect_c(original: &str, patched: &str, flags: &[&str], expected: &[&str]) {
    for compiler in ["gcc", "clang-19"] {
        for sections in [&[][..], &SECTIONS] {
            let flags = [flags, sections].concat();
            let one = compile(compiler, "c", original, &flags);
            let other = compile(compiler, "c", patched, &flags);
            assert_eq!(findings(&one, &other), expected, "{compiler} {flags:?}");
            for same in [&one, &other] {
                assert!(findings(same, same).is_empty(), "{compiler} {flags:?}");
            }
        }
    }
}

pub(crate) fn expect_assembly(original: &str, patched: &str, expected: &[&str]) {
    let (one, other) = (assemble(original), assemble(patched));
    assert_eq!(findings(&one, &other), expected);
    assert!(findings(&one, &one).is_empty() && findings(&other, &other).is_empty());
}
