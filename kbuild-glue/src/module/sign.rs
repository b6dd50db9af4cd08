//! A signature behind a module, as kernels that insist on one want it.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::ModuleError;
use crate::build::BuildError;
use crate::config::Config;

/// What a module is signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The private key: a PEM file, or a PKCS#11 URI.
    pub key: Utf8PathBuf,
    /// Its X.509 certificate, PEM or DER.
    pub certificate: Utf8PathBuf,
}

/// What a key in a token starts with.
const TOKEN: &str = "pkcs11:";
/// The kernel's own program, relative to its output directory.
const PROGRAM: &str = "scripts/sign-file";
/// What the kernel's modules are hashed with, and what is taken where the configuration does not say.
const HASH: (&str, &str) = ("CONFIG_MODULE_SIG_HASH", "sha256");

impl Signing {
    /// The files that have to be there.
    pub fn files(&self) -> impl Iterator<Item = &Utf8Path> {
        let paths = [self.key.as_path(), self.certificate.as_path()].into_iter();
        paths.filter(|path| !Self::is_in_a_token(path))
    }

    /// Whether `key` is no file, but in a token.
    #[must_use]
    pub fn is_in_a_token(key: &Utf8Path) -> bool {
        key.as_str().starts_with(TOKEN)
    }

    /// The module in `bytes` with its signature, which the program in the output directory `kernel` makes. `directory` is
    /// where it works.
    pub fn sign(
        &self,
        bytes: &[u8],
        kernel: &Utf8Path,
        directory: &Utf8Path,
    ) -> Result<Vec<u8>, BuildError> {
        let program = kernel.join(PROGRAM);
        if !program.is_file() {
            return Err(ModuleError::NoSignFile { path: program }.into());
        }
        let config = Config::read(&kernel.join(".config"))?;
        let (option, usual) = HASH;
        let hash = config.get(option).filter(|hash| !hash.is_empty()).unwrap_or(usual);
        let module = directory.join("signed.ko");
        let failed = BuildError::io(&module);
        fs::write(&module, bytes).map_err(failed)?;
        let mut sign = Command::new(&program);
        sign.args([hash, self.key.as_str(), self.certificate.as_str(), module.as_str()]);
        let output = sign.output().map_err(BuildError::io(&program))?;
        let signed = fs::read(&module).map_err(failed);
        fs::remove_file(&module).map_err(failed)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ModuleError::NotSigned { said }.into());
        }
        signed
    }
}
