//! Kernel sources, from Debian's linux-source packages.

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::process;

/// The sources of a version, unpacked. What is there is complete: it is renamed into place.
pub(crate) fn ensure(cache: &Utf8Path, version: &str) -> Result<Utf8PathBuf> {
    let source = cache.join("sources").join(format!("linux-{version}"));
    if source.join("Makefile").is_file() {
        return Ok(source);
    }
    let package = package(cache, version)?;
    println!("==> unpacking {}", package.file_name().unwrap_or_default());
    fs_err::create_dir_all(cache.join("sources"))?;
    let scratch = tempfile::Builder::new().prefix(".unpack-").tempdir_in(cache)?;
    let scratch = Utf8Path::from_path(scratch.path()).context("the cache directory")?;
    let tree = scratch.join("tree");
    fs_err::create_dir(&tree)?;
    process::run(process::command("dpkg-deb").args(["-x", package.as_str(), scratch.as_str()]))?;
    let archive = scratch.join(format!("usr/src/linux-source-{version}.tar.xz"));
    process::run(process::command("tar").args([
        "-xf",
        archive.as_str(),
        "-C",
        tree.as_str(),
        "--strip-components=1",
    ]))?;
    fs_err::rename(&tree, &source)?;
    fs_err::remove_file(&package)?;
    Ok(source)
}

/// The package with the sources, downloaded.
fn package(cache: &Utf8Path, version: &str) -> Result<Utf8PathBuf> {
    let name = format!("linux-source-{version}");
    let downloads = cache.join("downloads");
    fs_err::create_dir_all(&downloads)?;
    if let Some(package) = downloaded(&downloads, &name)? {
        return Ok(package);
    }
    let simulate = ["--quiet", "--print-uris", "download", &name];
    if process::succeeds(process::command("apt-get").args(simulate)) {
        println!("==> apt-get download {name}");
        let scratch = tempfile::Builder::new().prefix(".part-").tempdir_in(&downloads)?;
        let mut download = process::command("apt-get");
        download.args(["--quiet", "-o", "APT::Sandbox::User=root", "download", &name]);
        process::run(download.current_dir(scratch.path()))?;
        return keep(scratch.path().try_into()?, &downloads, &name);
    }
    from_other_suites(cache, &downloads, &name)
}

/// Looks for the package in newer suites of the archive that this machine uses. They get a
/// sources list and a state directory of their own: the machine's are left alone.
fn from_other_suites(cache: &Utf8Path, downloads: &Utf8Path, name: &str) -> Result<Utf8PathBuf> {
    let archive = archive()?;
    let backports = release()?.map(|release| format!("{release}-backports"));
    let suites = ["trixie", "trixie-backports", "unstable"].map(str::to_owned);
    for suite in backports.into_iter().chain(suites) {
        let apt = PrivateApt::new(cache, &archive, &suite)?;
        println!("==> looking for {name} in {suite}");
        if !process::succeeds(apt.command().arg("update"))
            || !process::succeeds(apt.command().args(["--print-uris", "download", name]))
        {
            continue;
        }
        println!("==> downloading {name} from {suite}");
        let scratch = tempfile::Builder::new().prefix(".part-").tempdir_in(downloads)?;
        process::run(apt.command().args(["download", name]).current_dir(scratch.path()))?;
        return keep(scratch.path().try_into()?, downloads, name);
    }
    bail!("no suite of this machine's Debian archive has the package {name}")
}

/// apt-get with one line of sources and a state of its own.
struct PrivateApt {
    dir: Utf8PathBuf,
}

impl PrivateApt {
    fn new(cache: &Utf8Path, archive: &str, suite: &str) -> Result<Self> {
        let dir = cache.join("apt").join(suite);
        for sub in ["lists/partial", "cache/archives/partial"] {
            fs_err::create_dir_all(dir.join(sub))?;
        }
        let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        let line = format!("deb [signed-by={keyring}] {archive} {suite} main\n");
        fs_err::write(dir.join("sources.list"), line)?;
        Ok(Self { dir })
    }

    fn command(&self) -> std::process::Command {
        let dir = &self.dir;
        let mut command = process::command("apt-get");
        command.arg("--quiet");
        for option in [
            format!("Dir::Etc::sourcelist={dir}/sources.list"),
            "Dir::Etc::sourceparts=-".to_owned(),
            format!("Dir::State::lists={dir}/lists"),
            format!("Dir::Cache={dir}/cache"),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// The address of the archive that this machine's own apt sources name.
pub(crate) fn archive() -> Result<String> {
    let mut targets = process::command("apt-get");
    let list = process::output(targets.args(["indextargets", "--format", "$(REPO_URI)"]))?;
    list.lines()
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .context("this machine's apt sources name no Debian archive")
}

/// The code name of this Debian release.
fn release() -> Result<Option<String>> {
    let text = fs_err::read_to_string("/etc/os-release")?;
    Ok(text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned()))
}

/// Moves a finished download to where finished downloads are.
fn keep(from: &Utf8Path, downloads: &Utf8Path, name: &str) -> Result<Utf8PathBuf> {
    let package = downloaded(from, name)?.context("apt-get downloaded no package")?;
    let kept = downloads.join(package.file_name().unwrap_or_default());
    fs_err::rename(&package, &kept)?;
    Ok(kept)
}

/// The package of this name in a directory.
fn downloaded(dir: &Utf8Path, name: &str) -> Result<Option<Utf8PathBuf>> {
    let prefix = format!("{name}_");
    for entry in dir.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_name().starts_with(&prefix) && entry.path().extension() == Some("deb") {
            return Ok(Some(entry.into_path()));
        }
    }
    Ok(None)
}
