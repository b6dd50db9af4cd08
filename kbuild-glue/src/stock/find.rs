//! Where the packages of a distribution put the parts of a kernel.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::StockError;
use super::prepare::version_of_headers;
use crate::installed::SUFFIXES;

/// The parts of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockParts {
    /// As `uname -r` says it.
    pub release: String,
    /// The packed kernel.
    pub image: Utf8PathBuf,
    /// The directory `/lib/modules/RELEASE`.
    pub modules: Utf8PathBuf,
    /// The output directory that the package of headers has kept: configuration and generated headers.
    pub headers: Utf8PathBuf,
    /// The sources: a directory, or an archive of one.
    pub sources: Utf8PathBuf,
}

/// What was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockPart {
    /// For example `the kernel image`.
    pub what: &'static str,
    /// Where it is; none if it is not there.
    pub path: Option<Utf8PathBuf>,
    /// The package of Debian that has it.
    pub package: String,
}

/// The root of this system.
pub(crate) const SYSTEM: &str = "/";
const IMAGE: &str = "the kernel image";
const MODULES: &str = "its modules";
const HEADERS: &str = "its headers package";
const SOURCES: &str = "its sources";

impl StockParts {
    /// Finds the parts of `release` in the system, or below `sysroot`; `sources` are the person's own.
    pub fn find(
        release: &str,
        sysroot: &Utf8Path,
        sources: Option<&Utf8Path>,
    ) -> Result<Self, StockError> {
        let found = Self::look(release, sysroot, sources).map(|part| part.path);
        match found {
            [Some(image), Some(modules), Some(headers), Some(sources)] => {
                Ok(Self { release: release.to_owned(), image, modules, headers, sources })
            }
            _ => Err(Self::missing(release, sysroot, Self::look(release, sysroot, sources))),
        }
    }

    /// What the package of the kernel itself has: the packed kernel, and the directory of its modules.
    pub fn installed(
        release: &str,
        sysroot: &Utf8Path,
    ) -> Result<(Utf8PathBuf, Utf8PathBuf), StockError> {
        let [image, modules, ..] = Self::look(release, sysroot, None);
        match (&image.path, &modules.path) {
            (Some(image), Some(modules)) => Ok((image.clone(), modules.clone())),
            _ => Err(Self::missing(release, sysroot, [image, modules])),
        }
    }

    /// The parts, there or not: image, modules, headers and sources.
    #[must_use]
    pub fn look(release: &str, sysroot: &Utf8Path, sources: Option<&Utf8Path>) -> [StockPart; 4] {
        let below = |paths: &[String]| {
            let paths = paths.iter().map(|path| sysroot.join(path));
            paths.into_iter().find(|path| path.exists())
        };
        let series = series(release);
        let modules =
            below(&[format!("lib/modules/{release}"), format!("usr/lib/modules/{release}")]);
        let headers = [
            format!("usr/src/linux-headers-{release}"),
            format!("usr/src/kernels/{release}"),
            format!("lib/modules/{release}/build"),
        ];
        let part = |what, path, package| StockPart { what, path, package };
        [
            part(
                IMAGE,
                below(&[
                    format!("boot/vmlinuz-{release}"),
                    format!("lib/modules/{release}/vmlinuz"),
                    format!("usr/lib/modules/{release}/vmlinuz"),
                ]),
                format!("linux-image-{release}"),
            ),
            part(MODULES, modules, format!("linux-image-{release}")),
            part(
                HEADERS,
                below(&headers).filter(|path| path.join(".config").is_file()),
                format!("linux-headers-{release}"),
            ),
            part(
                SOURCES,
                sources.map(Utf8Path::to_owned).or_else(|| {
                    below(&[
                        format!("usr/src/linux-source-{series}"),
                        format!("usr/src/linux-source-{series}.tar.xz"),
                    ])
                }),
                format!("linux-source-{series}"),
            ),
        ]
    }

    /// The file of the module `name`, a path without suffix such as `fs/ext4/ext4`; packed or not.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<Utf8PathBuf> {
        module_file(&self.modules, name)
    }

    /// The configuration that is installed beside the image.
    #[must_use]
    pub fn configuration(&self) -> Option<Utf8PathBuf> {
        let beside = self.image.with_file_name(format!("config-{}", self.release));
        [beside, self.modules.join("config")].into_iter().find(|path| path.is_file())
    }

    /// The version of Linux that the headers are of, such as 6.1.192; none where they do not say.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        version_of_headers(&self.headers)
    }

    /// The modules by the kernel's names of them.
    pub fn module_paths(&self) -> io::Result<BTreeMap<String, String>> {
        let text = fs_err::read_to_string(self.modules.join("modules.order"))?;
        let paths = text.lines().map(|line| {
            let line = line.strip_prefix("kernel/").unwrap_or(line);
            let path = line.strip_suffix(".ko").or_else(|| line.strip_suffix(".o")).unwrap_or(line);
            let name = path.rsplit('/').next().unwrap_or(path);
            (name.replace('-', "_"), path.to_owned())
        });
        Ok(paths.collect())
    }

    fn missing(
        release: &str,
        sysroot: &Utf8Path,
        wanted: impl IntoIterator<Item = StockPart>,
    ) -> StockError {
        let absent: Vec<StockPart> =
            wanted.into_iter().filter(|part| part.path.is_none()).collect();
        let missing = absent.iter().map(|part| format!("{} ({})", part.what, part.package));
        let mut packages: Vec<&str> = absent.iter().map(|part| part.package.as_str()).collect();
        packages.dedup();
        let get = get_command(release, sysroot);
        let or = if sysroot == SYSTEM {
            format!(", which installs nothing, or apt-get install {}", packages.join(" "))
        } else {
            String::new()
        };
        let command = format!("on Debian and what comes from it: {get}{or}");
        StockError::Missing {
            release: release.to_owned(),
            missing: missing.collect(),
            commands: vec![command],
        }
    }
}

/// What gets the packages of `release`.
pub(crate) fn get_command(release: &str, sysroot: &Utf8Path) -> String {
    let get = format!("cargo klp stock get {release}");
    if sysroot == SYSTEM { get } else { format!("{get} --sysroot {sysroot}") }
}

/// The file of the module `name` where modules are installed, `/lib/modules/RELEASE`; packed or not.
#[must_use]
pub fn module_file(modules: &Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    let mut files = SUFFIXES.iter().map(|suffix| modules.join(format!("kernel/{name}{suffix}")));
    files.find(|path| path.is_file())
}

/// `6.1` of `6.1.0-56-amd64`.
pub(super) fn series(release: &str) -> String {
    let numbers = release.split(['.', '-', '+']).take(2);
    numbers.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_by_the_series() {
        assert_eq!(series("6.1.0-56-amd64"), "6.1");
        assert_eq!(series("7.3-amd64"), "7.3");
        assert_eq!(series("7.3.4+deb13-amd64"), "7.3");
    }

    #[test]
    fn what_is_missing_is_named_with_the_command() {
        let root = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(root.path()).unwrap();
        let release = "6.1.0-56-amd64";
        fs_err::create_dir_all(root.join("boot")).unwrap();
        fs_err::write(root.join(format!("boot/vmlinuz-{release}")), "").unwrap();
        let error = StockParts::find(release, root, None).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("linux-headers-6.1.0-56-amd64"), "{text}");
        assert!(text.contains("linux-source-6.1") && !text.contains("the kernel image"), "{text}");
        assert!(error.hint().unwrap().contains("cargo klp stock get 6.1.0-56-amd64"));
    }
}
