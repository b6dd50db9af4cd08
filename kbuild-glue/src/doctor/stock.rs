//! The parts of a kernel that somebody else built.

use camino::Utf8Path;

use super::{DoctorCheck, Remedy, tools};
use crate::config::Config;
use crate::packages::PackageNames;
use crate::stock::{SYSTEM, StockCompiler, StockParts, get_command};

/// Looks for the parts of `release` below `sysroot`, and for what compiling its objects needs.
#[must_use]
pub fn examine_stock(
    release: &str,
    sysroot: &Utf8Path,
    sources: Option<&Utf8Path>,
    make: &str,
) -> Vec<DoctorCheck> {
    let looked = StockParts::look(release, sysroot, sources);
    let mut checks: Vec<DoctorCheck> = looked
        .iter()
        .map(|part| {
            let there = part.path.as_ref().map(|path| DoctorCheck::good(part.what, path.as_str()));
            there.unwrap_or_else(|| {
                let get = get_command(release, sysroot);
                let fix = if sysroot == SYSTEM {
                    format!("{get}, or apt-get install {}", part.package)
                } else {
                    get.clone()
                };
                let remedy = Some(Remedy::Command(get));
                DoctorCheck { remedy, ..DoctorCheck::bad(part.what, "not there", fix) }
            })
        })
        .collect();
    let [.., its_sources] = &looked;
    let is_packed = its_sources.path.as_deref().is_none_or(is_packed);
    let parts = StockParts::find(release, sysroot, sources).ok();
    checks.extend(compiling(parts.as_ref(), is_packed, make));
    checks
}

/// Whether `sources` are an archive of the kind that Debian has.
fn is_packed(sources: &Utf8Path) -> bool {
    sources.extension() == Some("xz") && !sources.is_dir()
}

/// What compiling objects of the kernel of `parts` takes.
pub(crate) fn compiling_for(parts: &StockParts, make: &str) -> Vec<DoctorCheck> {
    compiling(Some(parts), is_packed(&parts.sources), make)
}

/// All that may be needed, where the parts of the kernel are not there.
fn compiling(parts: Option<&StockParts>, is_packed: bool, make: &str) -> Vec<DoctorCheck> {
    let config = parts.and_then(|parts| Config::read(&parts.headers.join(".config")).ok());
    let compiler = parts.and_then(StockParts::compiler).map(|compiler| its_compiler(&compiler));
    compiler.into_iter().chain(tools::of_objects(config.as_ref(), is_packed, make)).collect()
}

fn its_compiler(compiler: &StockCompiler) -> DoctorCheck {
    const NAME: &str = "its compiler";
    match &compiler.here {
        _ if compiler.is_same() => DoctorCheck::good(NAME, &compiler.shipped),
        Some(_) => DoctorCheck::doubtful(
            NAME,
            compiler.difference(),
            "use the release of the distribution that the kernel is from; the proof tells whether it matters",
        ),
        None => DoctorCheck::missing(
            NAME,
            compiler.difference(),
            &[PackageNames::of(&compiler.program)],
        ),
    }
}
