//! The page that `--report` asks for.

use camino::Utf8Path;
use klp::{Explained, Kernel, Session, Why, explain_compared, output};
use klp_core::check::{Use, uses};
use klp_core::diff::Changes;

use crate::cli::PageArgs;
use crate::environment;
use crate::error::Error;
use crate::report::page;
use crate::shell::Shell;

use super::show;

/// What such a file is.
const PAGE: &str = "a report of cargo klp";

/// Whether the page can be written where nothing of a person's is lost.
pub(super) fn expect_free(arguments: &PageArgs) -> Result<(), Error> {
    let Some(path) = &arguments.report else { return Ok(()) };
    let path = environment::current_directory()?.join(path);
    Ok(output::expect_free(&path, page::is_page, PAGE)?)
}

/// Writes the page about what a build of `kernel` found.
pub(super) fn of_build(
    arguments: &PageArgs,
    title: &str,
    (kernel, session): (&Kernel, &Session),
    changes: &Changes,
    shell: &Shell,
) -> Result<(), Error> {
    let why = || match kernel.why(&[], session, &mut |event| show(event, shell)) {
        Ok(why) => why,
        Err(error) => {
            shell
                .warning(format_args!("the report does not say which hunk is the reason: {error}"));
            Why::default()
        }
    };
    let explain = || match kernel.explain(&[]) {
        Ok(explained) => explained,
        Err(error) => {
            shell.warning(format_args!("the report shows no instructions: {error}"));
            Vec::new()
        }
    };
    write(arguments, title, changes, (explain, why), shell)
}

/// Writes the page about what a comparison found.
pub(super) fn of_comparison(
    arguments: &PageArgs,
    title: &str,
    (original, patched): (&klp::Checksums<'_>, &klp::Checksums<'_>),
    changes: &Changes,
    shell: &Shell,
) -> Result<(), Error> {
    let explain = || {
        explain_compared(changes, original, patched).unwrap_or_else(|error| {
            shell.warning(format_args!("the report shows no instructions: {error}"));
            Vec::new()
        })
    };
    write(arguments, title, changes, (explain, Why::default), shell)
}

fn write(
    arguments: &PageArgs,
    title: &str,
    changes: &Changes,
    (explain, why): (impl FnOnce() -> Vec<Explained>, impl FnOnce() -> Why),
    shell: &Shell,
) -> Result<(), Error> {
    let Some(path) = &arguments.report else { return Ok(()) };
    shell.phase("the report");
    let (explained, why) = (explain(), why());
    let uses = match &changes.module {
        Some(module) => shared(Utf8Path::new(&module.path))?,
        None => Vec::new(),
    };
    let content = page::Content { title, changes, explained: &explained, why: &why, uses: &uses };
    let path = environment::current_directory()?.join(path);
    output::replace(&path, |file| page::write(&content, file))?;
    shell.status("Reporting", &path);
    Ok(())
}

/// What the livepatch at `path` uses of the running kernel.
fn shared(path: &Utf8Path) -> Result<Vec<Use>, Error> {
    let failed = |source| klp::Error::Read { path: path.to_owned(), source };
    let module = fs_err::read(path).map_err(failed)?;
    let uses = uses(&module);
    Ok(uses.map_err(|source| klp::Error::Check { path: path.to_owned(), source })?)
}
