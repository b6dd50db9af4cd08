//! The output directory of a kernel that somebody else built, as far as compiling single objects needs it.

use std::io::BufReader;
use std::process::Command;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::generators::GeneratedSources;
use super::recipe::Recipe;
use super::{Compilations, StockError, StockParts, commands};
use crate::arch;
use crate::atomic;
use crate::baseline::Fingerprint;
use crate::build::{Basis, BuildError, BuildSettings, Workspace};
use crate::config::Config;
use crate::doctor::{self, CheckState};
use crate::event::{BuildEvent, BuildEvents};
use crate::mirror::{Mirror, Stamps};
use crate::tree::Tree;

/// A kernel whose objects can be compiled.
#[derive(Debug)]
pub struct StockBuild {
    /// How they are made.
    pub recipes: Recipes,
    pub(super) basis: Arc<Basis>,
}

/// How the objects of a kernel are made, and of what.
#[derive(Debug)]
pub struct Recipes {
    /// The output directory.
    pub root: Utf8PathBuf,
    /// The sources.
    pub(super) mirror: Utf8PathBuf,
    pub(super) files: Vec<Utf8PathBuf>,
    pub(super) units: Compilations,
    pub(super) made: GeneratedSources,
}

/// What the package of headers keeps of the output directory.
const KEPT: &[&str] =
    &[".config", ".kernelvariables", "Module.symvers", arch::GENERATED_HEADERS, "include"];
/// What the tools of this machine must not change: code is compiled with it.
const FIXED: &[&str] = &[".config", "include/generated/autoconf.h"];
/// Configuration that asks for tools that only modules in Rust need.
pub(super) const WITHOUT_RUST: &str = "CONFIG_RUST=";
/// Beside the output directory: how each object is made.
const COMMANDS: &str = "stock.commands";
/// Beside the output directory: which sources are made, and of what.
const SOURCES: &str = "stock.sources";
/// What all that was made from.
const STAMP: &str = "stock.stamp";
/// The sources that were unpacked.
const UNPACKED: &str = "unpacked";

