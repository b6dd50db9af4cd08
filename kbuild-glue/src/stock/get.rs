//! Gets the packages of a kernel from Debian's archive, or from one that is arranged like it.

use std::collections::BTreeSet;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::StockError;
use super::find::series;
use super::prepare::run;
use crate::build::BuildError;
use crate::event::{BuildEvent, BuildEvents};

/// Downloads the packages of `release` and unpacks them below `sysroot`.
pub fn get(
    release: &str,
    sysroot: &Utf8Path,
    events: &mut BuildEvents<'_>,
) -> Result<(), BuildError> {
    let image = shown(&format!("linux-image-{release}"));
    let headers = shown(&format!("linux-headers-{release}"));
    let (Some(image), Some(headers)) = (image, headers) else {
        return Err(StockError::NoArchive {
            release: release.to_owned(),
            commands: elsewhere(release),
        }
        .into());
    };
    let version = field(&image, "Version").unwrap_or_default().to_owned();
    let mut packages = BTreeSet::new();
    let names = [format!("linux-image-{release}"), format!("linux-headers-{release}")];
    let mut open: Vec<String> = names.into();
    while let Some(name) = open.pop() {
        if !packages.insert(name.clone()) {
            continue;
        }
        let text = if name.starts_with("linux-image-") {
            Some(image.clone())
        } else if name == format!("linux-headers-{release}") {
            Some(headers.clone())
        } else {
            shown(&name)
        };
        open.extend(
            text.iter().flat_map(|text| depends(text)).filter(|name| is_part(name, release)),
        );
    }
    let source = format!("linux-source-{}", series(release));
    let mut wanted: Vec<String> = packages.into_iter().collect();
    wanted.push(format!("{source}={version}"));
    let directory = sysroot.join(".packages");
    fs::create_dir_all(&directory).map_err(BuildError::io(&directory))?;
    for package in &wanted {
        events(BuildEvent::Status { verb: "Downloading", message: package.clone() });
        let mut apt = Command::new("apt-get");
        apt.args(["--quiet", "--quiet", "download", package]).current_dir(&directory);
        run(&mut apt, "apt-get")?;
    }
    for file in files(&directory)? {
        let message = file.file_name().unwrap_or_default().to_owned();
        events(BuildEvent::Status { verb: "Unpacking", message });
        let mut unpack = Command::new("dpkg-deb");
        run(unpack.args(["--extract", file.as_str(), sysroot.as_str()]), "dpkg-deb")?;
        fs::remove_file(&file).map_err(BuildError::io(&file))?;
    }
    fs::remove_dir(&directory).map_err(BuildError::io(&directory))
}

fn files(directory: &Utf8Path) -> Result<Vec<Utf8PathBuf>, BuildError> {
    let entries = directory.read_dir_utf8().map_err(BuildError::io(directory))?;
    let paths = entries.filter_map(Result::ok).map(camino::Utf8DirEntry::into_path);
    Ok(paths.filter(|path| path.extension() == Some("deb")).collect())
}

/// What the archive says of a package; none where it has none, or there is no apt.
fn shown(package: &str) -> Option<String> {
    let mut apt = Command::new("apt-cache");
    let output = apt.args(["show", "--no-all-versions", package]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.is_empty()).then_some(text)
}

fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn depends(text: &str) -> Vec<String> {
    let list = field(text, "Depends").unwrap_or_default();
    let names = list.split([',', '|']).filter_map(|item| item.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// Whether a package is a part of the kernel, of its headers, or what these are used with.
fn is_part(package: &str, release: &str) -> bool {
    package.starts_with("linux-")
        && (package.contains(release)
            || package.starts_with("linux-headers-")
            || package.starts_with("linux-kbuild-"))
}

/// What to do where the archive has no such kernel.
fn elsewhere(release: &str) -> Vec<String> {
    vec![
        "Debian and what comes from it: add the archive that has this kernel, and run apt-get update".to_owned(),
        format!(
            "Fedora and what comes from it: dnf download --resolve kernel-core-{release} kernel-modules-core-{release} \
             kernel-modules-{release} kernel-devel-{release}; dnf download --source kernel-{release}; unpack them with \
             rpm2cpio into one directory, and name it with --sysroot and the sources with -C"
        ),
        format!(
            "openSUSE: zypper download kernel-default={release} kernel-default-devel kernel-source; unpack them with \
             rpm2cpio"
        ),
        "Arch: unpack linux and linux-headers of that version, and name the sources with -C".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_from_what_a_kernel_is_installed_with() {
        let text = "Package: linux-headers-6.1.0-56-amd64\nVersion: 6.1.192-2\n\
            Depends: linux-headers-6.1.0-56-common (= 6.1.192-2), linux-kbuild-6.1 (>= 6.1.192-2), \
            linux-compiler-gcc-12-x86, linux-base (>= 4.3~) | other\n";
        let parts: Vec<String> =
            depends(text).into_iter().filter(|name| is_part(name, "6.1.0-56-amd64")).collect();
        assert_eq!(parts, ["linux-headers-6.1.0-56-common", "linux-kbuild-6.1"]);
        assert_eq!(field(text, "Version"), Some("6.1.192-2"));
    }
}
