//! The kinds of edits that are made from assembly text.

mod code;
mod data;
mod neutral;
mod relocations;
mod sites;
mod symbols;
mod tables;
mod unnamed;

use super::draw::Draw;
use super::edit::Edit;

/// A name, and how such an edit is drawn.
pub(crate) type Kind = (&'static str, fn(&mut Draw<'_>) -> Edit);

/// All of them.
pub(crate) const KINDS: &[Kind] = &[
    ("code: branch to the next instruction", code::branch_next),
    ("code: branch at an inner global label", code::inner_label_branch),
    ("code: data that looks like NOPs", code::nops_that_are_data),
    ("code: falls through into another function", code::fall_through),
    ("code: entry of .smp_locks", code::smp_locks),
    ("code: entry of __patchable_function_entries", code::patchable_entries),
    ("site: branch over the NOP", sites::branch_over_site),
    ("site: NOP over a branch target", sites::site_over_target),
    ("site: entries of two tables exchanged", sites::entries_exchanged),
    ("site: order of alternatives", sites::alternatives_order),
    ("site: length of an alternative", sites::alternative_length),
    ("data: from .data..read_mostly", data::read_mostly),
    ("data: to .init.rodata", data::to_init),
    ("code: to .init.text", data::code_to_init),
    ("data: section flags", data::section_flags),
    ("data: section alignment", data::alignment),
    ("data: entry size of a merged section", data::merged_size),
    ("data: behind the end of a symbol", data::behind_the_end),
    ("table: initcall of another level", tables::initcall_level),
    ("table: order of initcalls", tables::initcall_order),
    ("table: PCI fixup of another pass", tables::fixup_pass),
    ("table: order of PCI fixups", tables::fixup_order),
    ("table: order of parameters", tables::param_order),
    ("table: zero at the end", tables::zero_at_the_end),
    ("table: flags of BTF ids", tables::btf_flags),
    ("symbol: label inside a function", symbols::inner_label),
    ("symbol: type", symbols::symbol_type),
    ("symbol: size", symbols::symbol_size),
    ("symbol: absolute value", symbols::absolute),
    ("symbol: weak", symbols::weak),
    ("symbol: alias added", symbols::alias_added),
    ("symbol: alias split", symbols::alias_split),
    ("symbol: two of one name", symbols::same_name),
    ("symbol: two of LLVM's", symbols::llvm_names),
    ("symbol: two static variables", symbols::static_numbers),
    ("symbol: neighbour without size", symbols::unsized_neighbour),
    ("unnamed: entered inside", unnamed::entered_inside),
    ("unnamed: entered by a biased index", unnamed::entered_by_bias),
    ("unnamed: entered by its end", unnamed::entered_by_the_end),
    ("unnamed: node of a cycle", unnamed::cycle_node),
    ("unnamed: variables exchanged", unnamed::variables_exchanged),
    ("unnamed: shared variable", unnamed::shared_variable),
    ("relocation: type", relocations::relocation_type),
    ("relocation: second table", relocations::second_table),
    ("relocation: table of no section", relocations::table_of_none),
    ("relocation: unknown section type", relocations::unknown_section),
    ("neutral: room between functions", neutral::room),
    ("neutral: NOPs before a branch target", neutral::nops_before_target),
    ("neutral: order of functions", neutral::order),
    ("neutral: section symbol or name", neutral::section_symbol),
    ("neutral: strings moved", neutral::strings),
    ("neutral: static variable renumbered", neutral::renumbered),
    ("neutral: length of a branch", neutral::branch_length),
    ("neutral: order of symbols", neutral::symbol_order),
    ("neutral: order of section headers", neutral::section_order),
];
