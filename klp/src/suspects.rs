//! Why objects that were compiled here are not those of a kernel that was shipped, as far as it can be seen.

use std::collections::BTreeSet;

use camino::Utf8Path;
use kbuild_glue::{Config, StockParts};
use klp_core::image::{Banner, configuration};
use klp_core::module::RawElf;

use crate::finished::read;

/// What is other here than where the kernel of `parts` was built, whose linked kernel is `vmlinux`.
pub(crate) fn suspects(parts: &StockParts, vmlinux: &Utf8Path) -> Vec<String> {
    let bytes = read(vmlinux).ok();
    let kernel = bytes.as_deref().and_then(|bytes| RawElf::parse(bytes).ok());
    let banner = kernel.as_ref().and_then(Banner::of);
    let compiler = parts.compiler().and_then(|mut compiler| {
        if let Some(banner) = &banner {
            compiler.shipped.clone_from(&banner.compiler);
        }
        (!compiler.is_same()).then(|| compiler.difference())
    });
    let version = banner.zip(parts.version());
    let version = version.and_then(|(banner, sources)| other_version(&banner, &sources));
    let configuration = || {
        let own = kernel.as_ref().and_then(configuration);
        let (text, from) = match own {
            Some(text) => (text, "the kernel"),
            None => (fs_err::read_to_string(parts.configuration()?).ok()?, "its package"),
        };
        let ours = Config::read(&parts.headers.join(".config")).ok()?;
        other_options(&ours, &text, from)
    };
    [compiler, version, configuration()].into_iter().flatten().collect()
}

/// What a kernel says that is of another version than its sources, of the same series.
fn other_version(banner: &Banner, sources: &str) -> Option<String> {
    let series = |text: &str| {
        let mut parts = text.splitn(3, '.');
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    };
    let named = |text: &str| {
        let words = text.split([' ', '-', '+', '~', '(', ')']);
        let same = words.filter(|word| word.matches('.').count() == 2);
        same.filter(|word| series(word) == series(sources)).map(str::to_owned).next()
    };
    // Where the package has a version of its own, the release stays the same from one to the next.
    let kernel = named(&banner.version).or_else(|| named(&banner.release))?;
    (kernel != sources)
        .then(|| format!("the kernel was made of Linux {kernel}; the sources are Linux {sources}"))
}

/// The options with which `ours` is another configuration than that in `text`, which is `from` there. Packages leave out
/// some, such as the names of keys: what they do not say is no difference.
fn other_options(ours: &Config, text: &str, from: &str) -> Option<String> {
    const SHOWN: usize = 3;
    let theirs = Config::parse(text, Utf8Path::new(from)).ok()?;
    let unset =
        text.lines().filter_map(|line| line.strip_prefix("# ")?.strip_suffix(" is not set"));
    let unset: BTreeSet<&str> = unset.collect();
    let said = |value: Option<&str>| value.unwrap_or("not set").to_owned();
    let mut different = Vec::new();
    for name in ours.names().chain(theirs.names().filter(|name| ours.get(name).is_none())) {
        let (here, there) = (ours.get(name), theirs.get(name));
        if here != there && (there.is_some() || unset.contains(name)) {
            different.push(format!("{name} ({} there, {} here)", said(there), said(here)));
        }
    }
    let more = different.len().saturating_sub(SHOWN);
    different.truncate(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = different.join(", ");
    (!different.is_empty())
        .then(|| format!("{from} is configured otherwise than its headers: {names}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_point_release_is_named() {
        let banner = |release: &str, version: &str| Banner {
            release: release.to_owned(),
            compiler: String::new(),
            version: version.to_owned(),
        };
        let debian = banner("6.1.0-56-amd64", "1 SMP Debian 6.1.192-2 (2026-11-16)");
        assert_eq!(other_version(&debian, "6.1.192"), None);
        let why = other_version(&debian, "6.1.190").unwrap();
        assert!(why.contains("6.1.192") && why.contains("6.1.190"), "{why}");
        let fedora = banner("6.12.5-200.fc41.x86_64", "1 SMP PREEMPT_DYNAMIC Mon Nov 16 2026");
        assert_eq!(other_version(&fedora, "6.12.5"), None);
        assert!(other_version(&fedora, "6.12.4").is_some());
        assert_eq!(other_version(&banner("6.1-own", "1 SMP"), "6.1.190"), None);
    }

    #[test]
    fn other_options_are_named_and_some_may_be_missing() {
        let config = |text: &str| Config::parse(text, Utf8Path::new("c")).unwrap();
        let theirs = "CONFIG_SLUB_DEBUG=y\nCONFIG_HZ=250\n# CONFIG_X is not set\n";
        let more = "CONFIG_KEY=\"certs/key.pem\"\nCONFIG_MODULE_SIG_ALL=y\n";
        let same = config(&format!("CONFIG_SLUB_DEBUG=y\nCONFIG_HZ=250\n{more}"));
        assert_eq!(other_options(&same, theirs, "the kernel"), None);
        let why = other_options(&config("CONFIG_HZ=1000\nCONFIG_X=m\n"), theirs, "the kernel");
        assert_eq!(
            why.unwrap(),
            "the kernel is configured otherwise than its headers: CONFIG_HZ (250 there, 1000 here), \
             CONFIG_X (not set there, m here), CONFIG_SLUB_DEBUG (y there, not set here)"
        );
    }
}
