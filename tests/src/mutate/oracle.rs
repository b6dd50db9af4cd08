//! What a mutation must change, and what it may.

use std::collections::BTreeSet;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};
use klp_core::checksum::Analysis;
use klp_core::elf::{Place, Reloc, RelocKind, Section};
use klp_core::{name, rules};

use super::regions::{Nature, Regions, branches, code_relocs, place};
use super::site::{Flip, Mutation};

/// Something with a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum UnitId {
    /// By index in `Layout::functions`.
    Function(usize),
    /// A named data object, by index in `Layout::spans`.
    Data(usize),
    /// What a section holds beside named and referred-to data.
    Rest(u32),
}

impl UnitId {
    pub(super) fn name(self, analysis: &Analysis<'_>) -> String {
        let symbol = |span: usize| {
            let symbol = analysis.layout.spans.get(span)?.symbol?;
            Some(analysis.elf.symbol(symbol)?.name_lossy().into_owned())
        };
        match self {
            Self::Function(index) => {
                let body =
                    analysis.layout.functions.get(index).map(|function| function.body as usize);
                body.and_then(symbol).unwrap_or_else(|| format!("function {index}"))
            }
            Self::Data(span) => symbol(span).unwrap_or_else(|| format!("data {span}")),
            Self::Rest(section) => format!("rest of section {section}"),
        }
    }
}

/// What a mutation means.
#[derive(Debug, Clone, Default)]
pub(super) struct Expect {
    /// Units that must change (inside a rule: that must not).
    pub(super) must: BTreeSet<UnitId>,
    /// Whether all of `must` have to, or one.
    pub(super) all: bool,
    /// Units that may change.
    pub(super) may: BTreeSet<UnitId>,
    /// The rule that the mutation is inside of.
    pub(super) rule: Option<&'static str>,
}

/// Fields of special entries that rules leave out: section, entry size, bytes.
const LEFT_OUT: &[(&str, u64, std::ops::Range<u64>)] =
    &[("__bug_table", 12, 4..10), ("__bug_table", 16, 8..14), (".parainstructions", 16, 10..16)];

pub(super) struct Oracle {
    regions: Regions,
    /// Section, start, end and function of all code.
    code: Vec<(u32, u64, u64, usize)>,
    longest: u64,
    /// Units that refer to places inside of each function.
    inside: std::collections::BTreeMap<usize, BTreeSet<UnitId>>,
}

impl Oracle {
    pub(super) fn of(analysis: &Analysis<'_>) -> Self {
        let mut code = Vec::new();
        for (number, function) in analysis.layout.functions.iter().enumerate() {
            for span in function.spans().filter_map(|span| analysis.layout.span(span)) {
                code.push((span.section, span.start, span.end, number));
            }
        }
        code.sort_unstable();
        let longest = code.iter().map(|(_, start, end, _)| end - start).max().unwrap_or(0);
        let regions = Regions::of(analysis);
        let mut oracle =
            Self { regions, code, longest, inside: std::collections::BTreeMap::default() };
        oracle.attribute_entries(analysis);
        oracle.find_inside_references(analysis);
        oracle
    }

    pub(super) fn expect(&self, analysis: &Analysis<'_>, mutation: &Mutation) -> Option<Expect> {
        let section = analysis.elf.section(mutation.section)?;
        let mut expect = if let Some(rule) = rules::for_section(section.name) {
            Expect { rule: Some(rule.name), ..Expect::default() }
        } else if rules::is_attributed(section.name) {
            self.entry(analysis, section, mutation)?
        } else if section.is_code() {
            self.code(analysis, section, mutation)?
        } else {
            self.data(analysis, section, mutation)?
        };
        if !matches!(mutation.flip, Flip::Byte { .. }) {
            let reloc = section.relocs.at(mutation.offset)?;
            expect.rule = expect.rule.or(relocation_rule(&reloc, mutation.flip)?);
            self.targets(analysis, section, &reloc, mutation, &mut expect)?;
        } else if is_relocated(section, mutation.offset) {
            expect.rule = expect.rule.or(Some("relocated"));
        }
        let must: Vec<UnitId> = expect.must.iter().copied().collect();
        expect.may.extend(must);
        Some(expect)
    }

