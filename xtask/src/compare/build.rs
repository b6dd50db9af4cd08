//! A kernel of its own for the comparison, built as the reference wants it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{FileChange, PatchSet};

use super::replay;
use crate::kernel::{self, Compiler};
use crate::{environment, process};

/// What the reference needs to tell functions and data apart.
const SECTIONS: &str = "KCFLAGS=-ffunction-sections -fdata-sections";

/// A private tree and its build. Only one patch is in it at a time.
pub(crate) struct Build {
    /// The sources that stay as they are.
    source: Utf8PathBuf,
    /// Hard links to them, but for the files of the patch that is in.
    tree: Utf8PathBuf,
    output: Utf8PathBuf,
    /// Copies of what the original build linked.
    pub(crate) original: Utf8PathBuf,
    /// Where the originals with the reference's checksums are kept.
    pub(super) theirs: Utf8PathBuf,
    variables: Vec<String>,
    /// Files that are not as in `source`, or whose objects are not.
    patched: Vec<Utf8PathBuf>,
}

impl Build {
    /// Makes tree and original build, unless they are there.
    pub(crate) fn ensure(version: &str, thin_lto: bool) -> Result<Self> {
        let compiler = if thin_lto { Compiler::ClangThinlto } else { Compiler::Gcc };
        let source = kernel::source(version, compiler)?;
        let name = if thin_lto { "thinlto" } else { "gcc" };
        let root = environment::kernel_cache()?.join("compare").join(format!("{version}-{name}"));
        let mut variables = vec![SECTIONS.to_owned(), "KLP_SYMIDS=1".to_owned()];
        variables.push("KBUILD_MODPOST_WARN=1".to_owned());
        if thin_lto {
            let llvm = kernel::llvm().context("clang with lld is not here")?;
            variables.push(format!("LLVM={llvm}"));
            // Each link would compile the whole kernel.
            let linker = kernel::llvm_tool("ld.lld").unwrap_or_default();
            variables.push(format!("LD={linker} --thinlto-cache-dir={root}/link-cache"));
        }
        let mut build = Self {
            source,
            tree: root.join("source"),
            output: root.join("build"),
            original: root.join("original"),
            theirs: root.join("theirs"),
            variables,
            patched: Vec::new(),
        };
        build.prepare(&root, compiler)?;
        Ok(build)
    }

    /// What the original build exports.
    pub(crate) fn symvers(&self) -> Utf8PathBuf {
        self.output.join("Module.symvers")
    }

    pub(super) fn objtool(&self) -> Utf8PathBuf {
        self.output.join("tools/objtool/objtool")
    }

    /// Builds with a patch, and copies what was linked and is not as it was to `directory`. Returns the
    /// paths in there.
    pub(crate) fn patched(
        &mut self,
        patch: &Utf8Path,
        directory: &Utf8Path,
    ) -> Result<Vec<Utf8PathBuf>> {
        let changes = PatchSet::read(&[patch])?.apply(&self.source)?;
        let current: Vec<Utf8PathBuf> = changes.iter().map(|change| change.path.clone()).collect();
        let touched: BTreeSet<_> = self.patched.iter().chain(&current).cloned().collect();
        // Objects of all of them are wrong until they have been made.
        self.remember(touched.iter().cloned().collect())?;
        self.restore()?;
        for change in changes.into_iter().map(FileChange::with_kept_lines) {
            let target = self.tree.join(&change.path);
            match change.new {
                Some(bytes) => replace(&target, &bytes, change.mode.unwrap_or(0o644))?,
                None => fs_err::remove_file(&target)?,
            }
        }
        let modules = linked(&self.output)?.split_off(1);
        if !replay::replay(&self.output, &self.tree, &self.source, &touched, &modules)? {
            self.make(&["vmlinux_o", "modules"])?;
        }
        self.remember(current)?;
        let mut different = Vec::new();
        for path in linked(&self.output)? {
            let bytes = fs_err::read(self.output.join(&path))?;
            if fs_err::read(self.original.join(&path)).ok().as_deref() != Some(&bytes) {
                write(&directory.join(&path), &bytes)?;
                different.push(path);
            }
        }
        Ok(different)
    }

