//! Hunks that change how others use a static function or variable. Compilers see all uses of what is static, and make its
//! code for those: with an argument that all calls have in common, or without a variable that nothing writes.

use camino::Utf8Path;
use kbuild_glue::{BuildVersion, TracedHunk};
use klp_core::record::ChangedFunction;

use super::blocks::{Block, BlockKind, Blocks};
use super::called::is_called;
use super::named::names;
use super::reach::{Evidence, HunkReach, HunkReason, ReachKind, VERSIONS};

impl HunkReach<'_> {
    /// Hunks that change a call of `function`, if that is static.
    pub(super) fn calls(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        let known = VERSIONS.map(|version| self.instances(function, version));
        let mut found = Vec::new();
        for instance in known.iter().flatten().filter(|it| it.chain.is_empty()) {
            let is_own = VERSIONS.iter().any(|version| {
                let blocks = self.sources.blocks(&instance.file, *version);
                let own = blocks.at(instance.line).filter(|it| it.names.contains(&instance.name));
                own.is_some_and(|own| is_static(&blocks, own))
            });
            if is_own {
                found.extend(self.uses(ReachKind::Call, |caller, statement, _| {
                    let is_other = caller != instance.name && is_called(statement, &instance.name);
                    is_other.then(|| caller.to_owned())
                }));
            }
        }
        found
    }

    /// Hunks that change how a static variable is used which `function` uses, too.
    pub(super) fn variables(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        let texts = VERSIONS.map(|version| {
            let texts = self.texts(&self.instances(function, version), version);
            texts.iter().flat_map(|it| names(&it.text)).collect::<Vec<String>>()
        });
        self.uses(ReachKind::Use, |_, statement, (file, version)| {
            let blocks = self.sources.blocks(file, version);
            let is_it = |block: &&Block| block.kind == BlockKind::Data && is_static(&blocks, block);
            let used = names(statement);
            let variables = blocks.blocks.iter().filter(is_it).filter_map(|it| it.names.first());
            let mut both = variables.filter(|name| used.contains(*name));
            both.find(|name| texts.iter().any(|text| text.contains(*name))).cloned()
        })
    }

    /// Hunks with lines in functions of C of which `through` says what they use: it is told the function, the statement, and
    /// the file in its version.
    fn uses(
        &self,
        how: ReachKind,
        through: impl Fn(&str, &str, (&Utf8Path, BuildVersion)) -> Option<String>,
    ) -> Vec<HunkReason> {
        let mut found = Vec::new();
        for (number, hunk) in self.hunks.iter().enumerate().filter(|(_, it)| self.can_read(it)) {
            if !matches!(hunk.file.extension(), Some("c" | "h")) {
                continue;
            }
            for version in VERSIONS {
                let blocks = self.sources.blocks(&hunk.file, version);
                for line in code_lines(hunk, version) {
                    let function = blocks.at(*line).filter(|it| it.kind == BlockKind::Function);
                    let Some((block, name)) = function.and_then(|it| Some((it, it.names.first()?)))
                    else {
                        continue;
                    };
                    let statement = statement(&blocks, block, *line);
                    if let Some(through) = through(name, &statement, (&hunk.file, version)) {
                        let (through, evidence) = (vec![through], Evidence::Text);
                        found.push(HunkReason { hunk: number, how, through, evidence });
                    }
                }
            }
        }
        found
    }
}

/// The lines of a version that a hunk removes or adds.
pub(super) fn code_lines(hunk: &TracedHunk, version: BuildVersion) -> &[usize] {
    match version {
        BuildVersion::Original => &hunk.removed,
        BuildVersion::Patched => &hunk.added,
    }
}

/// Whether nothing outside of its source can name what `block` defines.
fn is_static(blocks: &Blocks, block: &Block) -> bool {
    let text = blocks.text(block);
    let head = text.split(['{', '=']).next().unwrap_or_default();
    head.split_whitespace().any(|word| word == "static")
}

/// The statement in `block` that has line `line`, as far as line ends tell.
pub(super) fn statement(blocks: &Blocks, block: &Block, line: usize) -> String {
    let text = |line: usize| blocks.lines.get(line.saturating_sub(1)).map_or("", |it| it.trim());
    let ends = |line: usize| text(line).is_empty() || text(line).ends_with([';', '{', '}', ':']);
    let mut first = line;
    while first > block.first && !ends(first.saturating_sub(1)) {
        first = first.saturating_sub(1);
    }
    let mut last = line;
    while last < block.last && !ends(last) {
        last = last.saturating_add(1);
    }
    (first..=last).map(text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_all_its_lines() {
        let source =
            "static int f(int n)\n{\n\tint a = n;\n\n\treturn g(a,\n\t\t h(n),\n\t\t 1);\n}\n";
        let blocks = Blocks::of(source.as_bytes());
        let block = blocks.at(1).unwrap();
        assert!(is_static(&blocks, block));
        for line in 5..=7 {
            assert_eq!(statement(&blocks, block, line), "return g(a,\nh(n),\n1);");
        }
        assert_eq!(statement(&blocks, block, 3), "int a = n;");
    }
}