    /// Functions with code at `offset` of `section`.
    fn functions_at(&self, section: u32, offset: u64) -> BTreeSet<UnitId> {
        let after =
            self.code.partition_point(|(other, start, ..)| (*other, *start) <= (section, offset));
        let near = self.code.get(..after).unwrap_or_default().iter().rev();
        near.take_while(|(other, start, ..)| *other == section && offset - start <= self.longest)
            .filter(|(_, _, end, _)| offset < *end)
            .map(|(.., function)| UnitId::Function(*function))
            .collect()
    }

    fn attribute_entries(&mut self, analysis: &Analysis<'_>) {
        for section in
            analysis.elf.sections.iter().filter(|section| rules::is_attributed(section.name))
        {
            let Some(size) = entry_size(section) else { continue };
            for reloc in section.relocs.iter() {
                let field = reloc.offset % size;
                let start = section.relocs.at(reloc.offset - field);
                let code = start.and_then(|start| place(analysis, &start, 0));
                let owners = code.map(|(section, offset)| self.functions_at(section, offset));
                for unit in owners.unwrap_or_default() {
                    if !is_left_out(section, size, field) {
                        self.regions.link_entry(analysis, unit, &reloc);
                    }
                }
            }
        }
    }

    fn find_inside_references(&mut self, analysis: &Analysis<'_>) {
        let mut found: Vec<(usize, UnitId)> = Vec::new();
        let mut add = |oracle: &Self, units: &BTreeSet<UnitId>, to: Option<(u32, u64)>| {
            let Some((section, offset)) = to else { return };
            for owner in oracle.functions_at(section, offset) {
                if let UnitId::Function(owner) = owner {
                    found.extend(units.iter().map(|unit| (owner, *unit)));
                }
            }
        };
        for (section, start, end, function) in &self.code {
            let unit = BTreeSet::from([UnitId::Function(*function)]);
            for (reloc, bias) in code_relocs(analysis, *section, *start, *end) {
                let to = place(analysis, &reloc, bias);
                if to.is_some_and(|(section, at)| {
                    analysis.layout.find(section, at).is_some_and(|span| {
                        analysis.layout.span(span).is_some_and(|span| span.start != at)
                    })
                }) {
                    add(self, &unit, to);
                }
            }
        }
        for (section, start, end, function) in &self.code {
            let unit = BTreeSet::from([UnitId::Function(*function)]);
            for target in branches(analysis, *section, *start, *end) {
                if !(*start..*end).contains(&target) {
                    add(self, &unit, Some((*section, target)));
                }
            }
        }
        for (section, index) in analysis.elf.sections.iter().zip(0u32..) {
            if section.is_allocated()
                && !section.is_code()
                && rules::for_section(section.name).is_none()
            {
                for reloc in section.relocs.iter() {
                    let to = place(analysis, &reloc, 0);
                    if to.is_some_and(|(to, _)| {
                        analysis.elf.section(to).is_some_and(Section::is_code)
                    }) {
                        let size =
                            entry_size(section).filter(|_| rules::is_attributed(section.name));
                        let start = size
                            .and_then(|size| section.relocs.at(reloc.offset - reloc.offset % size));
                        let units = match start.and_then(|start| place(analysis, &start, 0)) {
                            Some((code, offset)) => self.functions_at(code, offset),
                            None => self.regions.around(index, reloc.offset),
                        };
                        add(self, &units, to);
                    }
                }
            }
        }
        for (function, unit) in found {
            self.inside.entry(function).or_default().insert(unit);
        }
    }

