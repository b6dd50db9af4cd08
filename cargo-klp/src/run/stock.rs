//! `cargo klp build --stock`: a kernel that somebody else built.

use kbuild_glue::{BuildError, FileChange, PatchSet, StockParts, Workspace};
use klp_core::Manifest;
use klp_core::image::proof::{Different, Proof};
use klp_core::record::{self, Note, Refused};

use crate::error::Error;
use crate::exit::ExitStatus;
use crate::objects::Build;
use crate::shipped;

use super::build::{Run, conclude};
use super::module::Builds;

/// Why something is refused that is not what was shipped.
const RULE: &str = "unproven";

pub(super) fn run(
    run: &Run<'_>,
    parts: &StockParts,
    patch_set: &PatchSet,
) -> Result<ExitStatus, Error> {
    let Run { place, session, shell, .. } = run;
    let mut events = |event| super::show(event, shell);
    let settings = session.settings();
    let mut workspace = Workspace::open(&place.tree, &place.root, &session.interrupt, &mut events)?;
    let stock = workspace.prepare_stock(parts, &settings, &mut events)?;
    shell.progress().finish();
    if patch_set.patches().is_empty() {
        return super::finish_original(&stock.root, stock.objects(), run.format, shell);
    }
    let changes: Vec<FileChange> =
        patch_set.apply(&workspace.mirror_path()).map_err(BuildError::from)?;
    let touched = stock.touched(&changes).map_err(BuildError::from)?;
    for path in &touched.not_compiled {
        shell.warning(format_args!("{path} is not compiled in this kernel"));
    }
    let original = workspace.compile_stock_original(&stock, &touched, &settings, &mut events)?;
    shell.progress().finish();
    let proofs =
        session.on_threads(|| shipped::proofs(parts, &original.objects, &original.root))??;
    let sum = |count: fn(&record::Proof) -> usize| {
        proofs.iter().map(|(record, _)| count(record)).sum::<usize>()
    };
    let (functions, equal) = (sum(|proof| proof.functions), sum(|proof| proof.equal));
    shell.status(
        "Proving",
        format_args!("{equal} of {functions} functions are those of {}", parts.release),
    );
    let before = session.on_threads(|| {
        Build::of_linked(
            &original.root,
            &original.objects,
            &run.rules.allowlist,
            &Manifest::default(),
        )
    })??;
    let patched =
        workspace.compile_stock_patched(&stock, &touched, changes, &settings, &mut events)?;
    shell.progress().finish();
    let builds = Builds {
        workspace: &workspace,
        original: &original,
        patched: &patched,
        settings: &settings,
    };
    let about = about(run, parts)?;
    conclude(run, &builds, &before, about, |changes| {
        let taken = &run.arguments.unproven;
        let cause = parts.compiler().filter(|compiler| !compiler.is_same());
        let cause =
            cause.map(|compiler| format!("; {}", compiler.difference())).unwrap_or_default();
        let refused =
            proofs.iter().flat_map(|(record, proof)| refused(record, proof, taken, &cause));
        changes.refuse_livepatch(refused.collect());
        let noted =
            proofs.iter().flat_map(|(record, proof)| taken_all_the_same(record, proof, taken));
        changes.note_livepatch(noted.collect::<Vec<_>>());
        changes.proofs = proofs.iter().map(|(record, _)| record.clone()).collect();
    })
}

fn all(proof: &Proof) -> impl Iterator<Item = &Different> {
    proof.different.iter().chain(&proof.different_data)
}

/// What the module says about itself.
fn about(run: &Run<'_>, parts: &StockParts) -> Result<Vec<(&'static str, String)>, Error> {
    let mut hasher = blake3::Hasher::new();
    for path in run.patches {
        let failed = |source| Error::Read { path: path.clone(), source };
        hasher.update(&fs_err::read(path).map_err(failed)?);
    }
    let mut about = vec![
        ("klp_release", parts.release.clone()),
        ("klp_patches", hasher.finalize().to_hex().to_string()),
        ("klp_tool", record::Version::default().tool),
    ];
    let taken = &run.arguments.unproven;
    about
        .push(("klp_unproven", if taken.is_empty() { "none".to_owned() } else { taken.join(",") }));
    Ok(about)
}

fn refused(record: &record::Proof, proof: &Proof, taken: &[String], cause: &str) -> Vec<Refused> {
    let refused = all(proof).filter(|different| !taken.contains(&different.name));
    let each = |different: &Different| Refused {
        object: record.object.clone(),
        name: different.name.clone(),
        why: format!("it is not what the kernel has: {}{cause}", what(different)),
        rule: Some(RULE.to_owned()),
        ignored: None,
    };
    refused.map(each).collect()
}

fn taken_all_the_same(record: &record::Proof, proof: &Proof, taken: &[String]) -> Vec<Note> {
    let noted = all(proof).filter(|different| taken.contains(&different.name));
    let note = |different: &Different| {
        let why = format!("taken though it is not what the kernel has: {}", what(different));
        Note::new(RULE, &record.object, &different.name, why)
    };
    noted.map(note).collect()
}

fn what(different: &Different) -> String {
    match different.offset {
        Some(offset) => format!("{} at +{offset:#x}", different.why),
        None => different.why.clone(),
    }
}
