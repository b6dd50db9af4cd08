//! Symbols that the module loader looks up among exported ones, and their CRCs (`resolve_symbol` and
//! `check_version` in kernel/module).

use std::collections::{BTreeMap, BTreeSet};

use super::{CheckReport, Topic};
use crate::kernel::{Export, LinkedKernel};
use crate::module::{ModInfo, RawElf, SymbolPlace};

/// `STB_WEAK`: the loader leaves it 0 where nobody has it.
const WEAK: u8 = 2;
/// `sizeof(struct modversion_info)`.
const VERSION: usize = 64;

pub(super) fn check(
    elf: &RawElf<'_>,
    info: &ModInfo,
    kernel: &LinkedKernel,
    report: &mut CheckReport,
) {
    let license = info.get("license").unwrap_or_default();
    let is_gpl = [
        "GPL",
        "GPL v2",
        "GPL and additional rights",
        "Dual BSD/GPL",
        "Dual MIT/GPL",
        "Dual MPL/GPL",
    ]
    .contains(&license);
    if !is_gpl {
        report.error(
            Topic::Modinfo,
            ".modinfo",
            format!("licence `{license}`: klp_enable_patch is for GPL only"),
        );
    }
    let namespaces: BTreeSet<&str> = info.all("import_ns").collect();
    let own_name = info.get("name").unwrap_or_default();
    let versions = versions(elf, report);
    let has_crcs = kernel.symvers.has_crcs();
    if has_crcs && versions.is_none() {
        report.error(
            Topic::Crc,
            "__versions",
            "missing: the kernel was built with CONFIG_MODVERSIONS",
        );
    }
    for symbol in elf.symbols.iter().skip(1) {
        if symbol.place != SymbolPlace::Undefined || symbol.name.is_empty() {
            continue;
        }
        report.imports += 1;
        let name = symbol.name_lossy().into_owned();
        let Some(export) = kernel.symvers.get(&name) else {
            if symbol.binding != WEAK {
                report.error(
                    Topic::Import,
                    name,
                    "nothing exports it: the kernel refuses the module",
                );
            }
            continue;
        };
        check_export(&name, export, &namespaces, own_name, report);
        if has_crcs && let Some(versions) = &versions {
            check_crc(&name, export, versions, report);
        }
    }
    if has_crcs
        && let Some(versions) = &versions
        && let Some(export) = kernel.symvers.get("module_layout")
    {
        check_crc("module_layout", export, versions, report);
    }
}

fn check_export(
    name: &str,
    export: &Export,
    namespaces: &BTreeSet<&str>,
    own_name: &str,
    report: &mut CheckReport,
) {
    if export.module != "vmlinux" {
        let what = format!(
            "module {} exports it: the livepatch cannot be loaded without that module",
            export.module
        );
        report.warning(Topic::Import, name, what);
    }
    if let Some(modules) = export.namespace.strip_prefix("module:") {
        if !modules.split(',').any(|module| module == own_name) {
            report.error(Topic::Import, name, format!("exported for {modules} only"));
        }
    } else if !export.namespace.is_empty() && !namespaces.contains(export.namespace.as_str()) {
        let what = format!("in namespace {}, which is not imported", export.namespace);
        report.error(Topic::Import, name, what);
    }
}

fn check_crc(
    name: &str,
    export: &Export,
    versions: &BTreeMap<String, u32>,
    report: &mut CheckReport,
) {
    match versions.get(name) {
        Some(crc) if *crc == export.crc => {}
        Some(crc) => {
            let what = format!("CRC {crc:#010x}, but the kernel has {:#010x}", export.crc);
            report.error(Topic::Crc, name, what);
        }
        None => report.warning(Topic::Crc, name, "no CRC: the kernel does not check it"),
    }
}

/// The CRCs that the module was linked with: `__versions`, and since 6.14 `__version_ext_crcs` with
/// `__version_ext_names`.
fn versions(elf: &RawElf<'_>, report: &mut CheckReport) -> Option<BTreeMap<String, u32>> {
    let mut found = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let plain = elf.section_named("__versions");
    if let Some(section) = plain {
        let (entries, rest) = section.data.as_chunks::<VERSION>();
        if !rest.is_empty() {
            report.error(Topic::Crc, "__versions", "not a multiple of 64 bytes");
        }
        for [a, b, c, d, _, _, _, _, name @ ..] in entries {
            let name = name.split(|byte| *byte == 0).next().map_or_else(String::new, text);
            found.insert(name, u32::from_le_bytes([*a, *b, *c, *d]));
        }
    }
    let crcs = elf.section_named("__version_ext_crcs");
    let names = elf.section_named("__version_ext_names");
    if crcs.is_some() != names.is_some() {
        let what = "the loader wants __version_ext_crcs and __version_ext_names, or none of them";
        report.error(Topic::Crc, "__version_ext_crcs", what);
    }
    if let Some((crcs, names)) = crcs.zip(names) {
        let (crcs, _) = crcs.data.as_chunks::<4>();
        let names: Vec<&[u8]> = names.data.split_inclusive(|byte| *byte == 0).collect();
        if names.iter().filter(|name| name.ends_with(&[0])).count() < crcs.len() {
            report.error(Topic::Crc, "__version_ext_names", "there are more CRCs than names");
        }
        for (crc, name) in crcs.iter().zip(names) {
            let name = name.strip_suffix(&[0]).unwrap_or(name);
            found.insert(text(name), u32::from_le_bytes(*crc));
        }
    }
    (plain.is_some() || crcs.is_some()).then_some(found)
}
