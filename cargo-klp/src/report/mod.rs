//! Results: to standard output for people or as JSON, and to files.

mod allowlist;
mod blamed;
mod check;
mod doctor;
pub(crate) mod done;
pub(crate) mod dry_run;
mod explained;
mod explained_data;
mod human;
mod inlined;
mod json;
mod markdown;
mod notes;
pub(crate) mod page;
mod pager;
mod reasons;
mod rows;
mod sarif;
mod schema;
mod sources;
mod trial;
mod verdict;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use kbuild_glue::doctor::DoctorCheck;
use klp::{Explained, ObjectWhereabouts};
use klp_core::allowlist::Usage;
use klp_core::diff::Changes;
use klp_core::record::{Failure, Record};
use klp_core::rules::Exclusion;
use klp_core::{Allowlist, Manifest};
use serde::Serialize;

use crate::cli::{MessageFormat, StreamFormat};
use crate::environment;
use crate::printable::PrintableLines;

pub(crate) use check::check;
pub(crate) use explained::ExplanationContext;
pub(crate) use human::{refused, summary};
pub(crate) use sarif::SourcesKnown;
pub(crate) use schema::schema;
pub(crate) use trial::trial;

/// Whether something is on standard output: a stream of records begins with the version record.
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Prints records that are for programs only: what people read of them goes to the terminal.
pub(crate) fn records<T: Serialize>(records: impl IntoIterator<Item = T>) -> io::Result<()> {
    print(|out| json::stream(records, out))
}

/// Prints why there is no result, as the last record; people read it on standard error.
pub(crate) fn failure(failure: Failure, format: MessageFormat) -> io::Result<()> {
    let goes_on = BEGUN.load(Ordering::Relaxed);
    match format {
        MessageFormat::Json if goes_on => print(|out| json::line(&Record::Error(failure), out)),
        MessageFormat::Json => print(|out| json::stream([Record::Error(failure)], out)),
        MessageFormat::Sarif if !goes_on => print(|out| sarif::failure(&failure, out)),
        MessageFormat::Markdown if !goes_on => print(|out| markdown::failure(&failure, out)),
        _ => Ok(()),
    }
}

/// Prints the changed-function set; SARIF tells where in the `sources` it comes from.
pub(crate) fn changes(
    changes: &Changes,
    sources: SourcesKnown<'_>,
    format: MessageFormat,
) -> io::Result<()> {
    print(|out| match format {
        MessageFormat::Human => human::changes(changes, &mut PrintableLines::to(out)),
        MessageFormat::Json => json::records(changes, out),
        MessageFormat::Sarif => sarif::changes(changes, sources, out),
        MessageFormat::Markdown => markdown::changes(changes, out),
    })
}

/// Prints checksums: for people one line a function, else the checksum file.
pub(crate) fn checksums(manifest: &Manifest, format: StreamFormat) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Human => human::checksums(manifest, out),
        StreamFormat::Json => manifest.write(out),
    })
}

/// Prints the rules of what is left out.
pub(crate) fn rules(rules: &[Exclusion], format: StreamFormat) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Human => human::rules(rules, out),
        StreamFormat::Json => json::rules(rules, out),
    })
}

/// Prints which rule applies to what; `apart` are the objects that objtool is kept away from.
pub(crate) fn allowlist(
    allowlist: &Allowlist,
    usage: &Usage,
    apart: &[&str],
    format: StreamFormat,
) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Human => {
            allowlist::human(allowlist, usage, apart, &mut PrintableLines::to(out))
        }
        StreamFormat::Json => allowlist::json(allowlist, usage, apart, out),
    })
}

/// Prints what a build needs.
pub(crate) fn doctor(checks: &[DoctorCheck], format: StreamFormat) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Human => doctor::human(checks, &mut PrintableLines::to(out)),
        StreamFormat::Json => doctor::json(checks, out),
    })
}

/// Prints both versions of changed functions, with so many equal instructions around each that differs.
pub(crate) fn explained(
    explained: &[Explained],
    known: &ExplanationContext,
    context: usize,
    pages: bool,
    format: StreamFormat,
) -> io::Result<()> {
    if format == StreamFormat::Json {
        return print(|out| explained::json(explained, known, out));
    }
    let look = explained::ListingStyle { context, width: columns() };
    let (mut styled_text, mut text) = (Vec::new(), Vec::new());
    explained::human(explained, known, &look, &mut PrintableLines::to(&mut styled_text))?;
    styled(&styled_text, &mut text)?;
    if pages && pager::page(&text)? {
        return Ok(());
    }
    self::text(&text)
}

/// How wide the terminal is, where there is one or a person says so.
fn columns() -> Option<usize> {
    let of_terminal =
        || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col.into());
    environment::columns().or_else(of_terminal)
}

/// Prints where functions have gone; with `list` for other programs that read no JSON.
pub(crate) fn inlined(
    gone: &[ObjectWhereabouts],
    list: bool,
    format: StreamFormat,
) -> io::Result<()> {
    print(|out| match format {
        StreamFormat::Json => inlined::json(gone, out),
        StreamFormat::Human if list => inlined::list(gone, &mut PrintableLines::to(out)),
        StreamFormat::Human => {
            let mut text = Vec::new();
            inlined::human(gone, &mut PrintableLines::to(&mut text))?;
            styled(&text, out)
        }
    })
}

/// Prints a text as it is.
pub(crate) fn text(text: &[u8]) -> io::Result<()> {
    print(|out| out.write_all(text))
}

/// Writes a text with styles, or without them where nobody wants to see them.
fn styled(text: &[u8], mut out: impl Write) -> io::Result<()> {
    match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => {
            anstream::adapter::strip_bytes(text).try_for_each(|plain| out.write_all(plain))
        }
        _ => out.write_all(text),
    }
}

/// Prints to standard output; a reader that goes away, such as `head`, is no error.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    BEGUN.store(true, Ordering::Relaxed);
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
