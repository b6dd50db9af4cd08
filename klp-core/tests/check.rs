//! `klp_core::check` on a small livepatch made here, whole and damaged.

#![expect(clippy::unwrap_used, reason = "what these helpers build is right")]

use std::collections::BTreeMap;

use klp_core::check::{CheckReport, Severity, Topic, check, named_modules};
use klp_core::kernel::{KernelSymbol, LinkedKernel, Symvers};

const SHN_LIVEPATCH: u16 = 0xff20;
const RELA_FLAGS: u64 = 0x10_0042;
const VERMAGIC: &str = "7.2.0 SMP mod_unload ";

/// One section.
struct Section {
    name: &'static str,
    kind: u32,
    flags: u64,
    link: u32,
    info: u32,
    data: Vec<u8>,
}

/// What a test changes of the good module.
struct Module {
    sections: Vec<Section>,
    /// Name, type and binding, section index, value, size.
    symbols: Vec<(&'static str, u8, u16, u64, u64)>,
}

const TEXT: u16 = 1;
const BUGS: usize = 4;
const BUG_RELA: usize = 5;
const KLP_RELA: usize = 6;
const CALL_RELA: usize = 7;
/// Stands for the index of the symbol table.
const SYMBOLS: u32 = 1000;

fn section(name: &'static str, kind: u32, flags: u64, data: &[u8]) -> Section {
    Section { name, kind, flags, link: 0, info: 0, data: data.to_vec() }
}

fn rela(name: &'static str, flags: u64, info: u32, entries: &[(u64, u32, u32)]) -> Section {
    let mut data = Vec::new();
    for (offset, kind, symbol) in entries {
        data.extend(offset.to_le_bytes());
        data.extend((u64::from(*symbol) << 32 | u64::from(*kind)).to_le_bytes());
        data.extend(0i64.to_le_bytes());
    }
    Section { name, kind: 4, flags, link: SYMBOLS, info, data }
}

/// A livepatch with one function, which calls an exported and an unexported function and warns.
fn good() -> Module {
    let info = format!("license=GPL\0name=livepatch_x\0livepatch=Y\0vermagic={VERMAGIC}\0");
    Module {
        sections: vec![
            section("", 0, 0, &[]),
            section(".text", 1, 6, &[0; 32]),
            section(".modinfo", 1, 2, info.as_bytes()),
            section(".gnu.linkonce.this_module", 1, 3, &[0; 64]),
            section("__bug_table", 1, 3, &[0; 12]),
            rela(".rela__bug_table", 0x40, 4, &[(0, 2, 1)]),
            rela(".klp.rela.vmlinux..text", RELA_FLAGS, 1, &[(4, 4, 2)]),
            rela(".rela.text", 0x40, 1, &[(12, 4, 3)]),
        ],
        symbols: vec![
            ("new_function", 0x02, TEXT, 0, 32),
            (".klp.sym.vmlinux.hidden,2", 0x10, SHN_LIVEPATCH, 0, 0),
            ("exported", 0x10, 0, 0, 0),
        ],
    }
}

impl Module {
    fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0];
        let mut table = vec![0; 24];
        for (name, info, place, value, size) in &self.symbols {
            table.extend(u32::try_from(strings.len()).unwrap().to_le_bytes());
            table.extend([*info, 0]);
            table.extend(place.to_le_bytes());
            table.extend(value.to_le_bytes());
            table.extend(size.to_le_bytes());
            strings.extend(name.bytes().chain([0]));
        }
        let symbols = u32::try_from(self.sections.len()).unwrap();
        let added = [
            Section { name: ".symtab", kind: 2, flags: 0, link: symbols + 1, info: 2, data: table },
            section(".strtab", 3, 0, &strings),
            section(".shstrtab", 3, 0, &[]),
        ];
        let all: Vec<&Section> = self.sections.iter().chain(&added).collect();
        let mut names = Vec::new();
        for section in &all {
            names.extend(section.name.bytes().chain([0]));
        }
        let mut bytes = vec![0; 64];
        let mut headers = Vec::new();
        let mut name = 0u32;
        for (index, section) in all.iter().enumerate() {
            let data = if index + 1 == all.len() { &names } else { &section.data };
            headers.extend(name.to_le_bytes());
            headers.extend(section.kind.to_le_bytes());
            headers.extend(section.flags.to_le_bytes());
            headers.extend(0u64.to_le_bytes());
            headers.extend((bytes.len() as u64).to_le_bytes());
            headers.extend((data.len() as u64).to_le_bytes());
            let link = if section.link == SYMBOLS { symbols } else { section.link };
            headers.extend(link.to_le_bytes());
            headers.extend(section.info.to_le_bytes());
            headers.extend(8u64.to_le_bytes());
            let entry: u64 = if [2, 4].contains(&section.kind) { 24 } else { 0 };
            headers.extend(entry.to_le_bytes());
            bytes.extend(data);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            name += u32::try_from(section.name.len()).unwrap() + 1;
        }
        let start = bytes.len() as u64;
        bytes.extend(headers);
        bytes[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
        bytes[16..24].copy_from_slice(&[1, 0, 62, 0, 1, 0, 0, 0]);
        bytes[40..48].copy_from_slice(&start.to_le_bytes());
        bytes[52..54].copy_from_slice(&64u16.to_le_bytes());
        bytes[58..60].copy_from_slice(&64u16.to_le_bytes());
        bytes[60..62].copy_from_slice(&u16::try_from(all.len()).unwrap().to_le_bytes());
        bytes[62..64].copy_from_slice(&u16::try_from(all.len() - 1).unwrap().to_le_bytes());
        bytes
    }
}

