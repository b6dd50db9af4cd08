//! The programs and headers that a kernel is built with.

use std::process::{Command, Stdio};

use crate::baseline::{tools, version};
use crate::config::Config;

use super::DoctorCheck;
use crate::packages::PackageNames;

/// What a whole kernel is built with.
pub(super) fn checks(
    config: Option<&Config>,
    variables: &[String],
    make: &str,
) -> Vec<DoctorCheck> {
    let rust = config.is_some_and(|config| config.is_enabled("CONFIG_RUST"));
    let mut needed = tools(variables, rust);
    if rust {
        needed.push(value(variables, "BINDGEN").unwrap_or_else(|| "bindgen".to_owned()));
    }
    if config.is_some_and(|config| config.is_enabled("CONFIG_DEBUG_INFO_BTF")) {
        needed.push("pahole".to_owned());
    }
    let mut checks = programs(&needed, make);
    checks.extend(config.and_then(|config| same_compiler(config, variables)));
    checks.extend(config.map(|config| headers(Some(config), variables)));
    checks
}

/// What single objects of a kernel in C are made with, whose compiler is looked at elsewhere: all that may be needed
/// where nobody knows the configuration. `is_packed` tells that the sources are in an archive.
pub(super) fn of_objects(config: Option<&Config>, is_packed: bool, make: &str) -> Vec<DoctorCheck> {
    let mut needed = tools(&[], false);
    // `resolve_btfids` is made, with a header that a program in Python writes.
    if config.is_none_or(|config| config.is_enabled("CONFIG_DEBUG_INFO_BTF")) {
        needed.push("python3".to_owned());
    }
    if is_packed {
        needed.push("xz".to_owned());
    }
    let mut checks = programs(&needed, make);
    checks.push(headers(config, &[]));
    checks
}

/// Make, `needed`, and what Kbuild's own programs are made with.
fn programs(needed: &[String], make: &str) -> Vec<DoctorCheck> {
    let needed = needed.iter().map(String::as_str).chain(["flex", "bison", "bc"]);
    let checks = needed.map(|tool| match version(tool) {
        Ok(found) => DoctorCheck::good(tool, found),
        Err(error) => {
            DoctorCheck::missing(tool, source(&error), &[PackageNames::of(program(tool))])
        }
    });
    std::iter::once(make_check(make)).chain(checks).collect()
}

/// Jobs are shared by a jobserver that make has since 4.0; kernels since 6.x ask for it anyway.
fn make_check(make: &str) -> DoctorCheck {
    match version(make) {
        Ok(version) if version.starts_with("GNU Make") => {
            let number = version.trim_start_matches("GNU Make ").split('.').next();
            if number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|major| major < 4) {
                return DoctorCheck::bad("make", version, "install GNU Make 4.0 or later");
            }
            DoctorCheck::good("make", version)
        }
        Ok(version) => DoctorCheck::bad("make", version, "install GNU Make, or name it with MAKE="),
        Err(error) => DoctorCheck::missing("make", source(&error), &[PackageNames::of("make")]),
    }
}

/// A configuration holds for one compiler; with another one make changes it.
fn same_compiler(config: &Config, variables: &[String]) -> Option<DoctorCheck> {
    let configured = config.get("CONFIG_CC_VERSION_TEXT")?;
    let compiler = tools(variables, false).into_iter().next()?;
    let found = version(&compiler).ok()?;
    Some(if found == configured {
        DoctorCheck::good("compiler", "the one that the kernel was configured with")
    } else {
        let text = format!("{found}, but the kernel was configured with {configured}");
        let fix = "name the other one with CC= or LLVM=; else make olddefconfig takes this one";
        DoctorCheck::doubtful("compiler", text, fix)
    })
}

/// Headers of libraries that programs of the kernel's own are compiled with: all that may be needed where nobody knows
/// the configuration.
fn headers(config: Option<&Config>, variables: &[String]) -> DoctorCheck {
    let needs = |options: &[&str]| {
        config.is_none_or(|config| options.iter().any(|option| config.is_enabled(option)))
    };
    let mut headers = vec!["stdlib.h"];
    if needs(&["CONFIG_OBJTOOL", "CONFIG_STACK_VALIDATION"]) {
        headers.push("gelf.h");
    }
    if needs(&["CONFIG_MODULE_SIG", "CONFIG_SYSTEM_TRUSTED_KEYRING"]) {
        headers.push("openssl/opensslv.h");
    }
    let compiler = value(variables, "HOSTCC").unwrap_or_else(|| "cc".to_owned());
    let missing: Vec<&str> =
        headers.iter().copied().filter(|header| !has_header(&compiler, header)).collect();
    if missing.is_empty() {
        return DoctorCheck::good("headers", headers.join(" "));
    }
    let packages: Vec<PackageNames<'_>> =
        missing.iter().map(|header| PackageNames::of(header)).collect();
    DoctorCheck::missing("headers", format!("missing: {}", missing.join(" ")), &packages)
}

fn has_header(compiler: &str, header: &str) -> bool {
    let status = Command::new(program(compiler))
        .args(["-E", "-x", "c", "-include", header, "-o", "/dev/null", "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// The last value of a make variable.
pub(super) fn value(variables: &[String], name: &str) -> Option<String> {
    let mut values = variables.iter().rev().filter_map(|variable| variable.split_once('='));
    values.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

fn program(tool: &str) -> &str {
    tool.split_whitespace().next().unwrap_or(tool)
}

/// What the system said, without what was tried.
fn source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_need_neither_pahole_nor_another_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let path = camino::Utf8PathBuf::from_path_buf(directory.path().join(".config")).unwrap();
        let text = "CONFIG_DEBUG_INFO_BTF=y\nCONFIG_RUST=y\nCONFIG_CC_VERSION_TEXT=\"other 1\"\n";
        fs_err::write(&path, text).unwrap();
        let config = Config::read(&path).unwrap();
        let names = |checks: Vec<DoctorCheck>| -> Vec<String> {
            checks.into_iter().map(|check| check.name).collect()
        };
        let whole = names(checks(Some(&config), &[], "make"));
        let objects = names(of_objects(Some(&config), true, "make"));
        for name in ["pahole", "rustc", "bindgen", "compiler"] {
            assert!(whole.iter().any(|it| it == name), "{name}: {whole:?}");
            assert!(!objects.iter().any(|it| it == name), "{name}: {objects:?}");
        }
        assert!(objects.iter().any(|it| it == "flex"), "{objects:?}");
    }
}
