//! The page that `--report` asks for.

use camino::Utf8Path;
use klp::{Explained, ExplainedData, Kernel, Session, SourceLines, Why, explain_compared, output};
use klp_core::check::{SymbolUse, uses};
use klp_core::diff::Changes;

use crate::cli::PageArgs;
use crate::environment;
use crate::error::RunError;
use crate::report::{SourcesKnown, page};
use crate::shell::Shell;

use super::show;

/// What such a file is.
const PAGE: &str = "a report of cargo klp";

/// What is found beside the changes.
#[derive(Default)]
pub(super) struct FoundBeside {
    explained: Vec<Explained>,
    lines: Vec<SourceLines>,
    data: Vec<ExplainedData>,
    why: Why,
}

/// Whether the page can be written where nothing of a person's is lost.
pub(super) fn expect_free(arguments: &PageArgs) -> Result<(), RunError> {
    let Some(path) = &arguments.report else { return Ok(()) };
    let path = environment::current_directory()?.join(path);
    Ok(output::expect_free(&path, page::is_page, PAGE)?)
}

impl FoundBeside {
    /// What a build of `kernel` tells about `changes`, which it found.
    pub(super) fn of_build(
        (kernel, session): (&Kernel, &Session),
        changes: &Changes,
        shell: &Shell,
    ) -> Self {
        shell.phase("the report");
        let explained = or_nothing(kernel.explain(&[]), "instructions", shell);
        let events = &mut |event| show(event, shell);
        let why = or_nothing(kernel.why(&[], session, events), "reasons", shell);
        let lines = kernel.source_lines(&explained, session, events);
        let lines = or_nothing(lines, "source lines", shell);
        let data = kernel.explain_data(&[], Some(session), events);
        let data = or_nothing(data, "members of data", shell);
        if kernel.has_results(changes) {
            return Self { explained, lines, data, why };
        }
        shell.warning(
            "another build of this kernel began: the report shows neither instructions nor reasons",
        );
        Self::default()
    }

    /// Where in the sources the changes come from.
    pub(super) fn sources(&self) -> SourcesKnown<'_> {
        let Self { explained, lines, why, .. } = self;
        SourcesKnown { explained, lines, why: Some(why) }
    }
}

/// Writes the page about what a comparison found.
pub(super) fn of_comparison(
    arguments: &PageArgs,
    title: &str,
    (original, patched): (&klp::Checksums<'_>, &klp::Checksums<'_>),
    changes: &Changes,
    shell: &Shell,
) -> Result<(), RunError> {
    if arguments.report.is_none() {
        return Ok(());
    }
    shell.phase("the report");
    let explained = explain_compared(changes, original, patched);
    let explained = or_nothing(explained, "instructions", shell);
    write(arguments, title, changes, &FoundBeside { explained, ..FoundBeside::default() }, shell)
}

/// What was found; where it cannot be, the person is told, and the report is made without it.
fn or_nothing<T: Default>(found: Result<T, klp::Error>, what: &str, shell: &Shell) -> T {
    found.unwrap_or_else(|error| {
        shell.warning(format_args!("the report shows no {what}: {error}"));
        T::default()
    })
}

/// Writes the page, if one is asked for.
pub(super) fn write(
    arguments: &PageArgs,
    title: &str,
    changes: &Changes,
    found: &FoundBeside,
    shell: &Shell,
) -> Result<(), RunError> {
    let Some(path) = &arguments.report else { return Ok(()) };
    let uses = match &changes.module {
        Some(module) if Utf8Path::new(&module.path).is_file() => {
            shared(Utf8Path::new(&module.path))?
        }
        // A device has kept nothing of it.
        _ => Vec::new(),
    };
    let FoundBeside { explained, lines, data, why } = found;
    let content = page::PageContent { title, changes, explained, lines, data, why, uses: &uses };
    let path = environment::current_directory()?.join(path);
    output::replace(&path, |file| page::write(&content, file))?;
    shell.status("Reporting", &path);
    Ok(())
}

/// What the livepatch at `path` uses of the running kernel.
fn shared(path: &Utf8Path) -> Result<Vec<SymbolUse>, RunError> {
    let failed = |source| klp::Error::Read { path: path.to_owned(), source };
    let module = fs_err::read(path).map_err(failed)?;
    let uses = uses(&module);
    Ok(uses.map_err(|source| klp::Error::Check { path: path.to_owned(), source })?)
}