fn kernel() -> LinkedKernel {
    LinkedKernel {
        vmlinux: [("hidden", 0x10), ("exported", 0x20), ("hidden", 0x30)]
            .map(|(name, value)| {
                let global = name == "exported";
                (
                    name.into(),
                    KernelSymbol { value, global, lasting: true, ..KernelSymbol::default() },
                )
            })
            .into_iter()
            .collect(),
        vermagic: VERMAGIC.to_owned(),
        symvers: Symvers::parse("0x00000000\texported\tvmlinux\tEXPORT_SYMBOL\t\n").unwrap(),
        modules: BTreeMap::new(),
        depends: BTreeMap::new(),
    }
}

fn run(module: &Module) -> CheckReport {
    check(&module.bytes(), &kernel()).unwrap()
}

/// What a change of the good module makes of it.
fn broken(change: impl FnOnce(&mut Module)) -> Vec<(Topic, String)> {
    let mut module = good();
    change(&mut module);
    let report = run(&module);
    assert!(!report.passed());
    let errors = report.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| (finding.topic, finding.what)).collect()
}

fn expect(change: impl FnOnce(&mut Module), topic: Topic, text: &str) {
    let found = broken(change);
    assert!(
        found.iter().any(|(other, what)| *other == topic && what.contains(text)),
        "expected `{text}`, found {found:#?}"
    );
}

#[test]
fn a_good_module_passes() {
    let report = run(&good());
    assert_eq!(report.findings, []);
    assert_eq!((report.symbols, report.relocations), (1, 1));
    assert_eq!((report.imports, report.entries), (1, 1));
    assert_eq!(named_modules(&good().bytes()).unwrap().len(), 0);
}

#[test]
fn symbols() {
    let named = |name| move |module: &mut Module| module.symbols[1].0 = name;
    expect(named(".klp.sym.vmlinux.hidden,0"), Topic::Symbol, "no position");
    expect(named(".klp.sym.vmlinux.hidden,3"), Topic::Symbol, "position 3");
    expect(named(".klp.sym.vmlinux.missing,0"), Topic::Symbol, "not found");
    expect(named(".klp.sym.vmlinux.hidden"), Topic::Symbol, "no position");
    expect(named(".klp.sym.ext4.hidden,0"), Topic::Symbol, "not built");
    expect(named(".klp.sym.ext4.hidden,0"), Topic::Relocation, "when the livepatch is loaded");
    expect(|module| module.symbols[1].2 = 0, Topic::Symbol, "SHN_LIVEPATCH");
    expect(|module| module.symbols[1].2 = 0, Topic::Relocation, "no livepatch symbol");
    expect(|module| module.symbols[2].0 = "unknown", Topic::Import, "nothing exports it");
}

#[test]
fn pointers_to_sealed_functions() {
    let mut kernel = kernel();
    let sealed = |sealed| {
        move |value| {
            let listed = KernelSymbol { value, lasting: true, sealed, ..KernelSymbol::default() };
            (b"hidden".to_vec(), listed)
        }
    };
    kernel.vmlinux = [0x10, 0x20].map(sealed(true)).into_iter().collect();
    let mut module = good();
    assert!(check(&module.bytes(), &kernel).unwrap().passed());
    module.sections[KLP_RELA].data[8] = 1;
    let report = check(&module.bytes(), &kernel).unwrap();
    assert!(report.findings.iter().any(|found| found.what.contains("ENDBR")), "{report:#?}");
    kernel.vmlinux = [0x10, 0x20].map(sealed(false)).into_iter().collect();
    assert!(check(&module.bytes(), &kernel).unwrap().passed());
}