    fn code(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        mutation: &Mutation,
    ) -> Option<Expect> {
        let must = self.functions_at(mutation.section, mutation.offset);
        let nameless = |unit: &UnitId| match unit {
            UnitId::Function(function) => analysis.layout.functions.get(*function)?.symbols.first(),
            _ => None,
        };
        if must.iter().any(|unit| nameless(unit).is_none()) {
            // Mostly the room between functions; its content decides whether it is code at all.
            return None;
        }
        let mut may = must.clone();
        for unit in &must {
            if let UnitId::Function(function) = unit {
                may.extend(self.inside.get(function).into_iter().flatten());
            }
        }
        let start = self.code.iter().find(|(index, start, end, _)| {
            *index == mutation.section && (*start..*end).contains(&mutation.offset)
        });
        let (_, start, end, _) = *start?;
        let code = section.bytes(start, end - start)?;
        let before = at(code, start, mutation.offset)?;
        let label = jump_label(analysis, mutation.section, before.ip());
        let mut rule = None;
        if let Flip::Byte { mask } = mutation.flip {
            let mut copy = code.to_vec();
            *copy.get_mut(usize::try_from(mutation.offset - start).ok()?)? ^= mask;
            let after = at(&copy, start, before.ip())?;
            let is_nop = |instruction: &Instruction| instruction.mnemonic() == Mnemonic::Nop;
            if is_nop(&before) || label {
                let same = is_nop(&after) && after.len() == before.len();
                rule = same.then_some("padding");
                if label || (!same && is_nop(&after)) {
                    return None;
                }
            } else if before.is_jmp_short_or_near()
                || before.is_call_near()
                || before.is_jcc_short_or_near()
            {
                // A branch to padding means what follows it; whether it still does is not for us to say.
                let same = before.op0_kind() == after.op0_kind() && before.code() == after.code();
                let near =
                    |instruction: &Instruction| canonical(analysis, mutation.section, instruction);
                if same && near(&before) == near(&after) {
                    return None;
                }
            } else if is_nop(&after) {
                return None;
            }
        } else if label || before.mnemonic() == Mnemonic::Nop {
            return None;
        }
        Some(Expect { must, may, rule, all: false })
    }

    fn entry(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        mutation: &Mutation,
    ) -> Option<Expect> {
        let size = entry_size(section)?;
        let field = mutation.offset % size;
        let location = section.relocs.at(mutation.offset - field)?;
        let (code, offset) = place(analysis, &location, 0)?;
        let must = self.functions_at(code, offset);
        let mut may = must.clone();
        if field == 0 && !matches!(mutation.flip, Flip::Byte { .. }) {
            // Without its address an entry belongs to nobody, and all functions are refused.
            let Flip::Addend { by } = mutation.flip else { return None };
            let moved = offset.checked_add_signed(by)?;
            may.extend(self.functions_at(code, moved));
            if may.len() == must.len() && self.functions_at(code, moved).is_empty()
                || is_padding(analysis, code, offset)
            {
                return None;
            }
        }
        let empty = section.name == b".altinstructions"
            && field == 4
            && section.bytes(mutation.offset - field + if size == 14 { 13 } else { 11 }, 1)? == [0];
        if let (b".altinstructions", Flip::Addend { by }) = (section.name, mutation.flip) {
            // Many replacements are alike.
            let len = u64::from(
                *section
                    .bytes(mutation.offset - field + if size == 14 { 13 } else { 11 }, 1)?
                    .first()?,
            );
            let (code, from) = place(analysis, &section.relocs.at(mutation.offset)?, 0)?;
            let code = analysis.elf.section(code)?;
            if code.bytes(from, len) == code.bytes(from.checked_add_signed(by)?, len) {
                return None;
            }
        }
        let rule = (empty || is_left_out(section, size, field)).then_some("line-number");
        let few = section.name == b"__bug_table" && section.size < 8 * size;
        let is_byte = matches!(mutation.flip, Flip::Byte { .. });
        let reformats = matches!(mutation.flip, Flip::Offset { .. } | Flip::Type { .. });
        if rule.is_some() && !is_byte && (reformats || few) {
            // The entry is then one of another format.
            return None;
        }
        Some(Expect { must, may, rule, all: false })
    }

