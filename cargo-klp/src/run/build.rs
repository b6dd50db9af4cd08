//! `cargo klp build`.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    BuildEvent, BuildSettings, Config, Interrupt, Jobs, NonStandard, OriginalBuild, PatchError,
    PatchSet, Tree, Workspace,
};
use klp_core::diff::{Changes, Side, compare};

use crate::cli::{self, MessageFormat};
use crate::environment;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::kept::KeptChecksums;
use crate::objects::Build;
use crate::place::Place;
use crate::report;
use crate::rules::Rules;
use crate::shell::Shell;
use crate::signals;

use super::module::{self, Builds};

pub(crate) fn run(
    arguments: &cli::Build,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let jobs = Jobs::inherited(arguments.jobs.map_or(processors, std::num::NonZeroUsize::get))?;
    if let Some(note) = jobs.note() {
        shell.warning(note);
    }
    let place = Place::find(&arguments.tree)?;
    let rules = Rules::of_place(&arguments.rules, &place)?;
    let Place { current, tree, root, results } = place;
    remove(&results)?;
    let paths: Vec<Utf8PathBuf> =
        arguments.patches().iter().map(|path| current.join(path)).collect();
    let patch_set = patches(arguments, &tree, &paths).map_err(kbuild_glue::BuildError::from)?;
    let variables: Vec<String> =
        environment::kbuild_variables().into_iter().chain(arguments.variables().cloned()).collect();
    let interrupt = Arc::new(Interrupt::new());
    signals::forward(&interrupt)
        .map_err(|source| Error::Read { path: "signals".into(), source })?;
    let make = environment::make();
    let settings = BuildSettings {
        jobs: &jobs,
        variables: &variables,
        full_make: arguments.full_make,
        interrupt: &interrupt,
        make: &make,
    };

    let mut events = |event| show(event, shell);
    let mut workspace = Workspace::open(&tree, &root, &interrupt, &mut events)?;
    // A run that we waited for has written its own since.
    remove(&results)?;
    let original = workspace.build_original(&settings, &mut events)?;
    shell.finish_progress();
    let before = checksum(&original, &rules, &jobs, shell)?;
    if patch_set.patches().is_empty() {
        shell.status("Finished", format_args!("{} objects, no patch", original.objects.len()));
        return Ok(ExitStatus::Success);
    }
    let patched = workspace.build_patched(&patch_set, &settings, &mut events)?;
    shell.finish_progress();
    shell.status("Comparing", format_args!("{} objects", patched.made.len()));
    let after = on_threads(&jobs, || before.with(&patched, &rules.allowlist))??;
    super::checksum::write(&after.manifest, &root.join("patched.checksums"))?;
    let mut changes = compare(&before.manifest, &after.manifest);
    changes.locate(|side, index| match side {
        Side::Original => before.input(index),
        Side::Patched => after.input(index),
    });
    refuse_non_standard(&mut changes, &tree)?;
    rules.apply(&mut changes, &before, &after, shell);
    let builds = Builds {
        workspace: &workspace,
        original: &original,
        patched: &patched,
        settings: &settings,
    };
    let request = module::Request::of(arguments, &current, &results, &paths);
    let module = match request.filter(|_| rules.broken(&changes).is_none()) {
        Some(request) => request.fulfil(&builds, &mut changes, shell, &mut events),
        None => Ok(()),
    };
    shell.finish_progress();
    report::replace_file(&results, |file| report::document(&changes, file))?;
    let status = super::finish(&changes, &rules, ExitStatus::NothingChanged, format, shell)?;
    module.map(|()| status)
}

/// Names changed functions in objects that objtool is kept away from: those cannot be livepatched.
fn refuse_non_standard(changes: &mut Changes, tree: &Tree) -> Result<(), Error> {
    let config = Config::read(&tree.config_path())?;
    let mut non_standard = NonStandard::new(&tree.source, &config);
    changes.refuse("cannot be livepatched: its object is OBJECT_FILES_NON_STANDARD", |function| {
        non_standard.contains(Utf8Path::new(&function.object))
    });
    Ok(())
}

/// The revisions and patches that the arguments name.
fn patches(
    arguments: &cli::Build,
    tree: &Tree,
    paths: &[Utf8PathBuf],
) -> Result<PatchSet, PatchError> {
    let patches = PatchSet::read(paths)?;
    let revisions = match &arguments.rev {
        Some(range) => PatchSet::of_revisions(&tree.source, range)?,
        None => PatchSet::default(),
    };
    Ok(revisions.and(patches).with_fuzz(arguments.fuzz))
}

/// Digests of the original build. They are kept with it, for this program and to be compared elsewhere.
fn checksum(
    original: &OriginalBuild,
    rules: &Rules,
    jobs: &Jobs,
    shell: &Shell,
) -> Result<Build, Error> {
    let OriginalBuild { objects, root, kept, .. } = original;
    let kept = KeptChecksums::in_directory(kept)?;
    let known = kept.read();
    if known.objects.is_empty() {
        shell.status("Checksumming", format_args!("{} objects", objects.len()));
    }
    let build = on_threads(jobs, || Build::of_linked(root, objects, &rules.allowlist, &known))??;
    if build.manifest != known {
        kept.write(&build.manifest)?;
    }
    Ok(build)
}

/// Runs `work` on as many threads as the jobserver grants.
fn on_threads<T: Send>(jobs: &Jobs, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let wanted = jobs.limit().unwrap_or_else(rayon::current_num_threads);
    let tokens = jobs.threads(wanted);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(tokens.count()).build();
    Ok(pool.map_err(Error::Threads)?.install(work))
}

fn show(event: BuildEvent, shell: &Shell) {
    match event {
        BuildEvent::Status { verb, message } => shell.status(verb, message),
        BuildEvent::Step { verb, target } => shell.step(format!("{verb} {target}")),
        BuildEvent::Waiting { reason } => shell.status("Waiting", reason),
        BuildEvent::Note { message } => shell.warning(message),
        _ => {}
    }
}

/// Results of an earlier run must not be taken for those of this one.
pub(super) fn remove(path: &Utf8Path) -> Result<(), Error> {
    match fs_err::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