#[test]
fn relocations() {
    let klp = |change: fn(&mut Section)| {
        move |module: &mut Module| change(&mut module.sections[KLP_RELA])
    };
    expect(klp(|section| section.flags = 0x42), Topic::Relocation, "SHF_RELA_LIVEPATCH");
    expect(klp(|section| section.flags = 0x10_0040), Topic::Relocation, "SHF_ALLOC");
    expect(klp(|section| section.info = 2000), Topic::Relocation, "sh_info");
    expect(klp(|section| section.link = 1), Topic::Relocation, "sh_link");
    expect(klp(|section| section.name = ".klp.rela.vmlinux"), Topic::Relocation, "no object");
    expect(klp(|section| section.data[0] = 200), Topic::Relocation, "outside");
    expect(klp(|section| section.data[8] = 9), Topic::Relocation, "does not know");
    expect(klp(|section| section.data.truncate(23)), Topic::Relocation, "24");
    expect(klp(|section| section.name = ".klp.rela.ext4..text"), Topic::Relocation, "of vmlinux");
    expect(|module| module.sections[1].data[5] = 1, Topic::Relocation, "not zero");
    expect(|module| module.sections[CALL_RELA].data[12] = 2, Topic::Relocation, "address 0");
    expect(|module| module.sections[CALL_RELA].data[0] = 4, Topic::Relocation, "second");
}

/// The table of the functions that are replaced names one, and leads to its new version.
#[test]
fn names_of_functions() {
    let table = |name: &'static [u8]| {
        move |module: &mut Module| {
            module.sections.extend([
                section(".data", 1, 3, &[0; 48]),
                rela(".rela.data", 0x40, 8, &[(0, 1, 5), (8, 1, 1)]),
                section(".rodata", 1, 2, name),
            ]);
            module.symbols.push(("functions_0", 0x11, 8, 0, 48));
            module.symbols.push(("names", 0x01, 10, 0, 3));
        }
    };
    expect(table(b"\x01\x02\0"), Topic::Function, "names no function");
    expect(table(b"nowhere\0"), Topic::Function, "not found");
}

#[test]
fn special_sections() {
    expect(|module| module.sections[BUGS].data.truncate(11), Topic::SpecialSection, "whole number");
    expect(|module| module.sections[BUG_RELA].data.clear(), Topic::SpecialSection, "no relocation");
    let short = |module: &mut Module| {
        module.symbols[0].4 = 4;
        module.sections[BUG_RELA].data[16] = 8;
    };
    expect(short, Topic::SpecialSection, "in no function");
    expect(|module| module.sections[BUG_RELA].data[16] = 64, Topic::SpecialSection, "outside");
}

/// The call of `hidden`, five bytes from 3 on, is filled in when ext4 is there.
fn late(module: &mut Module, more: Vec<Section>) {
    module.sections[KLP_RELA].name = ".klp.rela.ext4..text";
    module.symbols[1].0 = ".klp.sym.ext4.hidden,0";
    module.sections.extend(more);
}

#[test]
fn what_is_read_before_it_is_filled_in() {
    const LATE: &str = "filled in when module ext4 is there, after";
    let mut plain = good();
    late(&mut plain, Vec::new());
    assert!(run(&plain).findings.iter().all(|found| !found.what.contains(LATE)));
    let alternative = |size: usize, covered: u8, replacing: u8| {
        let lengths = [covered, replacing];
        let table = [vec![0; size - 2], lengths.to_vec()].concat();
        let fields = rela(".rela.altinstructions", 0x40, 8, &[(0, 2, 1), (4, 2, 1)]);
        move |module: &mut Module| {
            late(module, vec![section(".altinstructions", 1, 2, &table), fields]);
        }
    };
    for size in [12, 14] {
        expect(alternative(size, 8, 0), Topic::Relocation, "alternatives were applied");
        expect(alternative(size, 0, 8), Topic::Relocation, "alternatives were applied");
        let found = broken(alternative(size, 3, 3));
        assert!(found.iter().all(|(_, what)| !what.contains(LATE)), "{found:?}");
    }
    let filled = |name: &'static str, target: &'static str| {
        let table = rela(name, RELA_FLAGS, 8, &[(0, 1, 2)]);
        move |module: &mut Module| late(module, vec![section(target, 1, 3, &[0; 16]), table])
    };
    let copies = filled(".klp.rela.ext4..data..percpu", ".data..percpu");
    expect(copies, Topic::Relocation, "each processor got its copy");
    let keys = filled(".klp.rela.ext4.__jump_table", "__jump_table");
    expect(keys, Topic::Relocation, "has read the table");
}

