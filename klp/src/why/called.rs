//! Hunks in functions that the text of another one calls: compilers do not tell of all that they inline, and say nothing
//! where there is no debug information.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::BuildVersion;
use klp_core::record::ChangedFunction;

use super::blocks::{Block, BlockKind};
use super::instances::Instance;
use super::reach::{Evidence, HunkReach, HunkReason, ReachKind, VERSIONS, changed};

/// How many calls, one in the other, are followed.
const DEEP: usize = 4;

impl HunkReach<'_> {
    /// Those hunks, each through the fewest calls.
    pub(super) fn called(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        VERSIONS.iter().flat_map(|version| self.called_in(function, *version)).collect()
    }

    /// What is called first stands in the function's own text. Where that tells nothing, as behind a macro, what debug
    /// information says is inlined tells.
    fn called_in(&self, function: &ChangedFunction, version: BuildVersion) -> Vec<HunkReason> {
        let (own, inlined): (Vec<Instance>, Vec<Instance>) =
            self.instances(function, version).into_iter().partition(|it| it.chain.is_empty());
        let found = self.called_from(&own, version);
        if !found.is_empty() {
            return found;
        }
        let all = [own, inlined].concat();
        self.called_from(&all, version)
    }

    fn called_from(&self, instances: &[Instance], version: BuildVersion) -> Vec<HunkReason> {
        let changed = self.changed_functions(version);
        let files: BTreeSet<&Utf8Path> = instances
            .iter()
            .map(|instance| instance.file.as_path())
            .chain(self.hunks.iter().map(|hunk| hunk.file.as_path()))
            .collect();
        let mut seen: BTreeSet<String> = instances.iter().map(|it| it.name.clone()).collect();
        let mut open: VecDeque<(Vec<String>, BTreeSet<&Utf8Path>, String)> = instances
            .iter()
            .map(|it| {
                let texts = self.texts(std::slice::from_ref(it), version).into_iter();
                let text = texts.map(|it| it.text).collect();
                (it.chain.clone(), BTreeSet::from([it.file.as_path()]), text)
            })
            .collect();
        let mut found = Vec::new();
        while let Some((chain, callers, text)) = open.pop_front() {
            for file in &files {
                let blocks = self.sources.blocks(file, version);
                for block in blocks.blocks.iter().filter(|block| block.kind == BlockKind::Function)
                {
                    let Some(name) = block.names.first() else { continue };
                    let text_of = blocks.text(block);
                    // No other source can call it.
                    let is_own = file.extension() == Some("c") && text_of.starts_with("static");
                    let is_hidden = is_own && !BTreeSet::contains(&callers, file);
                    if seen.contains(name) || is_hidden || !is_called(&text, name) {
                        continue;
                    }
                    seen.insert(name.clone());
                    let through: Vec<String> =
                        chain.iter().chain(std::iter::once(name)).cloned().collect();
                    let place = ((*file).to_owned(), block.first);
                    for hunk in changed.get(&place).into_iter().flatten() {
                        let (how, evidence) = (ReachKind::Inlined, Evidence::Text);
                        let through = through.clone();
                        found.push(HunkReason { hunk: *hunk, how, through, evidence });
                    }
                    if through.len() < DEEP {
                        open.push_back((through, BTreeSet::from([*file]), text_of));
                    }
                }
            }
        }
        found
    }

    /// The functions that hunks change, by file and first line.
    fn changed_functions(
        &self,
        version: BuildVersion,
    ) -> BTreeMap<(Utf8PathBuf, usize), Vec<usize>> {
        let mut all: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (number, hunk) in self.hunks.iter().enumerate() {
            let blocks = self.sources.blocks(&hunk.file, version);
            let is_code = |line: &usize| !blocks.is_blank(&[*line]);
            let lines = changed(hunk, version).into_iter().filter(is_code);
            let functions: BTreeSet<usize> = lines
                .filter_map(|line| blocks.at(line))
                .filter(|block| block.kind == BlockKind::Function)
                .map(|block| block.first)
                .collect();
            for first in functions {
                all.entry((hunk.file.clone(), first)).or_default().push(number);
            }
        }
        all
    }
}

/// Whether `text` calls the function `name`: it stands before a parenthesis, and is no member.
pub(super) fn is_called(text: &str, name: &str) -> bool {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let behind = rest.get(name.len()..).unwrap_or_default();
        let before = before.trim_end_matches([' ', '\t']);
        let is_member = before.ends_with("->") || before.ends_with('.');
        let is_word = !text.get(..at).is_some_and(|it| it.ends_with(is_part));
        is_word && !is_member && behind.trim_start().starts_with('(')
    })
}

/// Whether `block` is the function that compilers call `symbol`.
pub(crate) fn defines(block: &Block, symbol: &str) -> bool {
    let name = symbol.split('.').next().unwrap_or(symbol);
    let mut names = block.names.iter();
    block.kind == BlockKind::Function
        && names.any(|own| own == name || is_system_call(block, own, name) || is_stub(own, name))
}

/// Names that `SYSCALL_DEFINEn` pastes together (`arch/x86/include/asm/syscall_wrapper.h`).
fn is_system_call(block: &Block, own: &str, symbol: &str) -> bool {
    let is_definition = |name: &String| name.contains("SYSCALL_DEFINE");
    block.names.first().is_some_and(is_definition) && system_call(symbol) == Some(own)
}

/// The name that stands in the source of the system call `symbol`.
pub(crate) fn system_call(symbol: &str) -> Option<&str> {
    let prefixes = ["__do_sys_", "__se_sys_", "__x64_sys_", "__ia32_sys_", "__do_compat_sys_"];
    prefixes.iter().find_map(|prefix| symbol.strip_prefix(prefix))
}

/// What calls an initcall where the compiler optimizes at link time (`__initcall_stub` of include/linux/init.h): its name
/// ends with that of the function and the level.
fn is_stub(own: &str, symbol: &str) -> bool {
    let Some(rest) = symbol.strip_prefix("__initstub__") else { return false };
    let level = rest.rsplit_once(own).filter(|(before, _)| before.ends_with('_'));
    level.is_some_and(|(_, level)| !level.contains('_') && level.len() <= 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_no_call() {
        assert!(is_called("return count(argv, 1);", "count"));
        assert!(is_called("x = count (1)", "count"));
        for text in ["m->count = count;", "m->count(1)", "m.count(2)", "account(1)", "counts(1)"] {
            assert!(!is_called(text, "count"), "{text}");
        }
    }

    #[test]
    fn symbols_are_known_by_what_stands_in_the_text() {
        let block = |names: &[&str]| Block {
            kind: BlockKind::Function,
            names: names.iter().map(|it| (*it).to_owned()).collect(),
            first: 1,
            last: 2,
        };
        let call = block(&["SYSCALL_DEFINE2", "timerfd_create", "int"]);
        assert!(defines(&call, "__x64_sys_timerfd_create"));
        assert!(!defines(&call, "__x64_sys_timerfd_settime"));
        assert!(!defines(&block(&["timerfd_create"]), "__x64_sys_timerfd_create"));
        let init = block(&["proc_version_init"]);
        assert!(defines(&init, "__initstub__kmod_proc__343_27_proc_version_init5"));
        assert!(!defines(&block(&["version_init"]), "__initstub__kmod_proc__343_27_other_init5"));
        assert!(defines(&init, "proc_version_init.llvm.123"));
    }
}
