//! The parts of a kernel that somebody else built.

use camino::Utf8Path;

use super::{Check, tools};
use crate::config::Config;
use crate::stock::StockParts;

/// Looks for the parts of `release` below `sysroot`, and for what compiling its objects needs.
#[must_use]
pub fn examine_stock(
    release: &str,
    sysroot: &Utf8Path,
    sources: Option<&Utf8Path>,
    make: &str,
) -> Vec<Check> {
    let looked = StockParts::look(release, sysroot, sources);
    let mut checks: Vec<Check> = looked
        .iter()
        .map(|part| {
            let fix =
                || format!("cargo klp stock get {release}, or apt-get install {}", part.package);
            let there = part.path.as_ref().map(|path| Check::good(part.what, path.as_str()));
            there.unwrap_or_else(|| Check::bad(part.what, "not there", fix()))
        })
        .collect();
    let parts = StockParts::find(release, sysroot, sources).ok();
    if let Some(compiler) = parts.as_ref().and_then(StockParts::compiler) {
        checks.push(match &compiler.here {
            _ if compiler.is_same() => Check::good("its compiler", compiler.shipped),
            Some(_) => Check::doubtful(
                "its compiler",
                compiler.difference(),
                "use the release of the distribution that the kernel is from; the proof tells whether it matters",
            ),
            None => Check::bad(
                "its compiler",
                compiler.difference(),
                format!("apt-get install {}", compiler.program),
            ),
        });
    }
    let config = parts.and_then(|parts| Config::read(&parts.headers.join(".config")).ok());
    checks.extend(tools::of_objects(config.as_ref(), make));
    checks
}
