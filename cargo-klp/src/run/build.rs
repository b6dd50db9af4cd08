//! `cargo klp build`.

mod inputs;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::doctor::RUST_FIX;
use kbuild_glue::{BuildError, PatchSet, Revisions, Signing};
use klp::{Kernel, KernelKind, LivepatchRequest, Rules, Session, livepatch_name, output};
use klp_core::diff::Changes;

use crate::cli::{self, MessageFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::shell::Shell;
use crate::signals;

use super::{dry_run, page, session, stock_dry_run};

use inputs::{patches, revisions};
use page::FoundBeside;

pub(crate) fn run(
    arguments: &cli::BuildArgs,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    if arguments.timings {
        shell.tell_times();
    }
    let session = session::of_build(arguments, shell)?;
    let location = arguments.tree().location()?;
    let kernel = Kernel::find(&location)?;
    if matches!(kernel.kind, KernelKind::Built) && !arguments.unproven.is_empty() {
        return Err(RunError::NothingToProve);
    }
    let current = &location.current;
    let rules = Rules::of_kernel(arguments.rules.allowlist.as_deref(), current, &kernel)?;
    if arguments.tree.target_dir.is_some() {
        // Nothing is removed there before it is known to be ours.
        kernel.expect_usable()?;
    }
    let paths: Vec<Utf8PathBuf> = arguments.patches();
    let request = request(arguments, current, &kernel, &paths);
    expect_outputs_apart(arguments, current, &kernel, request.as_ref())?;
    if !arguments.dry_run {
        output::remove(&kernel.results, output::is_results, output::RESULTS)?;
    }
    let revisions = revisions(arguments, kernel.sources()).map_err(BuildError::from)?;
    if let Some(revisions) = &revisions {
        let ours = [kernel.root.as_path(), kernel.tree.output.as_path()];
        let outputs: Vec<&Utf8Path> =
            ours.into_iter().filter(|directory| *directory != kernel.sources()).collect();
        if let Some(note) = revisions.untracked(&outputs).map_err(BuildError::from)? {
            shell.warning(note);
        }
    }
    let patch_set = patches(revisions.as_ref(), &paths)?.with_fuzz(arguments.fuzz);
    if arguments.dry_run {
        let (format, variables) = (format.stream()?, &session.variables);
        return match kernel.stock() {
            Some(parts) => {
                stock_dry_run::run((&kernel, parts), &patch_set, variables, format, shell)
            }
            None => dry_run::run(&kernel, &patch_set, &session, format, shell),
        };
    }
    expect_outputs_free(arguments, current, request.as_ref())?;
    if !arguments.no_module
        && patch_set.patches().iter().any(|patch| patch.touches("rs"))
        && let Some(why) = kernel.untraced_rust(&session.variables)
    {
        shell.warning(format_args!("{why}. {RUST_FIX}"));
    }
    signals::clean_up();
    let work = BuildJob { arguments, kernel: &kernel, session: &session, rules: &rules, shell };
    let Some(BuildResult { changes, livepatch }) =
        work.compare(revisions.as_ref(), &patch_set, request.as_ref(), format)?
    else {
        return Ok(ExitStatus::Success);
    };
    let title = title(arguments, &kernel);
    let is_told = arguments.page.report.is_some() || format == MessageFormat::Sarif;
    let found = if is_told {
        FoundBeside::of_build((&kernel, &session), &changes, shell)
    } else {
        FoundBeside::default()
    };
    page::write(&arguments.page, &title, &changes, &found, shell)?;
    let unchanged = ExitStatus::NothingChanged;
    let status = super::finish(&changes, found.sources(), &rules, unchanged, format, shell)?;
    livepatch?;
    Ok(status)
}

/// Whether everything that is to be written has a name of its own.
fn expect_outputs_apart(
    arguments: &cli::BuildArgs,
    current: &Utf8Path,
    kernel: &Kernel,
    request: Option<&LivepatchRequest>,
) -> Result<(), RunError> {
    let report = arguments.page.report.as_ref().map(|path| current.join(path));
    let module = request.map(|request| request.path.clone());
    let package = module.as_deref().filter(|_| arguments.package.is_some()).map(klp::package_path);
    let outputs = [
        ("the file of results", Some(kernel.results.clone())),
        ("the livepatch module", module),
        ("the package", package),
        ("the report", report),
    ];
    let outputs: Vec<(&str, &Utf8Path)> =
        outputs.iter().filter_map(|(what, path)| Some((*what, path.as_deref()?))).collect();
    Ok(output::expect_apart(&outputs)?)
}

/// Whether everything that is to be written can be, and everything that is to be read is there, before anything is built.
fn expect_outputs_free(
    arguments: &cli::BuildArgs,
    current: &Utf8Path,
    request: Option<&LivepatchRequest>,
) -> Result<(), RunError> {
    page::expect_free(&arguments.page)?;
    if let Some(request) = request.filter(|_| arguments.package.is_some()) {
        output::expect_kept(&request.path)?;
        klp::expect_package_free(&klp::package_path(&request.path))?;
    }
    for path in signing(arguments, current).iter().flat_map(Signing::files) {
        fs_err::File::open(path)
            .map_err(|source| klp::Error::Read { path: path.to_owned(), source })?;
    }
    if let Some(path) = &arguments.module {
        output::expect_free(&current.join(path), output::is_module, output::MODULE)?;
    }
    Ok(())
}

/// A build that is to be done.
struct BuildJob<'a> {
    arguments: &'a cli::BuildArgs,
    kernel: &'a Kernel,
    session: &'a Session,
    rules: &'a Rules,
    shell: &'a Shell,
}

