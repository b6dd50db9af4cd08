//! `cargo klp build`.

use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::build::usable;
use kbuild_glue::{BuildError, OriginalBuild, Patch, PatchError, PatchSet, Revisions, Workspace};
use klp_core::diff::Changes;

use crate::cli::{self, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::kept::KeptChecksums;
use crate::objects::Build;
use crate::place::Place;
use crate::report;
use crate::rules::Rules;
use crate::shell::Shell;
use crate::words::count;

use super::module::{self, Builds};
use super::session::Session;
use super::{dry_run, external, output, stock};

/// Names standard input among the patches.
const STANDARD_INPUT: &str = "-";

pub(crate) fn run(
    arguments: &cli::Build,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let session = Session::new(arguments, shell)?;
    let place = Place::find(&arguments.tree())?;
    let rules = Rules::of_place(&arguments.rules, &place)?;
    if arguments.tree.target_dir.is_some() {
        // Nothing is removed there before it is known to be ours.
        usable(&place.root)?;
    }
    if !arguments.dry_run {
        output::expect_ours(&place.results, output::is_results, "a changed-function set")?;
        super::remove(&place.results)?;
    }
    let paths = arguments.patches();
    let paths = paths.into_iter().map(|path| match path.as_str() {
        STANDARD_INPUT => path,
        _ => place.current.join(path),
    });
    let paths: Vec<Utf8PathBuf> = paths.collect();
    let source = place.module.as_ref().unwrap_or(&place.tree.source);
    let revisions = revisions(arguments, source).map_err(BuildError::from)?;
    let patch_set = patches(revisions.as_ref(), &paths)?;
    let patch_set = patch_set.with_fuzz(arguments.fuzz);
    if arguments.dry_run {
        return dry_run::run(&place, &patch_set, &session.variables, format, shell);
    }
    if let Some(path) = &arguments.module {
        output::expect_free(&place.current.join(path), output::is_elf, "an ELF file")?;
    }
    if let Some(directory) = &place.module {
        if !arguments.no_module {
            let why = "it is only made for the kernel and the modules of its tree";
            shell.status("Skipping", format_args!("livepatch module: {why}"));
        }
        return external::run(&place, directory, &patch_set, &rules, &session, format, shell);
    }
    let run = Run {
        arguments,
        place: &place,
        patches: &paths,
        rules: &rules,
        session: &session,
        format,
        shell,
    };
    match &place.stock {
        Some(parts) => stock::run(&run, parts, &patch_set),
        None => built_here(&run, revisions.as_ref(), &patch_set),
    }
}

/// A kernel that is built here, before and after the patches.
fn built_here(
    run: &Run<'_>,
    revisions: Option<&Revisions>,
    patch_set: &PatchSet,
) -> Result<ExitStatus, Error> {
    let Run { place, session, shell, .. } = run;
    let Place { tree, root, results, .. } = place;
    let settings = session.settings();
    let mut events = |event| super::show(event, shell);
    let mut workspace = Workspace::open(tree, root, &session.interrupt, &mut events)?;
    // A run that we waited for has written its own since.
    super::remove(results)?;
    if let Some(revisions) = revisions {
        workspace.check_out(revisions, &mut events)?;
    }
    // A patch that does not apply is told before anything is built for it.
    patch_set.apply(&workspace.tree().source).map_err(BuildError::from)?;
    shell.phase("the original build");
    let original = workspace.build_original(&settings, &mut events)?;
    if original.reused {
        let objects = count(original.objects.len(), "object");
        shell.verbose("Reusing", format_args!("original build in {} ({objects})", original.root));
    }
    shell.phase("checksums of the original");
    let before = checksum(&original, run.rules, session, shell)?;
    if patch_set.patches().is_empty() {
        return super::finish_original(&original.root, original.objects.len(), run.format, shell);
    }
    shell.phase("the patched build");
    let patched = workspace.build_patched(patch_set, &settings, &mut events)?;
    let rest = patched.objects.len().saturating_sub(patched.made.len());
    shell.verbose("Reusing", format_args!("{} of the original", count(rest, "object")));
    let builds = Builds {
        workspace: &workspace,
        original: &original,
        patched: &patched,
        settings: &settings,
    };
    conclude(run, &builds, &before, Vec::new(), |_| {})
}

/// What a run was asked for, and where it reports.
pub(super) struct Run<'a> {
    pub(super) arguments: &'a cli::Build,
    pub(super) place: &'a Place,
    pub(super) patches: &'a [Utf8PathBuf],
    pub(super) rules: &'a Rules,
    pub(super) session: &'a Session,
    pub(super) format: MessageFormat,
    pub(super) shell: &'a Shell,
}

