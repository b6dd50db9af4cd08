//! `cargo klp stock`.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use kbuild_glue::stock::get;
use kbuild_glue::{Linked, StockTouched, Workspace};
use klp_core::diff::Changes;

use crate::cli::{MessageFormat, Stock, StockCommand, StockGet, StockProve};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::place::{self, Place};
use crate::report::{self, done};
use crate::shell::Shell;
use crate::shipped;

use super::session::Session;

pub(crate) fn run(
    arguments: &Stock,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    match &arguments.command {
        StockCommand::Get(arguments) => get_packages(arguments, format, shell),
        StockCommand::Prove(arguments) => prove(arguments, format, shell),
    }
}

fn get_packages(
    arguments: &StockGet,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let release = place::stock_release(arguments.release.as_deref().unwrap_or_default());
    let sysroot = match &arguments.sysroot {
        Some(path) => place::current_directory()?.join(path),
        None => place::packages(&release)?,
    };
    get(&release, &sysroot, &mut |event| super::show(event, shell))?;
    if format == MessageFormat::Json {
        let record = done::Record::Unpacked { release: &release, path: sysroot.as_str() };
        report::records([record]).map_err(Error::Print)?;
    }
    shell.finished(format_args!("the packages of {release} are below {sysroot}"));
    Ok(ExitStatus::Success)
}

fn prove(
    arguments: &StockProve,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let mut tree = arguments.tree.clone();
    tree.stock.get_or_insert_default();
    let place = Place::find(&tree)?;
    let Some(parts) = &place.stock else { return Ok(ExitStatus::Failure) };
    let session = Session::with_jobs(arguments.jobs, Vec::new(), shell)?;
    let mut events = |event| super::show(event, shell);
    let settings = session.settings();
    let mut workspace = Workspace::open(&place.tree, &place.root, &session.interrupt, &mut events)?;
    let stock = workspace.prepare_stock(parts, &settings, &mut events)?;
    let mut objects: BTreeSet<Utf8PathBuf> = arguments.objects.iter().cloned().collect();
    objects.extend(
        stock.sample(arguments.sample, arguments.seed, |linked| *linked == Linked::Vmlinux),
    );
    objects.extend(
        stock.sample(arguments.sample, arguments.seed, |linked| *linked != Linked::Vmlinux),
    );
    let touched = StockTouched { objects, ..StockTouched::default() };
    let original = workspace.compile_stock_original(&stock, &touched, &settings, &mut events)?;
    shell.progress().finish();
    let proofs =
        session.on_threads(|| shipped::proofs(parts, &original.objects, &original.root))??;
    let proofs: Vec<_> = proofs.into_iter().map(|(record, _)| record).collect();
    let count =
        |count: fn(&klp_core::record::Proof) -> usize| proofs.iter().map(count).sum::<usize>();
    let (functions, equal) = (count(|proof| proof.functions), count(|proof| proof.equal));
    let text = format!(
        "{equal} of {functions} functions in {} objects are those of {}",
        proofs.len(),
        parts.release
    );
    let mut changes = Changes::default();
    changes.proofs = proofs;
    report::changes(&changes, format).map_err(Error::Print)?;
    shell.finished(text);
    Ok(if equal == functions { ExitStatus::Success } else { ExitStatus::Refused })
}