impl Workspace {
    /// Makes single objects of the kernel of `parts` ready to be compiled, or takes what is there when nothing
    /// changed.
    pub fn prepare_stock(
        &mut self,
        parts: &StockParts,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<StockBuild, BuildError> {
        self.recover(settings.interrupt, events)?;
        // Who tells make which programs to use knows what is there.
        if settings.variables.is_empty() && !self.root.join(STAMP).is_file() {
            expect_tools(parts, settings.make)?;
        }
        self.take_sources(parts, events)?;
        let mirror = Mirror::sync(self.tree(), &self.mirror_path(), events)?;
        let is_new = mirror.is_fresh() || mirror.altered().is_some();
        mirror.keep()?;
        let mut variables = settings.variables.to_vec();
        variables.push(WITHOUT_RUST.to_owned());
        let settings = BuildSettings { variables: &variables, ..*settings };
        let config = parts.headers.join(".config");
        let fingerprint = Fingerprint::take(&self.root, mirror.stamps(), &config, &variables)?;
        let stamp = self.root.join(STAMP);
        let made_from = made_from(parts, &fingerprint)?;
        let files = files(mirror.stamps());
        let known = known(&self.root, &made_from).filter(|_| !is_new);
        let (units, made) = if let Some(known) = known {
            known
        } else {
            atomic::remove_file(&stamp).map_err(BuildError::io(&stamp))?;
            self.discard_build()?;
            self.make_ready(parts, &settings, events)?;
            let (units, recipes) = self.ask_for_commands(parts, &settings, events)?;
            let made = self.make_sources(&recipes, &settings, events)?;
            self.keep(COMMANDS, &commands::write(&units))?;
            self.keep(SOURCES, &made.write())?;
            atomic::write(&stamp, made_from.as_bytes()).map_err(BuildError::io(&stamp))?;
            (units, made)
        };
        let basis = Arc::new(Basis { mirror, config: Config::read(&config)?, fingerprint });
        let (root, mirror) = (self.build_path(), self.mirror_path());
        Ok(StockBuild { recipes: Recipes { root, mirror, files, units, made }, basis })
    }

    /// Unpacks the sources where they are an archive, and sees whether they are those of the kernel.
    fn take_sources(
        &mut self,
        parts: &StockParts,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let source = if parts.sources.is_dir() {
            parts.sources.clone()
        } else {
            self.unpack(&parts.sources, events)?
        };
        self.set_tree(tree(parts, &source, &self.build_path())?);
        Ok(())
    }

    fn unpack(
        &self,
        archive: &Utf8Path,
        events: &mut BuildEvents<'_>,
    ) -> Result<Utf8PathBuf, BuildError> {
        let Unpacked { directory, stamp, text, is_there } = Unpacked::of(archive, &self.root)?;
        if !is_there {
            events(BuildEvent::Status { verb: "Unpacking", message: archive.to_string() });
            atomic::remove_dir(&directory)
                .and_then(|()| fs::create_dir_all(&directory))
                .map_err(BuildError::io(&directory))?;
            let mut tar = Command::new("tar");
            tar.args(["--extract", "--no-same-owner", "--file", archive.as_str()]);
            run(tar.args(["--directory", directory.as_str()]), "tar")?;
            atomic::write(&stamp, text.as_bytes()).map_err(BuildError::io(&stamp))?;
        }
        top(directory)
    }

    /// Takes what the headers package has, and has make build the tools that compiling needs.
    fn make_ready(
        &self,
        parts: &StockParts,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let build = self.build_path();
        let message = format!("tools to compile for {}", parts.release);
        events(BuildEvent::Status { verb: "Preparing", message });
        fs::create_dir_all(&build).map_err(BuildError::io(&build))?;
        for name in KEPT {
            let from = parts.headers.join(name);
            if from.exists() {
                copy(&from, &build.join(name))?;
            }
        }
        // Make would configure again if this were missing, or older than the configuration.
        let dependencies = build.join("include/config/auto.conf.cmd");
        fs::write(&dependencies, "").map_err(BuildError::io(&dependencies))?;
        self.new_log("original")?;
        self.make("original", &["prepare", "modules_prepare"], settings, events)?;
        for name in FIXED {
            let path = build.join(name);
            let read = |path: &Utf8Path| fs::read(path).map_err(BuildError::io(path));
            if read(&path)? != read(&parts.headers.join(name))? {
                return Err(StockError::Reconfigured { path }.into());
            }
        }
        Ok(())
    }

    /// Asks make how it would make all objects and the sources that are not in the tree.
    fn ask_for_commands(
        &self,
        parts: &StockParts,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(Compilations, Vec<Recipe>), BuildError> {
        const LOG: &str = "commands";
        let message = "make how each object is made".to_owned();
        events(BuildEvent::Status { verb: "Asking", message });
        self.new_log(LOG)?;
        let targets = ["-n", "-k", "V=1", "vmlinux", "modules"];
        // Some targets are made from others in ways that only work when these are there: then make fails, and has
        // told all the same.
        let asked = self.make_one_by_one(LOG, &targets, settings, &mut |_| {});
        if let Err(error) = &asked
            && error.is_interrupt()
        {
            return asked.map(|()| (Compilations::new(), Vec::new()));
        }
        let log = self.log_path().join(format!("{LOG}.log"));
        let output = fs::File::open(&log).map_err(BuildError::io(&log))?;
        let modules = parts.module_paths().map_err(BuildError::io(&parts.modules))?;
        let told = commands::parse(BufReader::new(output), &self.mirror_path(), &modules)
            .map_err(BuildError::io(&log))?;
        if told.0.is_empty() {
            return Err(StockError::NoCommands { log }.into());
        }
        atomic::remove_file(&log).map_err(BuildError::io(&log))?;
        Ok(told)
    }

    fn keep(&self, name: &str, text: &str) -> Result<(), BuildError> {
        let path = self.root.join(name);
        atomic::write_sealed(&path, text.as_bytes()).map_err(BuildError::io(&path))
    }
}

/// To unpack and mirror the sources takes a minute, and make tells of one missing program at a time.
fn expect_tools(parts: &StockParts, make: &str) -> Result<(), BuildError> {
    let checks = doctor::compiling_for(parts, make);
    let bad = checks.iter().filter(|check| check.state == CheckState::Bad);
    let missing: Vec<String> = bad.map(|check| check.name.clone()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (release, commands) = (parts.release.clone(), doctor::commands(&checks));
    Err(StockError::Tools { release, missing, commands }.into())
}

/// An archive of sources, and where it is unpacked.
struct Unpacked {
    directory: Utf8PathBuf,
    stamp: Utf8PathBuf,
    /// What the stamp says of this archive.
    text: String,
    /// Whether that is done.
    is_there: bool,
}

impl Unpacked {
    fn of(archive: &Utf8Path, root: &Utf8Path) -> Result<Self, BuildError> {
        let directory = root.join(UNPACKED);
        let stamp = directory.join("archive.stamp");
        let look = fs::metadata(archive).map_err(BuildError::io(archive))?;
        let modified = look.modified().map_err(BuildError::io(archive))?;
        let text = format!("{archive} {} {modified:?}", look.len());
        let is_there = fs::read_to_string(&stamp).is_ok_and(|there| there == text);
        Ok(Self { directory, stamp, text, is_there })
    }
}

/// The top of the sources that were unpacked into `directory`.
fn top(directory: Utf8PathBuf) -> Result<Utf8PathBuf, BuildError> {
    let entries = directory.read_dir_utf8().map_err(BuildError::io(&directory))?;
    let tops = entries.filter_map(Result::ok).map(camino::Utf8DirEntry::into_path);
    let top = tops.into_iter().find(|path| path.join("Makefile").is_file());
    Ok(top.unwrap_or(directory))
}

/// The sources of `parts`, where they are a directory, or have been unpacked below `root`.
pub(super) fn sources_there(
    parts: &StockParts,
    root: &Utf8Path,
) -> Result<Option<Utf8PathBuf>, BuildError> {
    if parts.sources.is_dir() {
        return Ok(Some(parts.sources.clone()));
    }
    let Unpacked { directory, is_there, .. } = Unpacked::of(&parts.sources, root)?;
    is_there.then(|| top(directory)).transpose()
}

/// The tree of `source`, if those are the sources of the kernel.
pub(super) fn tree(
    parts: &StockParts,
    source: &Utf8Path,
    build: &Utf8Path,
) -> Result<Tree, BuildError> {
    let tree = Tree::find(source, Some(build))?;
    let sources = tree.kernel_version()?;
    if let Some(kernel) = parts.version()
        && kernel != sources
    {
        let (path, release) = (source.to_owned(), parts.release.clone());
        return Err(StockError::OtherSources { path, sources, release, kernel }.into());
    }
    Ok(tree)
}

/// How objects and sources are made, where that was asked below `root` and `made_from` is what it was asked of.
pub(super) fn known(root: &Utf8Path, made_from: &str) -> Option<(Compilations, GeneratedSources)> {
    let stamp = fs::read_to_string(root.join(STAMP)).ok()?;
    let kept = |name: &str| String::from_utf8(atomic::read_sealed(&root.join(name)).ok()??).ok();
    (stamp == made_from).then_some(())?;
    commands::read(&kept(COMMANDS)?).zip(GeneratedSources::read(&kept(SOURCES)?))
}

/// The files of the sources.
pub(super) fn files(stamps: &Stamps) -> Vec<Utf8PathBuf> {
    let files = stamps.iter().filter(|(_, stamp)| *stamp != "/");
    files.map(|(path, _)| path.to_owned()).collect()
}

/// Everything that decides what is made ready.
pub(super) fn made_from(
    parts: &StockParts,
    fingerprint: &Fingerprint,
) -> Result<String, BuildError> {
    let mut text = format!("release\t{}\n{}", parts.release, fingerprint.as_str());
    for name in KEPT {
        let path = parts.headers.join(name);
        if path.is_file() {
            let bytes = fs::read(&path).map_err(BuildError::io(&path))?;
            text.extend([name, "\t", blake3::hash(&bytes).to_hex().as_str(), "\n"]);
        }
    }
    Ok(text)
}

/// The version of the kernel that the package of headers is for; none where it does not say.
pub(super) fn version_of_headers(headers: &Utf8Path) -> Option<String> {
    let direct = Tree::version_in(headers);
    let common = || {
        let name = headers.file_name()?;
        let siblings = headers.parent()?.read_dir_utf8().ok()?;
        let stem = name.rsplit_once('-')?.0;
        let mut siblings = siblings.filter_map(Result::ok);
        let common = siblings.find(|entry| entry.file_name() == format!("{stem}-common"))?;
        Tree::version_in(common.path())
    };
    direct.or_else(common)
}

/// Copies a file or a directory, with links followed: packages link to others.
fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<(), BuildError> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(BuildError::io(parent))?;
    }
    let mut cp = Command::new("cp");
    run(cp.args(["--recursive", "--dereference", from.as_str(), to.as_str()]), "cp")
}

pub(super) fn run(command: &mut Command, program: &'static str) -> Result<(), BuildError> {
    let output = command.output().map_err(BuildError::io(program.into()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let message = text.lines().last().unwrap_or("it said nothing").to_owned();
    Err(StockError::Program { program, message }.into())
}
