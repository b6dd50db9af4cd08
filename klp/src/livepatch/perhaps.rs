//! Changed constants. Whether they are a reason against a module, the objects tell that were compiled for one.

use std::collections::BTreeSet;

use klp_core::diff::Changes;
use klp_core::livepatch::{NamedConstant, UnlinkedLivepatch};
use klp_core::record::{Change, Note, Refused};

/// Risks that may be none.
pub(super) struct UncertainRisks {
    constants: BTreeSet<NamedConstant>,
    /// Objects and sections of constants without names.
    nameless: BTreeSet<(String, String)>,
    risks: Vec<Refused>,
}

impl UncertainRisks {
    /// Those of `risks` that are about constants in `changes`.
    pub(super) fn take(
        changes: &Changes,
        constants: BTreeSet<NamedConstant>,
        risks: &mut Vec<Refused>,
    ) -> Self {
        let mut perhaps = Self { constants, nameless: nameless(changes), risks: Vec::new() };
        let all = std::mem::take(risks);
        let (open, certain) =
            all.into_iter().partition(|risk| perhaps.is_named(risk) || perhaps.is_nameless(risk));
        (perhaps.risks, *risks) = (open, certain);
        perhaps
    }

    /// All of them, where nothing more is known.
    pub(super) fn all(self) -> Vec<Refused> {
        self.risks
    }

    /// Those that `livepatch` has not solved. `changes` are told of the others.
    pub(super) fn left_by(
        self,
        livepatch: &UnlinkedLivepatch,
        changes: &mut Changes,
    ) -> Vec<Refused> {
        let is_unread =
            |risk: &Refused| self.is_nameless(risk) && livepatch.unread.contains(&risk.object);
        changes.note_livepatch(self.risks.iter().filter(|risk| is_unread(risk)).map(|risk| {
            let why = "what differs there is a constant that nothing refers to";
            Note::new("unread", &risk.object, &risk.name, why)
        }));
        let comes_along = |risk: &Refused| {
            livepatch.constants.contains(&NamedConstant::new(&risk.object, &risk.name))
        };
        let left = self.risks.iter().filter(|risk| !is_unread(risk) && !comes_along(risk));
        left.cloned().collect()
    }

    fn is_named(&self, risk: &Refused) -> bool {
        self.constants.contains(&NamedConstant::new(&risk.object, &risk.name))
    }

    fn is_nameless(&self, risk: &Refused) -> bool {
        self.nameless.contains(&(risk.object.clone(), risk.name.clone()))
    }
}

fn nameless(changes: &Changes) -> BTreeSet<(String, String)> {
    let nameless = changes.data.iter().filter(|data| {
        data.change == Change::Changed && data.name.is_none() && data.section.starts_with(".rodata")
    });
    nameless.map(|data| (data.object.clone(), data.section.clone())).collect()
}
