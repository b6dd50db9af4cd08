//! What a build draws at random: the layout of structures, once, and numbers in the code of each compilation.

use camino::Utf8Path;
use fs_err as fs;

use super::BuildError;
use crate::atomic;
use crate::baseline::SEED;
use crate::config::Config;
use crate::event::{BuildEvent, BuildEvents};
use crate::tree::Tree;

/// The seed of `CONFIG_RANDSTRUCT`, and the header by which all objects depend on it
/// (`scripts/gen-randstruct-seed.sh`, Linux 5.19 and later).
const FILES: [&str; 2] = [SEED, "include/generated/randstruct_hash.h"];

/// Gives `build`, which is configured, the seed of the user's build of `tree`: with another one, structures would have
/// other layouts than in the user's kernel.
pub(super) fn take_seed(
    tree: &Tree,
    build: &Utf8Path,
    config: &Config,
    events: &mut BuildEvents<'_>,
) -> Result<(), BuildError> {
    if !config.is_enabled("CONFIG_RANDSTRUCT") {
        return Ok(());
    }
    if FILES.iter().any(|file| !tree.output.join(file).exists()) {
        let message = format!(
            "there is no `{SEED}` in `{}`: structures get layouts that no other build of this kernel has \
             (CONFIG_RANDSTRUCT), and a livepatch is for the kernel in `{build}` only",
            tree.output
        );
        events(BuildEvent::Note { message });
        return Ok(());
    }
    for file in FILES {
        let (from, to) = (tree.output.join(file), build.join(file));
        let failed = BuildError::io(&from);
        let bytes = fs::read(&from).map_err(failed)?;
        // Make goes by times.
        if fs::read(&to).ok().as_ref() != Some(&bytes) {
            let failed = BuildError::io(&to);
            atomic::write(&to, &bytes).map_err(failed)?;
        }
    }
    Ok(())
}

/// Tells of numbers that a plugin of the compiler draws anew for each compilation.
pub(super) fn tell_of_entropy(config: &Config, events: &mut BuildEvents<'_>) {
    if config.is_enabled("CONFIG_GCC_PLUGIN_LATENT_ENTROPY") {
        let message = "CONFIG_GCC_PLUGIN_LATENT_ENTROPY puts random numbers into functions that are marked \
                       __latent_entropy, others in each compilation: those of all objects that are compiled for the \
                       patch are called changed";
        events(BuildEvent::Note { message: message.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_the_users() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (output, build) = (root.join("out"), root.join("build"));
        for root in [&output, &build] {
            for file in FILES {
                fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
                fs::write(root.join(file), format!("{file} of {root}")).unwrap();
            }
        }
        let tree = Tree { source: root.join("src"), output: output.clone() };
        let mut said = Vec::new();
        let mut take = |config: &str| {
            fs::write(root.join("config"), config).unwrap();
            let config = Config::read(&root.join("config")).unwrap();
            let mut events = |event| said.push(event);
            take_seed(&tree, &build, &config, &mut events).unwrap();
            tell_of_entropy(&config, &mut events);
            (fs::read_to_string(build.join(SEED)).unwrap(), said.len())
        };
        let of = |root: &Utf8Path| format!("{SEED} of {root}");
        assert_eq!(take(""), (of(&build), 0));
        assert_eq!(take("CONFIG_RANDSTRUCT=y\n"), (of(&output), 0));
        assert_eq!(take("CONFIG_GCC_PLUGIN_LATENT_ENTROPY=y\n").1, 1);
        fs::remove_file(output.join(SEED)).unwrap();
        assert_eq!(take("CONFIG_RANDSTRUCT=y\n").1, 2);
    }
}
