//! What a kernel tells of how it was made.

use crate::module::RawElf;
use crate::packed::unpacked;

/// The line that a kernel prints first (`linux_banner`), taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What `uname -r` says.
    pub release: String,
    /// What `gcc --version` said first.
    pub compiler: String,
    /// What `uname -v` says, where distributions name the version of their package.
    pub version: String,
}

impl Banner {
    /// That of a linked kernel.
    #[must_use]
    pub fn of(kernel: &RawElf<'_>) -> Option<Self> {
        const START: &[u8] = b"Linux version ";
        constants(kernel).find_map(|data| {
            memchr::memmem::find_iter(data, START).find_map(|at| {
                let text = data.get(at.checked_add(START.len())?..)?;
                let end = text.iter().take(1024).position(|byte| matches!(byte, 0 | b'\n'))?;
                Self::parse(std::str::from_utf8(text.get(..end)?).ok()?)
            })
        })
    }

    /// `RELEASE (BUILDER) (COMPILER, LINKER) #VERSION` (`init/version.c`).
    fn parse(text: &str) -> Option<Self> {
        let (release, rest) = text.split_once(' ')?;
        let (_, rest) = rest.split_once(") (")?;
        let (tools, version) = rest.split_once(") #")?;
        let (compiler, _) = tools.split_once(", ")?;
        let [release, compiler, version] = [release, compiler, version].map(str::to_owned);
        Some(Self { release, compiler, version })
    }
}

/// The configuration that a linked kernel has in it (`CONFIG_IKCONFIG=y`).
#[must_use]
pub fn configuration(kernel: &RawElf<'_>) -> Option<String> {
    const START: &[u8] = b"IKCFG_ST";
    constants(kernel).find_map(|data| {
        memchr::memmem::find_iter(data, START).find_map(|at| {
            let text = unpacked(data.get(at.checked_add(START.len())?..)?).ok()?;
            let text = String::from_utf8(text.into_owned()).ok()?;
            text.contains("CONFIG_").then_some(text)
        })
    })
}

fn constants<'a>(kernel: &RawElf<'a>) -> impl Iterator<Item = &'a [u8]> {
    let sections = kernel.sections.iter();
    let constants = sections.filter(|section| section.is_allocated() && !section.is_code());
    constants.map(|section| section.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_names_compiler_and_version() {
        let text = "6.1.0-56-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, \
                    GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)";
        let banner = Banner::parse(text).unwrap();
        assert_eq!(banner.release, "6.1.0-56-amd64");
        assert_eq!(banner.compiler, "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0");
        assert_eq!(banner.version, "1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)");
        assert_eq!(Banner::parse("%s (%s)"), None);
    }
}
