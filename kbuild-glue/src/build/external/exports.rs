//! Modules in other directories that a module outside of the kernel's sources uses something of.

use camino::{Utf8Path, Utf8PathBuf};

use super::ModuleWorkspace;
use crate::build::BuildError;
use crate::cmd_file::{CmdFileError, SavedCommand};
use crate::module::ModuleError;

/// What the kernel, or a module, exports.
const SYMVERS: &str = "Module.symvers";

impl ModuleWorkspace {
    /// The files that list what modules in other directories export, as the last build was told (`KBUILD_EXTRA_SYMBOLS`).
    pub fn extra_symvers(&self) -> Result<Vec<Utf8PathBuf>, BuildError> {
        let saved = match SavedCommand::of_target(&self.build_path(), Utf8Path::new(SYMVERS)) {
            Ok(saved) => saved,
            // No modpost ran.
            Err(CmdFileError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(ModuleError::from(error).into()),
        };
        let place = self.place_of_commands()?;
        let kernels = self.kernel.output.join(SYMVERS).canonicalize_utf8().ok();
        let mut extra: Vec<Utf8PathBuf> = read_by(&saved.command)
            .map(|path| place.join(path))
            .filter(|path| path.canonicalize_utf8().ok() != kernels)
            .collect();
        extra.dedup();
        Ok(extra)
    }
}

/// The lists that modpost reads. The paths of Kbuild have no spaces.
fn read_by(command: &str) -> impl Iterator<Item = &str> {
    let words = || command.split_whitespace();
    words().zip(words().skip(1)).filter(|(option, _)| *option == "-i").map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_modpost_reads() {
        let since_6_13 = "scripts/mod/modpost -M -m -o Module.symvers -n -T modules.order -i /k/Module.symvers -e -i \
                          /home/me/one/Module.symvers -i ../two/Module.symvers";
        assert_eq!(
            read_by(since_6_13).collect::<Vec<_>>(),
            ["/k/Module.symvers", "/home/me/one/Module.symvers", "../two/Module.symvers"]
        );
        let before = "sed 's/ko$/o/' /m/modules.order | scripts/mod/modpost -m -o /m/Module.symvers -e -i Module.symvers -T -";
        assert_eq!(read_by(before).collect::<Vec<_>>(), ["Module.symvers"]);
    }
}