#[test]
fn more_per_cpu_memory_than_modules_have() {
    let large = |size: usize| {
        move |module: &mut Module| {
            module.sections.push(section(".data..percpu", 1, 3, &vec![0; size]));
        }
    };
    expect(large(8193), Topic::SpecialSection, "8192 bytes");
    let mut small = good();
    large(4096)(&mut small);
    let report = run(&small);
    assert!(report.passed() && report.findings.len() == 1, "{report:#?}");
}

#[test]
fn versions() {
    let info = |text: &'static str| {
        move |module: &mut Module| module.sections[2].data = text.as_bytes().to_vec()
    };
    expect(
        info("license=GPL\0livepatch=Y\0vermagic=6.1 SMP \0"),
        Topic::Vermagic,
        "another kernel",
    );
    expect(info("license=GPL\0livepatch=Y\0"), Topic::Vermagic, "no vermagic");
    expect(info("license=X\0livepatch=Y\0vermagic=7.2.0 SMP mod_unload \0"), Topic::Modinfo, "GPL");
    let mut module = good();
    module.sections[2].data.clear();
    assert!(check(&module.bytes(), &kernel()).unwrap_err().to_string().contains("livepatch=Y"));
    module.sections[3].name = ".data";
    assert!(check(&module.bytes(), &kernel()).unwrap_err().to_string().contains("kernel module"));
}

#[test]
fn crcs() {
    let mut kernel = kernel();
    let text = "0x12345678\texported\tvmlinux\tEXPORT_SYMBOL\tSPACE\n";
    kernel.symvers = Symvers::parse(text).unwrap();
    let errors = |module: &Module| {
        let report = check(&module.bytes(), &kernel).unwrap();
        let texts: Vec<String> = report.findings.into_iter().map(|finding| finding.what).collect();
        texts.join("\n")
    };
    let mut module = good();
    assert!(errors(&module).contains("CONFIG_MODVERSIONS"));
    assert!(errors(&module).contains("namespace SPACE"));
    let mut entry = 0x1111_1111u64.to_le_bytes().to_vec();
    entry.extend(b"exported");
    entry.resize(64, 0);
    module.sections.push(section("__versions", 1, 2, &entry));
    assert!(errors(&module).contains("CRC 0x11111111"), "{}", errors(&module));
    module.sections[8].data[..4].copy_from_slice(&0x1234_5678u32.to_le_bytes());
    assert!(!errors(&module).contains("CRC"), "{}", errors(&module));
    // The same since Linux 6.14.
    module.sections[8] = section("__version_ext_crcs", 1, 2, &0x1111_1111u32.to_le_bytes());
    assert!(errors(&module).contains("or none of them"), "{}", errors(&module));
    module.sections.push(section("__version_ext_names", 1, 2, b"exported"));
    assert!(errors(&module).contains("more CRCs than names"), "{}", errors(&module));
    module.sections[9].data.push(0);
    let said = errors(&module);
    assert!(said.contains("CRC 0x11111111") && !said.contains("than names"), "{said}");
}

/// Whatever the bytes are, there is an answer.
#[test]
fn damaged_modules() {
    let bytes = good().bytes();
    let kernel = kernel();
    for length in 0..bytes.len() {
        assert!(check(&bytes[..length], &kernel).is_err(), "{length} bytes are taken for whole");
    }
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let _ = check(&bad, &kernel);
        let _ = named_modules(&bad);
    }
    for at in (0..bytes.len() - 8).step_by(4) {
        for value in [u64::MAX, i64::MAX.cast_unsigned(), 0x7fff_ffff, u64::MAX - 0xfff] {
            let mut bad = bytes.clone();
            bad[at..at + 8].copy_from_slice(&value.to_le_bytes());
            let _ = check(&bad, &kernel);
        }
    }
}
