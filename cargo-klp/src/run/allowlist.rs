//! `cargo klp allowlist`.

use camino::Utf8PathBuf;
use kbuild_glue::{Config, LinkedObject, NonStandard, kept_objects, linked_objects};

use crate::cli::{self, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::objects::Build;
use crate::place::Place;
use crate::report;
use crate::rules::Rules;
use crate::shell::Shell;

pub(crate) fn run(
    arguments: &cli::Allowlist,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let place = Place::find(&arguments.tree)?;
    let rules = Rules::of_place(&arguments.rules, &place)?;
    match &rules.path {
        Some(path) => shell.status("Reading", path),
        None => shell.status("Reading", "no rules: there is no klp.toml"),
    }
    let (root, objects) = objects(&place)?;
    let build =
        Build::of_linked(&root, &objects, &rules.allowlist, &klp_core::Manifest::default())?;
    let usage = rules.usage(&[&build]);
    rules.warn(&usage, true, shell);
    let config = Config::read(&place.tree.config_path())?;
    let makefiles = place.module.as_ref().unwrap_or(&place.tree.source);
    let mut non_standard = NonStandard::new(makefiles, &config);
    let mut apart: Vec<&str> = objects
        .iter()
        .filter(|object| non_standard.contains(&object.object))
        .map(|object| object.object.as_str())
        .collect();
    apart.dedup();
    report::allowlist(&rules.allowlist, &usage, &apart, format).map_err(Error::Print)?;
    Ok(ExitStatus::Success)
}

/// The objects of the original build that is kept, else of the build in the output directory.
fn objects(place: &Place) -> Result<(Utf8PathBuf, Vec<LinkedObject>), Error> {
    if place.module.is_some() {
        let build = place.root.join("build");
        let objects = linked_objects(&build)?;
        return Ok((build, objects));
    }
    match kept_objects(&place.root)? {
        Some(kept) => Ok(kept),
        None => Ok((place.tree.output.clone(), linked_objects(&place.tree.output)?)),
    }
}
