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
        make.args(["olddefconfig", "prepare"]);
        logged(&mut make, &Utf8PathBuf::from(format!("{tree}.log")))?;
        Ok(Self { tree })
    }

    /// Whether it has built the original and kept it.
    pub(crate) fn has_original(&self) -> bool {
        self.tree.join("klp-tmp/1-orig/.complete").is_file()
    }

    /// Makes `module` of `patch`. It cleans the tree and builds the original as well, unless it starts from a
    /// later step. What it made is kept for that.
    pub(crate) fn command(
        &self,
        patch: &Utf8Path,
        module: &Utf8Path,
        from: Option<&str>,
    ) -> Command {
        let mut command = process::command("bash");
        command.arg("scripts/livepatch/klp-build").arg("-j").arg(environment::jobs().to_string());
        command.arg("--keep-tmp").args(from.map(|step| format!("--short-circuit={step}")));
        command.arg("-o").arg(module).arg(patch).current_dir(&self.tree);
        command
    }
}