    fn data(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        mutation: &Mutation,
    ) -> Option<Expect> {
        let index = self.regions.find(mutation.section, mutation.offset)?;
        let region = self.regions.get(index)?;
        let reachers = |offset| self.regions.reachers(index, offset);
        let rest = UnitId::Rest(mutation.section);
        let mut expect = match region.nature {
            Nature::Named(span) => Expect {
                must: BTreeSet::from([UnitId::Data(span)]),
                all: true,
                ..Expect::default()
            },
            Nature::Merged => {
                let named = analysis.layout.find(mutation.section, mutation.offset);
                let named = named.map(|span| UnitId::Data(span as usize));
                let all = named.is_none();
                Expect {
                    must: reachers(mutation.offset).into_iter().chain(named).collect(),
                    all,
                    ..Expect::default()
                }
            }
            Nature::Unstable => Expect { must: reachers(u64::MAX), all: true, ..Expect::default() },
            Nature::Gap => {
                let mut must = reachers(u64::MAX);
                must.insert(rest);
                Expect { must, ..Expect::default() }
            }
        };
        if expect.must.is_empty() {
            if region.nature == Nature::Merged {
                // Nobody refers to this text, or only what a rule leaves out.
                return None;
            }
            expect.must.insert(rest);
        }
        expect.may = expect.must.clone();
        expect.may.extend(self.regions.reachers(index, u64::MAX));
        let field = mutation.offset - region.start;
        if section.name == b"__dyndbg" {
            expect.rule = match (field, mutation.flip) {
                (0 | 8 | 16, Flip::Symbol { .. } | Flip::Addend { .. } | Flip::Type { .. }) => {
                    Some("line-number")
                }
                (32 | 33, Flip::Byte { .. }) => Some("line-number"),
                (34, Flip::Byte { mask }) if mask & 0xfc == 0 => Some("line-number"),
                _ => None,
            };
        }
        let symbol = analysis.layout.find(mutation.section, mutation.offset);
        let symbol =
            symbol.and_then(|span| analysis.elf.symbol(analysis.layout.span(span)?.symbol?));
        if symbol.is_some_and(|symbol| rules::is_bookkeeping_object(symbol.name)) {
            return None;
        }
        Some(expect)
    }

    /// Adds what depends on the old and the new target of a mutated relocation. None where the two
    /// mean the same.
    fn targets(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        reloc: &Reloc,
        mutation: &Mutation,
        expect: &mut Expect,
    ) -> Option<()> {
        let mut mutated = *reloc;
        match mutation.flip {
            Flip::Symbol { to } => mutated.symbol = to,
            Flip::Addend { by } => mutated.addend = reloc.addend.wrapping_add(by),
            _ => {}
        }
        for reloc in [reloc, &mutated] {
            for bias in if section.is_code() { 4..9 } else { 0..1 } {
                let Some((section, offset)) = place(analysis, reloc, bias) else { continue };
                if !analysis.elf.section(section).is_some_and(Section::is_code) {
                    expect.may.extend(self.regions.around(section, offset));
                }
            }
        }
        if let Flip::Symbol { .. } = mutation.flip {
            let (old, new) =
                (analysis.elf.symbol(reloc.symbol)?, analysis.elf.symbol(mutated.symbol)?);
            let same_place = old.place == new.place && old.value == new.value;
            let same_name = name::base(old.name) == name::base(new.name) && !old.name.is_empty();
            if same_place || same_name {
                return None;
            }
        }
        let zeros = |reloc: &Reloc| is_zeroed(analysis, reloc);
        let moved = matches!(mutation.flip, Flip::Addend { .. } | Flip::Symbol { .. });
        if moved && zeros(reloc) && zeros(&mutated) {
            return None;
        }
        let bias = if section.is_code() { 4 } else { 0 };
        let code = |reloc: &Reloc| {
            let (section, offset) = place(analysis, reloc, bias)?;
            is_padding(analysis, section, offset).then_some(())
        };
        if moved && (code(reloc).is_some() || code(&mutated).is_some()) {
            return None;
        }
        Some(())
    }
}

/// Rules about relocations themselves; none at all where the mutation is no change.
#[expect(clippy::option_option, reason = "no mutation, no rule and a rule are three cases")]
fn relocation_rule(reloc: &Reloc, flip: Flip) -> Option<Option<&'static str>> {
    if reloc.kind == RelocKind::None {
        return None;
    }
    let Flip::Type { to } = flip else { return Some(None) };
    let new = match to {
        0 => RelocKind::None,
        1 => RelocKind::Abs64,
        2 | 4 => RelocKind::Relative32,
        10 => RelocKind::Abs32,
        11 => RelocKind::Abs32Signed,
        24 => RelocKind::Relative64,
        other => RelocKind::Unknown(other),
    };
    Some((new == reloc.kind).then_some("branch-encoding"))
}

