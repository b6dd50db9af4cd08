//! Is all that livepatch fills in filled in, is that in time, and is what it leads to there by then? Livepatch does `.klp.rela.OBJECT.SECTION`
//! when it finds OBJECT among those that it is told of, and that of vmlinux when the module is loaded
//! (`klp_init_object_loaded` and `klp_resolve_symbols` in kernel/livepatch/core.c).

use std::collections::BTreeSet;

use super::judge::Judge;
use super::reference::livepatch_name;
use super::{AttestError, Fault};
use crate::check::late;
use crate::module::RawElf;

const PREFIX: &str = ".klp.rela.";
const VMLINUX: &str = "vmlinux";

impl Judge<'_> {
    /// Looks at when each reference that is left to livepatch is made.
    pub(super) fn applied(&mut self, module: &[u8]) -> Result<(), AttestError> {
        let module = RawElf::parse(module)
            .map_err(|source| AttestError::Object { object: "the module".to_owned(), source })?;
        let mut wrong = BTreeSet::new();
        for table in &module.sections {
            let name = table.name_lossy();
            let object = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
            let Some((object, _)) = object else { continue };
            if object != VMLINUX && !self.enabled.objects.contains(object) {
                let what =
                    format!("livepatch is not told of {object}, so it fills in nothing there");
                wrong.insert((name.clone().into_owned(), what));
            }
            let symbols = table.relas().filter_map(|rela| module.symbol_of(&rela));
            for symbol in symbols {
                let symbol = symbol.name_lossy();
                let Some((home, named, _)) = livepatch_name(&symbol) else { continue };
                let is_there =
                    home == object || home != VMLINUX && self.running.needs(object, home);
                if !is_there {
                    let what = format!(
                        "is filled in when {object} is there, and `{named}` of {home} may not be"
                    );
                    wrong.insert((name.clone().into_owned(), what));
                }
            }
        }
        wrong.extend(late::found(&module));
        for (place, what) in wrong {
            self.find("", place, Fault::Reference, what);
        }
        Ok(())
    }
}
