//! Whether both versions side by side show that a function changed, and nothing where none did.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use klp_core::checksum::{Analysis, Digest};
use klp_core::diff::Changes;
use klp_core::explain::{AlignedRow, named, rows};
use klp_core::ids::List;
use klp_core::layout::FunctionId;
use klp_core::record::{Change, ChangedFunction};

use super::check::word_of;

/// Kinds of causes that can be in no instruction, and in nothing that is said about one.
const ELSEWHERE: [&str; 7] =
    ["alignment", "fall-through", "prefix", "relocation", "section", "traceable", "unproven"];

/// Inputs that differ in no instruction and in nothing that is said about one: by the order or the extent of entries, by two
/// variables of one name that become one, or in bytes that mean the same and count because something refers into them.
const UNSEEN: [&str; 24] = [
    "data/bounded_in_cold",
    "data/unnamed_shared",
    "names/inner_label",
    "names/inner_label_end",
    "places/alternative_covers_more",
    "places/alternatives_overlap_order",
    "places/alternatives_overlap_partly",
    "places/branches_in_table",
    "places/jmp_relaxed_at_listed_site",
    "places/jmp_relaxed_at_patch_site",
    "places/nop_at_patch_site",
    "places/nop_forms_in_table",
    "places/stride",
    "places/table_in_code_compared_wide",
    "places/table_in_code_indexed",
    "places/table_in_code_near",
    "places/table_in_code_pointed",
    "sections/excluded_entries",
    "sections/merge_entsize_halves",
    "special/alternative_13_padding",
    "special/alternative_aux",
    "special/exception_fixup_code",
    "special/not_loaded",
    "unnamed/memory_elsewhere",
];

/// Inputs in which a difference is seen that rules leave out: another name for one place, a branch to padding, and what
/// objtool has done to one object alone.
const SEEN: [&str; 13] = [
    "names/alias_added",
    "names/alias_body",
    "names/alias_instead",
    "names/alias_instead_called",
    "names/alias_moves",
    "names/weak_alias_moves",
    "places/padding_at_target",
    "rules/derived_static_call_site",
    "rules/jump_label_among_jumps",
    "rules/jump_label_instruction",
    "rules/mcount_nop",
    "unnamed/empty_key_and_lock",
    "unnamed/empty_key_fourth",
];

/// An object with the digests of its functions.
struct Version<'d> {
    analysis: Analysis<'d>,
    digests: List<FunctionId, Result<Digest, String>>,
}

impl<'d> Version<'d> {
    fn of(object: &'d [u8]) -> Result<Self> {
        let analysis = Analysis::of(object)?;
        let digests = analysis.checksums().functions.digests;
        Ok(Self { analysis, digests })
    }

    /// The function of that name with that digest.
    fn find(&self, name: &str, digest: &Digest) -> Option<(&Analysis<'d>, FunctionId)> {
        let is_it = |id: &FunctionId| matches!(&self.digests[*id], Ok(it) if it == digest);
        let function = named(&self.analysis, name).into_iter().find(is_it)?;
        Some((&self.analysis, function))
    }

    /// Each function that has a digest, by its first name.
    fn functions(&self) -> impl Iterator<Item = (String, &Digest, FunctionId)> {
        self.analysis.layout.functions.with_ids().filter_map(|(function, id)| {
            let symbol = self.analysis.elf.symbol(*function.symbols.first()?);
            Some((symbol.name_lossy().into_owned(), self.digests[id].as_ref().ok()?, id))
        })
    }
}

/// What is wrong with what is shown of `input`.
pub(super) fn problems(
    input: &str,
    [original, patched]: [&[u8]; 2],
    changes: &Changes,
) -> Result<String> {
    let (before, after) = (Version::of(original)?, Version::of(patched)?);
    let mut problems = String::new();
    let other = || changes.functions.iter().filter(|it| it.change == Change::Changed);
    // Who can reach a constant that changed may have the same digest.
    let is_told = |it: &&ChangedFunction| {
        !UNSEEN.contains(&input) && it.original_checksum != it.patched_checksum
    };
    for function in other().filter(is_told) {
        let kinds: Vec<String> = function.causes.iter().map(|it| word_of(it.kind)).collect();
        if kinds.iter().all(|kind| ELSEWHERE.contains(&kind.as_str())) {
            continue;
        }
        let name = function.original_name.as_ref().unwrap_or(&function.name);
        let was = function.original_checksum.as_ref().and_then(|it| before.find(name, it));
        let is = function.patched_checksum.as_ref().and_then(|it| after.find(&function.name, it));
        let (Some(was), Some(is)) = (was, is) else { continue };
        if !rows(was, is).iter().any(AlignedRow::is_different) {
            let _ = writeln!(problems, "nothing is seen to differ: {name} ({})", kinds.join(", "));
        }
    }
    let names: BTreeSet<&str> = other().map(|function| function.name.as_str()).collect();
    for (name, digest, function) in before.functions().filter(|_| !SEEN.contains(&input)) {
        let Some(is) = after.find(&name, digest).filter(|_| !names.contains(name.as_str())) else {
            continue;
        };
        let rows = rows((&before.analysis, function), is);
        if let Some(row) = rows.iter().find(|row| row.is_different()) {
            let _ = writeln!(problems, "seen to differ, and is the same: {name}: {row:?}");
        }
    }
    Ok(problems)
}
