//! Where functions have gone.

use std::io::{self, Write};

use anstyle::Style;
use klp::ObjectWhereabouts;
use klp_core::demangle::spoken;
use klp_core::inlined::{
    CallerKind, FunctionSymbol, FunctionSymbolKind, InlinedInto, SourcePosition, Whereabouts,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::printable::PrintableLines;

const HEAD: Style = Style::new().bold();

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum InlinedRecord<'a> {
    /// `inlined`: where a function has gone in one object.
    Inlined {
        /// The object.
        object: &'a str,
        /// The function, as it was asked for.
        name: &'a str,
        /// Where functions of that name are declared, `FILE:LINE`.
        declared: Vec<String>,
        /// The symbols that are left of it.
        symbols: Vec<SymbolRecord<'a>>,
        /// Other functions at the address of one of those.
        merged_with: Vec<&'a str>,
        /// The functions that it was inlined into.
        inlined_into: Vec<IntoRecord<'a>>,
        /// Whether it was inlined, and debug information does not tell where: no instruction of it was left.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        used_up: bool,
        /// Who refers to what is left.
        callers: Vec<CallerRecord<'a>>,
    },
}

/// A symbol that is left of a function.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "InlinedSymbol")]
pub(super) struct SymbolRecord<'a> {
    /// The symbol.
    symbol: &'a str,
    /// What it is: `itself`, `clone`, or `cold-part`, which is hardly ever run.
    what: &'static str,
    /// What the compiler appended to the name, without its numbers.
    suffixes: &'a [String],
    /// Bytes.
    size: u64,
}

/// A function that another one was inlined into.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "InlinedInto")]
pub(super) struct IntoRecord<'a> {
    /// The symbol that has the code.
    name: &'a str,
    /// The calls, from the first that was inlined down to the function itself.
    chain: Vec<StepRecord<'a>>,
    /// Bytes of it that are left; 0: none of its code was needed.
    size: u64,
}

/// A call that was replaced by what it calls.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "InlinedCall")]
pub(super) struct StepRecord<'a> {
    /// What is called.
    name: &'a str,
    /// Where, `FILE:LINE`, where that is known.
    call: Option<String>,
}

/// What refers to a function.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "InlinedCaller")]
pub(super) struct CallerRecord<'a> {
    /// A function, a data object, or a section.
    name: &'a str,
    /// What it does: `calls`, `jumps`, has its `address`, is `data` that has it, or is an `export`.
    how: &'static str,
}

impl<'a> InlinedRecord<'a> {
    fn of(gone: &'a ObjectWhereabouts, went: &'a Whereabouts) -> Self {
        let symbol = |copy: &'a FunctionSymbol| SymbolRecord {
            symbol: &copy.symbol,
            what: what(copy.how),
            suffixes: &copy.suffixes,
            size: copy.size,
        };
        let into = |into: &'a InlinedInto| IntoRecord {
            name: &into.symbol,
            chain: into
                .chain
                .iter()
                .map(|step| StepRecord {
                    name: &step.function,
                    call: step.call.as_ref().map(place),
                })
                .collect(),
            size: into.bytes,
        };
        Self::Inlined {
            object: gone.object.as_str(),
            name: &went.function,
            declared: went.declared.iter().map(place).collect(),
            symbols: went.copies.iter().map(symbol).collect(),
            merged_with: went.merged.iter().map(String::as_str).collect(),
            inlined_into: went.inlined.iter().map(into).collect(),
            used_up: went.is_used_up,
            callers: went
                .callers
                .iter()
                .map(|caller| CallerRecord { name: &caller.name, how: how(caller.how) })
                .collect(),
        }
    }
}

fn all(gone: &[ObjectWhereabouts]) -> impl Iterator<Item = (&ObjectWhereabouts, &Whereabouts)> {
    gone.iter().flat_map(|gone| gone.functions.iter().map(move |went| (gone, went)))
}

pub(super) fn json(gone: &[ObjectWhereabouts], out: impl Write) -> io::Result<()> {
    json::stream(all(gone).map(|(gone, went)| InlinedRecord::of(gone, went)), out)
}

/// What, symbol and object, with tabs between.
pub(super) fn list(gone: &[ObjectWhereabouts], out: &mut PrintableLines<'_>) -> io::Result<()> {
    for (gone, went) in all(gone) {
        let object = &gone.object;
        let mut lines: Vec<(&str, &str)> =
            went.copies.iter().map(|copy| (what(copy.how), copy.symbol.as_str())).collect();
        lines.extend(went.merged.iter().map(|name| ("merged-with", name.as_str())));
        lines.extend(went.inlined.iter().map(|into| ("inlined-into", into.symbol.as_str())));
        lines.extend(went.is_used_up.then_some(("used-up", went.function.as_str())));
        lines.extend(went.callers.iter().map(|caller| (how(caller.how), caller.name.as_str())));
        lines.dedup();
        for (what, symbol) in lines {
            writeln!(out, "{}\t{what}\t{symbol}\t{object}", went.function)?;
        }
    }
    Ok(())
}

pub(super) fn human(gone: &[ObjectWhereabouts], out: &mut PrintableLines<'_>) -> io::Result<()> {
    for (index, (gone, went)) in all(gone).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        out.styled([(HEAD, format!("{}  {}", went.function, gone.object))])?;
        for line in &went.declared {
            writeln!(out, "  declared     {}", place(line))?;
        }
        for copy in &went.copies {
            let word = what(copy.how).replace('-', " ");
            writeln!(out, "  {word:<12} {}, {} bytes", spoken(&copy.symbol), copy.size)?;
        }
        for name in &went.merged {
            writeln!(out, "  merged with  {name}")?;
        }
        for into in &went.inlined {
            writeln!(out, "  inlined into {}{}", into.symbol, chain(into))?;
        }
        if went.is_used_up {
            let words = "no instruction of it was left, and debug information does not tell where";
            writeln!(out, "  inlined      {words}")?;
        }
        for caller in &went.callers {
            let words = match caller.how {
                CallerKind::Calls => "called by",
                CallerKind::Jumps => "jumped to by",
                CallerKind::Address => "address in",
                CallerKind::Data => "in data",
                CallerKind::Export => "exported in",
            };
            writeln!(out, "  {words:<12} {}", caller.name)?;
        }
    }
    Ok(())
}

/// By which calls, and how much is left.
fn chain(into: &InlinedInto) -> String {
    let outer = into.chain.iter().rev().skip(1).map(|step| {
        let call = step.call.as_ref().map(|line| format!(" at {}", place(line)));
        format!(", in {}{}", step.function, call.unwrap_or_default())
    });
    let call = into.chain.last().and_then(|step| step.call.as_ref());
    let call = call.map(|line| format!(" at {}", place(line))).unwrap_or_default();
    let left = match into.bytes {
        0 => ", no instruction of it was left".to_owned(),
        bytes => format!(", {bytes} bytes"),
    };
    std::iter::once(call).chain(outer).chain([left]).collect()
}

fn place(line: &SourcePosition) -> String {
    format!("{}:{}", line.file, line.line)
}

fn what(how: FunctionSymbolKind) -> &'static str {
    match how {
        FunctionSymbolKind::Itself => "itself",
        FunctionSymbolKind::Clone => "clone",
        FunctionSymbolKind::ColdPart => "cold-part",
    }
}

fn how(how: CallerKind) -> &'static str {
    match how {
        CallerKind::Calls => "calls",
        CallerKind::Jumps => "jumps",
        CallerKind::Address => "address",
        CallerKind::Data => "data",
        CallerKind::Export => "export",
    }
}
