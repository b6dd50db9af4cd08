//! `cargo klp stock`.

use kbuild_glue::stock::get;
use klp::{Kernel, Location, Rules, Sample};
use klp_core::diff::Changes;
use klp_core::record::ProofRecord;

use crate::cli::{StockArgs, StockCommand, StockGetArgs, StockProveArgs, StreamFormat};
use crate::environment;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::{self, SourcesKnown, done};
use crate::shell::Shell;
use crate::words::count;

use super::{events, session};

pub(crate) fn run(
    arguments: &StockArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    match &arguments.command {
        StockCommand::Get(arguments) => get_packages(arguments, format, shell),
        StockCommand::Prove(arguments) => prove(arguments, format, shell),
    }
}

fn get_packages(
    arguments: &StockGetArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let location = Location {
        current: environment::current_directory()?,
        stock: arguments.release.clone(),
        sysroot: arguments.sysroot.clone(),
        cache_home: environment::cache_home(),
        ..Location::default()
    };
    let (release, path) = (location.release(), location.packages()?);
    get(&release, &path, &mut |event| events::of_build(event, shell))?;
    if format == StreamFormat::Json {
        let record = done::DoneRecord::Unpacked { release: &release, path: path.as_str() };
        report::records([record]).map_err(RunError::Print)?;
    }
    shell.finished(format_args!("the packages of {release} are below {path}"));
    Ok(ExitStatus::Success)
}

fn prove(
    arguments: &StockProveArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let mut location = arguments.tree.location()?;
    location.stock.get_or_insert_default();
    let release = location.release();
    let kernel = Kernel::find(&location)?;
    let session = session::with_jobs(arguments.jobs, shell)?;
    let rules = Rules::default();
    let mut events = |event| super::show(event, shell);
    let original = kernel.open(&session, &mut events)?.original(&rules, &mut events)?;
    let objects = arguments.objects.clone();
    let sample = Sample { objects, random: arguments.sample, seed: arguments.seed };
    let proofs = original.prove(&sample, &mut events)?;
    let sum = |number: fn(&ProofRecord) -> usize| proofs.iter().map(number).sum::<usize>();
    let (functions, equal) = (sum(|proof| proof.functions), sum(|proof| proof.equal));
    let text = format!(
        "{equal} of {functions} functions in {} are those of {release}",
        count(proofs.len(), "object")
    );
    let is_proven = proofs.iter().all(|proof| proof.first.is_none());
    let mut changes = Changes::default();
    changes.proofs = proofs;
    report::changes(&changes, SourcesKnown::default(), format.into()).map_err(RunError::Print)?;
    shell.finished(text);
    Ok(if is_proven { ExitStatus::Success } else { ExitStatus::Refused })
}
