//! The kernel's own `scripts/livepatch/klp-build` (since Linux 6.19).

use std::process::Command;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::kernel::{Kernel, logged};
use crate::{environment, process};

/// What it calls that a kernel build does not, and the packages that have it.
const NEEDS: [(&str, &str); 2] = [("recountdiff", "patchutils"), ("gawk", "gawk")];

/// The step that comes after the build of the original (`--short-circuit`).
pub(crate) const AFTER_ORIGINAL: &str = "2";

/// The step that comes after both builds.
const AFTER_BUILDS: &str = "3";

/// klp-build works in its source tree only, and patches it: this is one of its own.
pub(crate) struct KlpBuild {
    tree: Utf8PathBuf,
}

impl KlpBuild {
    /// Is an error unless the programs that it needs are here.
    pub(crate) fn ensure_programs() -> Result<()> {
        for (program, package) in NEEDS {
            environment::find_program(program)
                .with_context(|| format!("klp-build needs {program}: install {package}"))?;
        }
        Ok(())
    }

    /// A copy of the sources of `kernel` with its configuration, unless it is there.
    pub(crate) fn ensure(kernel: &Kernel, tree: Utf8PathBuf) -> Result<Self> {
        let script = "scripts/livepatch/klp-build";
        if !kernel.source.join(script).is_file() {
            bail!("{} has no {script}", kernel.source);
        }
        if !tree.exists() {
            println!("copying the sources for klp-build");
            let partial = Utf8PathBuf::from(format!("{tree}.part"));
            if partial.exists() {
                fs_err::remove_dir_all(&partial)?;
            }
            fs_err::create_dir_all(tree.parent().unwrap_or(&tree))?;
            let copy = ["-a", kernel.source.as_str(), partial.as_str()];
            process::run(process::command("cp").args(copy))?;
            fs_err::rename(&partial, &tree)?;
        }
        fs_err::copy(kernel.build.join(".config"), tree.join(".config"))?;
        let mut make = process::command("make");
        make.args(["-C", tree.as_str(), &format!("-j{}", environment::jobs())]);
        make.args(["olddefconfig", "modules_prepare"]);
        logged(&mut make, &Utf8PathBuf::from(format!("{tree}.log")))?;
        Ok(Self { tree })
    }

    /// Takes the objects of an original build that was made with the same flags, and what it exports.
    pub(crate) fn take_original(&self, objects: &Utf8Path, symvers: &Utf8Path) -> Result<()> {
        let directory = self.tree.join("klp-tmp/1-orig");
        empty(&directory)?;
        let copy = ["-aT", objects.as_str(), directory.as_str()];
        process::run(process::command("cp").args(copy))?;
        fs_err::write(directory.join(".complete"), "")?;
        fs_err::copy(symvers, self.tree.join("Module.symvers"))?;
        Ok(())
    }

    /// Makes `module` of the original that was taken and of the objects that `build` writes, those that a patch
    /// makes others of.
    pub(crate) fn module(
        &self,
        module: &Utf8Path,
        build: impl FnOnce(&Utf8Path) -> Result<()>,
    ) -> Result<Command> {
        let directory = self.tree.join("klp-tmp/2-patched");
        empty(&directory)?;
        build(&directory)?;
        fs_err::write(directory.join(".complete"), "")?;
        Ok(self.command(None, module, Some(AFTER_BUILDS)))
    }

    /// Makes `module` of `patch`. It cleans the tree and builds the original as well, unless it starts from a
    /// later step. What it made is kept for that.
    pub(crate) fn command(
        &self,
        patch: Option<&Utf8Path>,
        module: &Utf8Path,
        from: Option<&str>,
    ) -> Command {
        let mut command = process::command("bash");
        command.arg("scripts/livepatch/klp-build").arg("-j").arg(environment::jobs().to_string());
        command.arg("--keep-tmp").args(from.map(|step| format!("--short-circuit={step}")));
        command.arg("-o").arg(module).args(patch).current_dir(&self.tree);
        command
    }
}

/// Makes `directory` empty.
fn empty(directory: &Utf8Path) -> Result<()> {
    if directory.exists() {
        fs_err::remove_dir_all(directory)?;
    }
    Ok(fs_err::create_dir_all(directory)?)
}
