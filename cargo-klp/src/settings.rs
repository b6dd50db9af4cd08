//! Which kernel a Cargo workspace belongs to: `kernel` and `output` under `[package.metadata.klp]`
//! of the package, or under `[workspace.metadata.klp]`, relative to the manifest.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, MetadataCommand};
use serde::Deserialize;

/// The settings of a package or workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// Kernel source tree, or the output directory of an `O=` build.
    pub(crate) kernel: Utf8PathBuf,
    /// Output directory that holds the `.config`.
    #[serde(default)]
    pub(crate) output: Option<Utf8PathBuf>,
}

/// The settings for `directory`, if it is in a Cargo workspace that has some.
pub(crate) fn of(directory: &Utf8Path) -> Option<Settings> {
    if !directory.ancestors().any(|ancestor| ancestor.join("Cargo.toml").is_file()) {
        return None;
    }
    let metadata = MetadataCommand::new().current_dir(directory).no_deps().exec().ok()?;
    find(&metadata, directory)
}

fn find(metadata: &Metadata, directory: &Utf8Path) -> Option<Settings> {
    let packages = metadata.packages.iter().filter_map(|package| {
        let root = package.manifest_path.parent()?;
        directory.starts_with(root).then_some((&package.metadata, root))
    });
    packages
        .chain([(&metadata.workspace_metadata, metadata.workspace_root.as_path())])
        .find_map(|(value, root)| read(value, root))
}

fn read(metadata: &serde_json::Value, root: &Utf8Path) -> Option<Settings> {
    let found: Settings = serde_json::from_value(metadata.get("klp")?.clone()).ok()?;
    Some(Settings {
        kernel: root.join(found.kernel),
        output: found.output.map(|output| root.join(output)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_manifest() {
        let metadata = serde_json::json!({"klp": {"kernel": "../linux", "output": "/build"}});
        let settings = read(&metadata, Utf8Path::new("/home/me/driver")).unwrap();
        assert_eq!(settings.kernel, "/home/me/driver/../linux");
        assert_eq!(settings.output.unwrap(), "/build");
        assert_eq!(read(&serde_json::json!({"other": 1}), Utf8Path::new("/")), None);
    }
}
