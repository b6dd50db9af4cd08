//! What a Cargo manifest says about its kernel, under `[package.metadata.klp]` of the package or under
//! `[workspace.metadata.klp]`: `kernel` and `output`, relative to the manifest, and a `[[…klp.rule]]`
//! for each rule of the allowlist. A package with a `Kbuild` beside its manifest is an out-of-tree module;
//! `module` names the directory where it is another one. The package comes before the workspace.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, MetadataCommand};
use serde::Deserialize;

use crate::error::Error;

/// The settings of a package or workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// Kernel source tree, or the output directory of an `O=` build.
    #[serde(default)]
    pub(crate) kernel: Option<Utf8PathBuf>,
    /// Output directory that holds the `.config`.
    #[serde(default)]
    pub(crate) output: Option<Utf8PathBuf>,
    /// Directory of an out-of-tree module.
    #[serde(default)]
    pub(crate) module: Option<Utf8PathBuf>,
    /// Rules of the allowlist.
    #[serde(default)]
    pub(crate) rule: Option<serde_json::Value>,
    /// The manifest with the rules.
    #[serde(skip)]
    pub(crate) manifest: Utf8PathBuf,
    /// The manifest that names the kernel.
    #[serde(skip)]
    pub(crate) kernel_from: Utf8PathBuf,
}

/// The settings for `directory`, if it is in a Cargo workspace that has some.
pub(crate) fn of(directory: &Utf8Path) -> Result<Option<Settings>, Error> {
    let mut manifests = directory.ancestors().map(|ancestor| ancestor.join("Cargo.toml"));
    // Most workspaces have nothing for us, and cargo need not be asked.
    if !manifests.any(|path| fs_err::read_to_string(path).is_ok_and(|text| text.contains("klp"))) {
        return Ok(None);
    }
    let metadata = MetadataCommand::new().current_dir(directory).no_deps().exec();
    let metadata =
        metadata.map_err(|source| Error::Cargo { path: directory.to_owned(), source })?;
    find(&metadata, directory)
}

fn find(metadata: &Metadata, directory: &Utf8Path) -> Result<Option<Settings>, Error> {
    let workspace = metadata.workspace_root.join("Cargo.toml");
    let packages = metadata.packages.iter().filter_map(|package| {
        let root = package.manifest_path.parent()?;
        directory.starts_with(root).then_some((&package.metadata, &package.manifest_path))
    });
    let mut found: Option<Settings> = None;
    for (value, manifest) in packages.chain([(&metadata.workspace_metadata, &workspace)]) {
        let Some(next) = read(value, manifest)? else { continue };
        found = Some(match found {
            None => next,
            Some(first) => first.or(next),
        });
    }
    Ok(found)
}

impl Settings {
    /// These, and what `other` says where these are silent.
    fn or(self, other: Self) -> Self {
        let manifest = if self.rule.is_some() { self.manifest } else { other.manifest };
        let (kernel, output, kernel_from) = match self.kernel {
            Some(kernel) => (Some(kernel), self.output, self.kernel_from),
            None => (other.kernel, self.output.or(other.output), other.kernel_from),
        };
        let module = self.module.or(other.module);
        Self { kernel, output, module, rule: self.rule.or(other.rule), manifest, kernel_from }
    }
}

fn read(metadata: &serde_json::Value, manifest: &Utf8Path) -> Result<Option<Settings>, Error> {
    let Some(value) = metadata.get("klp") else { return Ok(None) };
    let found: Settings = serde_json::from_value(value.clone())
        .map_err(|source| Error::Metadata { path: manifest.to_owned(), source })?;
    let root = manifest.parent().unwrap_or(manifest);
    Ok(Some(Settings {
        kernel: found.kernel.map(|kernel| root.join(kernel)),
        output: found.output.map(|output| root.join(output)),
        module: found.module.map(|module| root.join(module)).or_else(|| kbuild_module(root)),
        rule: found.rule,
        manifest: manifest.to_owned(),
        kernel_from: manifest.to_owned(),
    }))
}

/// The directory `root`, if it holds a module for Kbuild.
fn kbuild_module(root: &Utf8Path) -> Option<Utf8PathBuf> {
    let says_so = |name: &str| {
        fs_err::read_to_string(root.join(name)).is_ok_and(|text| text.contains("obj-m"))
    };
    (says_so("Kbuild") || says_so("Makefile")).then(|| root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_manifest() {
        let metadata = serde_json::json!({"klp": {"kernel": "../linux", "output": "/build"}});
        let manifest = Utf8Path::new("/home/me/driver/Cargo.toml");
        let settings = read(&metadata, manifest).unwrap().unwrap();
        assert_eq!(settings.kernel.unwrap(), "/home/me/driver/../linux");
        assert_eq!(settings.output.unwrap(), "/build");
        assert_eq!(read(&serde_json::json!({"other": 1}), manifest).unwrap(), None);
        let error = read(&serde_json::json!({"klp": {"kernle": "x"}}), manifest).unwrap_err();
        assert!(error.to_string().contains("/home/me/driver/Cargo.toml"), "{error}");
    }

    #[test]
    fn the_package_comes_before_the_workspace() {
        let settings = |value: serde_json::Value, manifest: &str| {
            read(&serde_json::json!({"klp": value}), Utf8Path::new(manifest)).unwrap().unwrap()
        };
        let package = settings(serde_json::json!({"kernel": "a"}), "/w/p/Cargo.toml");
        let workspace = settings(
            serde_json::json!({"kernel": "b", "output": "c", "rule": []}),
            "/w/Cargo.toml",
        );
        let both = package.or(workspace);
        assert_eq!(both.kernel.unwrap(), "/w/p/a");
        // The output belongs to the other kernel.
        assert_eq!(both.output, None);
        assert_eq!((both.rule.is_some(), both.manifest.as_str()), (true, "/w/Cargo.toml"));
    }
}