/// What came of it.
struct BuildResult {
    changes: Changes,
    /// Whether the module could be made.
    livepatch: Result<(), klp::Error>,
}

impl BuildJob<'_> {
    /// Builds, compares, and makes the module; none where there is no patch. The work directory is free again afterwards.
    fn compare(
        &self,
        revisions: Option<&Revisions>,
        patch_set: &PatchSet,
        request: Option<&LivepatchRequest>,
        format: MessageFormat,
    ) -> Result<Option<BuildResult>, RunError> {
        let Self { arguments, kernel, session, rules, shell } = *self;
        let mut events = |event| super::show(event, shell);
        let mut opened = kernel.open(session, &mut events)?;
        if let Some(revisions) = revisions {
            opened.check_out(revisions, &mut events)?;
        }
        opened.expect_to_apply(patch_set, &mut events)?;
        let original = opened.original(rules, &mut events)?;
        if patch_set.patches().is_empty() {
            super::finish_original(&original, format.stream()?, shell)?;
            return Ok(None);
        }
        let patched = original.patched(patch_set, &mut events)?;
        signals::cleaned_up();
        let mut comparison = patched.compare(&arguments.unproven, &mut events)?;
        let livepatch = match request {
            Some(request) => comparison.livepatch(request, &mut events).and_then(|livepatch| {
                let wanted = livepatch.filter(|_| arguments.package.is_some());
                wanted.map_or(Ok(()), |livepatch| {
                    comparison.package(&livepatch, &arguments.package_version, &mut events)
                })
            }),
            None => Ok(()),
        };
        shell.progress().finish();
        comparison.save()?;
        Ok(Some(BuildResult { changes: comparison.into_changes(), livepatch }))
    }
}

/// What is compared, in a few words.
fn title(arguments: &cli::BuildArgs, kernel: &Kernel) -> String {
    let patches = arguments.patches();
    let names = patches.iter().map(|path| path.file_name().unwrap_or(path.as_str()));
    let work_tree = arguments.worktree.then_some("the work tree");
    let what: Vec<&str> =
        arguments.rev.as_deref().into_iter().chain(work_tree).chain(names).collect();
    let what = what.join(", ");
    match kernel.tree.kernel_version() {
        Ok(version) => format!("{what} on Linux {version}"),
        Err(_) => what,
    }
}

/// The module that is to be made; none for a build without one.
fn request(
    arguments: &cli::BuildArgs,
    current: &Utf8Path,
    kernel: &Kernel,
    patches: &[Utf8PathBuf],
) -> Option<LivepatchRequest> {
    let name = || format!("{}.ko", livepatch_name(patches.first().map(Utf8PathBuf::as_path)));
    let path = match &arguments.module {
        Some(path) => current.join(path),
        None => kernel.results.with_file_name(name()),
    };
    let (force, replace) = (arguments.force, !arguments.no_replace);
    let required = arguments.module.is_some();
    let signing = signing(arguments, current);
    (!arguments.no_module).then_some(LivepatchRequest { path, required, force, replace, signing })
}

/// What the module is signed with.
fn signing(arguments: &cli::BuildArgs, current: &Utf8Path) -> Option<Signing> {
    let (key, certificate) = (arguments.sign_key.as_ref()?, arguments.sign_cert.as_ref()?);
    let key = if Signing::is_in_a_token(key) { key.clone() } else { current.join(key) };
    Some(Signing { key, certificate: current.join(certificate) })
}