    fn prepare(&mut self, root: &Utf8Path, compiler: Compiler) -> Result<()> {
        if !self.tree.join("Makefile").exists() {
            fs_err::create_dir_all(root)?;
            let arguments = ["-al", self.source.as_str(), self.tree.as_str()];
            process::run(process::command("cp").args(arguments))?;
        }
        // What an interrupted run left.
        if let Ok(text) = fs_err::read_to_string(self.tree.join(".patched")) {
            self.patched = text.lines().map(Utf8PathBuf::from).collect();
        }
        if self.original.join("vmlinux.o").exists() {
            return Ok(());
        }
        self.restore()?;
        fs_err::create_dir_all(&self.output)?;
        if !self.output.join(".config").exists() {
            let presets = root.join("config");
            fs_err::write(&presets, compiler.config()?)?;
            self.make(&[&format!("KCONFIG_ALLCONFIG={presets}"), "allnoconfig"])?;
        }
        println!("==> building {} (log: {}.log)", self.output, self.output);
        self.make(&["vmlinux", "modules"])?;
        let partial = root.join("original.part");
        for path in linked(&self.output)? {
            let bytes = fs_err::read(self.output.join(&path))?;
            write(&partial.join(path), &bytes)?;
        }
        // Positions of symbols come from the final link.
        fs_err::copy(self.output.join("vmlinux"), partial.join("vmlinux"))?;
        fs_err::rename(&partial, &self.original)?;
        Ok(())
    }

    /// Takes all patches out again. Times are those of now: objects may be newer than the sources.
    fn restore(&self) -> Result<()> {
        for path in &self.patched {
            let target = self.tree.join(path);
            match fs_err::read(self.source.join(path)) {
                Ok(bytes) => {
                    let mode = fs_err::metadata(self.source.join(path))?.permissions().mode();
                    replace(&target, &bytes, mode)?;
                }
                Err(_) if target.exists() => fs_err::remove_file(&target)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Notes which files are not as in the original build, for this run and the next.
    fn remember(&mut self, patched: Vec<Utf8PathBuf>) -> Result<()> {
        self.patched = patched;
        Ok(fs_err::write(self.tree.join(".patched"), lines(&self.patched))?)
    }

    fn make(&self, targets: &[&str]) -> Result<()> {
        let log = Utf8PathBuf::from(format!("{}.log", self.output));
        let mut make = process::command("make");
        make.args(["-C", self.tree.as_str(), &format!("O={}", self.output)]);
        make.arg(format!("-j{}", environment::jobs())).args(&self.variables).args(targets);
        kernel::logged(&mut make, &log)
    }
}

/// vmlinux.o and the modules before their final link, relative to the output directory.
fn linked(output: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let mut found = vec![Utf8PathBuf::from("vmlinux.o")];
    let order = fs_err::read_to_string(output.join("modules.order"))?;
    found.extend(order.lines().map(|line| Utf8PathBuf::from(line).with_extension("o")));
    Ok(found)
}

fn lines(paths: &[Utf8PathBuf]) -> String {
    paths.iter().map(|path| format!("{path}\n")).collect::<Vec<_>>().concat()
}

/// Never writes into a file that is there: it can be a hard link.
fn replace(target: &Utf8Path, bytes: &[u8], mode: u32) -> Result<()> {
    let partial = Utf8PathBuf::from(format!("{target}.part"));
    write(&partial, bytes)?;
    fs_err::set_permissions(&partial, std::fs::Permissions::from_mode(mode | 0o600))?;
    Ok(fs_err::rename(&partial, target)?)
}

fn write(target: &Utf8Path, bytes: &[u8]) -> Result<()> {
    fs_err::create_dir_all(target.parent().unwrap_or(target))?;
    Ok(fs_err::write(target, bytes)?)
}