fn is_relocated(section: &Section<'_>, offset: u64) -> bool {
    section
        .relocs
        .within(offset.saturating_sub(7), offset + 1)
        .any(|reloc| offset < reloc.offset + reloc.kind.width())
}

fn is_left_out(section: &Section<'_>, size: u64, field: u64) -> bool {
    LEFT_OUT.iter().any(|(name, of, range)| {
        name.as_bytes() == section.name && *of == size && range.contains(&field)
    })
}

/// Entry sizes of the kernels that this is run on, from what their sections show.
fn entry_size(section: &Section<'_>) -> Option<u64> {
    let relocs = section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None).count() as u64;
    match section.name {
        b"__jump_table" | b".parainstructions" => Some(16),
        b"__ex_table" => Some(12),
        b".static_call_sites" | b"__mcount_loc" => Some(8),
        b".altinstructions" => section.size.checked_div(relocs / 2),
        b"__bug_table" => {
            let offsets: Vec<u64> =
                section.relocs.iter().take(2).map(|reloc| reloc.offset).collect();
            let fits = |size: &u64| {
                section.size.is_multiple_of(*size)
                    && (0..section.size / size)
                        .all(|entry| section.relocs.at(entry * size).is_some())
            };
            let [_, second] = offsets.as_slice() else { return None };
            [16, 12].into_iter().filter(|_| *second == 4 || *second == 8).find(fits)
        }
        _ => None,
    }
}

/// The instruction of `code` (which starts at `ip`) that holds `offset`.
fn at(code: &[u8], ip: u64, offset: u64) -> Option<Instruction> {
    let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
    decoder.iter().find(|instruction| offset < instruction.next_ip())
}

/// Where a branch goes when padding at its target is passed over.
fn canonical(analysis: &Analysis<'_>, section: u32, branch: &Instruction) -> Option<u64> {
    let target = branch.near_branch_target();
    let code = analysis.elf.section(section)?.data.get(usize::try_from(target).ok()?..)?;
    let mut decoder = Decoder::with_ip(64, code, target, DecoderOptions::NONE);
    decoder
        .iter()
        .find(|instruction| instruction.mnemonic() != Mnemonic::Nop)
        .map(|instruction| instruction.ip())
}

fn is_padding(analysis: &Analysis<'_>, section: u32, offset: u64) -> bool {
    let Some(section) = analysis.elf.section(section).filter(|section| section.is_code()) else {
        return false;
    };
    let code = usize::try_from(offset).ok().and_then(|offset| section.data.get(offset..));
    code.and_then(|code| at(code, 0, 0))
        .is_some_and(|instruction| instruction.mnemonic() == Mnemonic::Nop)
}

/// Whether the code at `offset` is where objtool may write a NOP.
fn jump_label(analysis: &Analysis<'_>, section: u32, offset: u64) -> bool {
    let tables = analysis.elf.sections.iter().filter(|table| table.name == b"__jump_table");
    tables
        .flat_map(|table| table.relocs.iter().filter(|reloc| reloc.offset % 16 == 0))
        .any(|reloc| place(analysis, &reloc, 0) == Some((section, offset)))
}

/// Whether `reloc` points to data that no symbol covers and that holds only zeros.
fn is_zeroed(analysis: &Analysis<'_>, reloc: &Reloc) -> bool {
    let Some(symbol) = analysis.elf.symbol(reloc.symbol) else { return false };
    if symbol.place == Place::Undefined {
        return false;
    }
    (0..9).any(|bias| {
        let Some((section, offset)) = place(analysis, reloc, bias) else { return false };
        let Some(section) = analysis.elf.section(section) else { return false };
        let here = section.bytes(offset, 16).unwrap_or_default();
        here.iter().all(|byte| *byte == 0)
    })
}