/// Compares both builds, makes the module, and reports. `judge` says what else there is to know of the changes.
pub(super) fn conclude(
    run: &Run<'_>,
    builds: &Builds<'_>,
    before: &Build<'_>,
    about: Vec<(&'static str, String)>,
    judge: impl FnOnce(&mut Changes),
) -> Result<ExitStatus, Error> {
    let Run { arguments, place, patches, rules, session, format, shell } = run;
    let Place { root, results, .. } = place;
    let mut events = |event| super::show(event, shell);
    let tree = builds.workspace.tree();
    shell.phase("the comparison");
    shell.status("Comparing", count(builds.patched.made.len(), "object"));
    let after = session.on_threads(|| before.with(builds.patched, &rules.allowlist))??;
    super::checksum::write(&after.manifest, &root.join("patched.checksums"))?;
    let mut changes = before.compare(&after);
    super::refuse_non_standard(&mut changes, &tree.source, tree)?;
    rules.apply(&mut changes, before, &after, shell);
    judge(&mut changes);
    shell.phase("the livepatch module");
    let request = module::Request::of(arguments, &place.current, results, patches, about);
    let module = match request.filter(|_| rules.broken(&changes).is_none()) {
        Some(request) => request.fulfil(builds, &mut changes, shell, &mut events),
        None => Ok(()),
    };
    shell.progress().finish();
    report::replace_file(results, |file| report::document(&changes, file))?;
    let status = super::finish(&changes, rules, ExitStatus::NothingChanged, *format, shell)?;
    module.map(|()| status)
}

/// The two states of the git tree that the arguments name.
fn revisions(arguments: &cli::Build, source: &Utf8Path) -> Result<Option<Revisions>, PatchError> {
    if arguments.worktree {
        return Ok(Some(Revisions::of_work_tree(source)));
    }
    arguments.rev.as_ref().map(|range| Revisions::of_range(source, range)).transpose()
}

/// What leads from one of `revisions` to the other, then the patches in the files.
fn patches(revisions: Option<&Revisions>, paths: &[Utf8PathBuf]) -> Result<PatchSet, Error> {
    let first = revisions.map(Revisions::patch).transpose().map_err(BuildError::from)?;
    let mut all = PatchSet::new(first.into_iter().collect());
    for path in paths {
        let next = match path.as_str() {
            STANDARD_INPUT => PatchSet::new(vec![standard_input()?]),
            _ => PatchSet::read(&[path]).map_err(BuildError::from)?,
        };
        all = all.and(next);
    }
    Ok(all)
}

/// The patch that another program writes to us.
fn standard_input() -> Result<Patch, Error> {
    let path = Utf8Path::new("standard input");
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Ok(Patch::unpack(&bytes, path).map_err(BuildError::from)?)
}

/// Digests of the original build. They are kept with it, for this program and to be compared elsewhere.
fn checksum(
    original: &OriginalBuild,
    rules: &Rules,
    session: &Session,
    shell: &Shell,
) -> Result<Build<'static>, Error> {
    let OriginalBuild { objects, root, kept, .. } = original;
    let kept = KeptChecksums::in_directory(kept)?;
    let known = kept.read();
    if known.objects.is_empty() {
        shell.status("Checksumming", count(objects.len(), "object"));
    } else {
        shell.verbose("Reusing", format_args!("checksums of {}", count(objects.len(), "object")));
    }
    let build =
        session.on_threads(|| Build::of_linked(root, objects, &rules.allowlist, &known))??;
    if build.manifest != known {
        kept.write(&build.manifest)?;
    }
    Ok(build)
}
