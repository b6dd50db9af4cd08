//! An object as objdump shows it: for each function its instructions, without what a rebuild changes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use camino::Utf8Path;

use crate::process;

/// Functions by their names in the source; several have one name where the compiler made clones.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    pub(super) functions: BTreeMap<String, Vec<Vec<String>>>,
}

/// So many symbols before a place are looked at for one that holds it: those inside of a function or table.
const NEAR: usize = 64;

/// What is in a section at some place.
struct Content {
    sections: BTreeMap<String, Section>,
    symbols: BTreeMap<String, Vec<Symbol>>,
}

struct Section {
    bytes: Vec<u8>,
}

/// A symbol of one section.
struct Symbol {
    value: u64,
    size: u64,
    name: String,
}

/// An instruction as it is printed, and the relocations in it.
struct Line {
    address: u64,
    text: String,
    relocations: Vec<(u64, String, String)>,
}

impl Listing {
    /// Those of `object`, as `objdump`, of binutils or LLVM, shows it.
    pub(super) fn of(object: &Utf8Path, objdump: &str) -> Result<Self> {
        let dump = |options: &[&str]| {
            process::output(process::command(objdump).args(options).arg(object))
                .with_context(|| format!("{objdump} {object}"))
        };
        let content =
            Content { sections: sections(&dump(&["-s"])?), symbols: symbols(&dump(&["-t"])?) };
        let mut functions: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        let text = dump(&["-d", "-r", "--no-show-raw-insn"])?;
        let mut current: Option<(String, Vec<Line>)> = None;
        let mut finish = |function: Option<(String, Vec<Line>)>| {
            if let Some((name, lines)) = function {
                let texts = normalized(&name, &lines, &content);
                functions.entry(source_name(&name).to_owned()).or_default().push(texts);
            }
        };
        for line in text.lines() {
            if let Some(name) = header(line) {
                finish(current.take());
                current = Some((name.to_owned(), Vec::new()));
            } else if let Some((_, lines)) = &mut current {
                read(line, lines);
            }
        }
        finish(current.take());
        for clones in functions.values_mut() {
            clones.sort();
        }
        Ok(Self { functions })
    }

    /// Takes in the functions of another object.
    pub(super) fn add(&mut self, other: Self) {
        for (name, clones) in other.functions {
            let all = self.functions.entry(name).or_default();
            all.extend(clones);
            all.sort();
        }
    }
}

/// The name without what compilers append (`.isra.0`, `.cold`, a number of a static variable), and without the numbers that
/// `__UNIQUE_ID` and the stub of an initcall get (`__initstub__kmod_loop__358_2365_loop_init6`).
pub(super) fn source_name(name: &str) -> &str {
    let name = match name.find('.') {
        Some(0) | None => name,
        Some(dot) => &name[..dot],
    };
    if name.starts_with("__UNIQUE_ID_") {
        name.trim_end_matches(|sign: char| sign.is_ascii_digit())
    } else if name.starts_with("__initstub__") {
        name.rsplit_once("__").map_or(name, |(file, _)| file)
    } else {
        name
    }
}

/// `0000000000000010 <foo>:`
fn header(line: &str) -> Option<&str> {
    let (address, rest) = line.split_once(" <")?;
    let is_address = address.len() == 16 && address.bytes().all(|byte| byte.is_ascii_hexdigit());
    rest.strip_suffix(">:").filter(|_| is_address)
}

/// `  10:\tcall   15 <foo+0x5>`, and below it `\t\t\t11: R_X86_64_PLT32\tbar-0x4`
fn read(line: &str, lines: &mut Vec<Line>) {
    let Some((address, rest)) = line.split_once(':') else { return };
    let Ok(address) = u64::from_str_radix(address.trim(), 16) else { return };
    let mut words = rest.split_whitespace();
    if !rest.trim_start().starts_with("R_X86_64_") {
        let text = words.collect::<Vec<_>>().join(" ");
        lines.push(Line { address, text, relocations: Vec::new() });
    } else if let (Some(kind), Some(target), Some(line)) =
        (words.next(), words.next(), lines.last_mut())
    {
        line.relocations.push((address, kind.to_owned(), target.to_owned()));
    }
}

fn normalized(name: &str, lines: &[Line], content: &Content) -> Vec<String> {
    let is_padding = |line: &Line| {
        let first = line.text.split_whitespace().find(|word| !["data16", "cs"].contains(word));
        line.relocations.is_empty() && matches!(first, Some("nop" | "nopw" | "nopl" | "int3"))
            || line.text == "xchg %ax,%ax"
    };
    let kept: Vec<&Line> = lines.iter().filter(|line| !is_padding(line)).collect();
    let number = |address: u64| kept.partition_point(|line| line.address < address);
    let next = |line: &Line| {
        let index = lines.partition_point(|other| other.address <= line.address);
        lines.get(index).map(|line| line.address)
    };
    let text = |line: &&Line| {
        let plain = line.text.split('#').next().unwrap_or_default().trim();
        let Some((place, kind, target)) = line.relocations.first() else {
            return match plain.split_once(" <").and_then(|(before, target)| {
                let (before, address) = before.rsplit_once(' ')?;
                let address = u64::from_str_radix(address.trim_start_matches("0x"), 16).ok()?;
                Some((before, address, target.strip_suffix('>')?))
            }) {
                Some((before, address, target)) => {
                    let (function, _) = target.rsplit_once("+0x").unwrap_or((target, ""));
                    if function == name {
                        format!("{before} @{}", number(address))
                    } else {
                        format!("{before} {}", source_name(function))
                    }
                }
                None => plain.to_owned(),
            };
        };
        let opcode = match plain.split_once(" <") {
            Some((before, _)) => before.rsplit_once(' ').map_or(before, |(before, _)| before),
            None => plain,
        };
        // What is relative to the end of the instruction has the distance to it in the addend.
        let is_relative = ["R_X86_64_PC32", "R_X86_64_PLT32"].contains(&kind.as_str());
        let end = next(line).filter(|_| is_relative).map_or(0, |end| end - place);
        format!("{opcode} {}", content.target(target, i64::try_from(end).unwrap_or_default()))
    };
    kept.iter().map(text).collect()
}

impl Content {
    /// What `symbol+0x10` means, with `more` added.
    fn target(&self, text: &str, more: i64) -> String {
        let (symbol, addend) = match text.rfind(['+', '-']) {
            Some(sign) => {
                let digits = text[sign + 1..].trim_start_matches("0x");
                let number = i64::from_str_radix(digits, 16).unwrap_or_default();
                let number = if text.as_bytes()[sign] == b'-' { -number } else { number };
                (&text[..sign], number)
            }
            None => (text, 0),
        };
        let addend = addend.wrapping_add(more);
        if !self.sections.contains_key(symbol) && !symbol.starts_with('.') {
            return format!("{}{addend:+#x}", source_name(symbol));
        }
        let Ok(offset) = u64::try_from(addend) else { return format!("{symbol} before") };
        if symbol.contains(".str") {
            let bytes = self
                .sections
                .get(symbol)
                .and_then(|it| it.bytes.get(usize::try_from(offset).ok()?..));
            let bytes = bytes.unwrap_or_default().split(|byte| *byte == 0).next();
            return format!("{:?}", String::from_utf8_lossy(bytes.unwrap_or_default()));
        }
        let all = self.symbols.get(symbol).map_or_else(Default::default, Vec::as_slice);
        let here = &all[..all.partition_point(|one| one.value <= offset)];
        let inside = |one: &&Symbol| offset < one.value + one.size.max(1);
        match here.iter().rev().take(NEAR).find(inside) {
            // A place in a function moves with its code.
            Some(one) if symbol.contains("text") => source_name(&one.name).to_owned(),
            Some(one) => format!("{}+{:#x}", source_name(&one.name), offset - one.value),
            None => format!("something in {symbol}"),
        }
    }
}

/// The symbols of each section, in the order of their places.
///
/// `0000000000000000 l     F .text\t0000000000000010 foo`
fn symbols(text: &str) -> BTreeMap<String, Vec<Symbol>> {
    let symbol = |line: &str| {
        let (left, right) = line.split_once('\t')?;
        let (value, flags) = left.split_at_checked(16)?;
        let section = flags.get(9..)?.trim().to_owned();
        let (size, name) = right.split_once(' ')?;
        let name = name.trim().trim_start_matches(".hidden ").to_owned();
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some((section, Symbol { value: number(value)?, size: number(size)?, name }))
    };
    let mut symbols: BTreeMap<String, Vec<Symbol>> = BTreeMap::new();
    for (section, symbol) in text.lines().filter_map(symbol) {
        if symbol.name != section {
            symbols.entry(section).or_default().push(symbol);
        }
    }
    for all in symbols.values_mut() {
        all.sort_by(|one, two| (one.value, &two.name).cmp(&(two.value, &one.name)));
    }
    symbols
}

/// `Contents of section .rodata.str1.1:` and lines ` 0000 68656c6c 6f00  hello.`
fn sections(text: &str) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("Contents of section ") {
            let name = name.trim_end_matches(':').to_owned();
            current = Some(sections.entry(name).or_insert(Section { bytes: Vec::new() }));
        } else if let (Some(section), Some(rest)) = (&mut current, line.strip_prefix(' ')) {
            let Some((_, hex)) = rest.split_once(' ') else { continue };
            let digits: String = hex.get(..35).unwrap_or(hex).split(' ').collect();
            let bytes = (0..digits.len()).step_by(2);
            let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
            section.bytes.extend(bytes.map_while(byte));
        }
    }
    sections
}
