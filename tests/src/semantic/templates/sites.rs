//! Edits of what special sections say about code.

use super::super::draw::Draw;
use super::super::edit::Edit;
use super::super::site::{NOP5, Site, alternative, alternative_entry, jump_label};
use super::code::label;

/// A site on a NOP, and the code that its target needs.
fn nop_site(draw: &mut Draw<'_>) -> (Site, String) {
    if draw.coin() {
        let target = draw.label("goto");
        let site = jump_label(draw, &target);
        (site, format!("{target}:\n\tmovl ${}, %edx\n\tret\n", draw.number(0)))
    } else {
        (alternative(draw, "alt"), String::new())
    }
}

/// A branch goes to the NOP of a site or behind it.
pub(crate) fn branch_over_site(draw: &mut Draw<'_>) -> Edit {
    let (f, target) = (draw.function("f"), draw.label("t"));
    let (site, end) = nop_site(draw);
    let branch = draw.pick(&["jmp", "jne", "{disp32} ja"]);
    let (head, mid, tail) = (draw.filler(), draw.filler(), draw.filler());
    Edit::new(|patched| {
        let (before, behind) = label(&target, patched);
        let (nop, entry) = (site.on(NOP5), &site.entry);
        f.text(&format!(
            "{head}\t{branch} {target}\n{mid}{before}{nop}{behind}\tincl %eax\n{tail}\tret\n{end}{entry}"
        ))
    })
    .must(&[&f.name])
}

/// A site moves from the NOP before a branch target to the NOP behind it.
pub(crate) fn site_over_target(draw: &mut Draw<'_>) -> Edit {
    let (f, target) = (draw.function("f"), draw.label("t"));
    let (site, end) = nop_site(draw);
    let branch = draw.pick(&["jmp", "jne", "{disp32} ja"]);
    let (head, mid, tail) = (draw.filler(), draw.filler(), draw.filler());
    Edit::new(|patched| {
        let (nop, entry) = (site.on(NOP5), &site.entry);
        let place = if patched {
            format!("{NOP5}{target}:\n{nop}")
        } else {
            format!("{nop}{target}:\n{NOP5}")
        };
        f.text(&format!(
            "{head}\t{branch} {target}\n{mid}{place}\tincl %eax\n{tail}\tret\n{end}{entry}"
        ))
    })
    .must(&[&f.name])
}

/// Entries of two tables for two NOPs, one behind the other, are exchanged.
pub(crate) fn entries_exchanged(draw: &mut Draw<'_>) -> Edit {
    let (f, target) = (draw.function("f"), draw.label("goto"));
    let (one, other) = (jump_label(draw, &target), alternative(draw, "alt"));
    let (head, tail) = (draw.filler(), draw.filler());
    Edit::new(|patched| {
        let nops = [one.on(NOP5), other.on(NOP5)];
        let nops = if patched { [&nops[1], &nops[0]] } else { [&nops[0], &nops[1]] };
        f.text(&format!(
            "{head}{}{}\tincl %eax\n{tail}\tret\n{target}:\n\tdecl %eax\n\tret\n{}{}",
            nops[0], nops[1], one.entry, other.entry
        ))
    })
    .must(&[&f.name])
}

/// Two alternatives for the same code are applied in another order.
pub(crate) fn alternatives_order(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let site = alternative(draw, "alt");
    let (head, tail) = (draw.filler(), draw.filler());
    let longer = draw.coin();
    let code = if draw.coin() { NOP5.to_owned() } else { "\tcall outside_2\n".to_owned() };
    let end = draw.label("altlong");
    let length = format!("{} - {}", if longer { &end } else { &site.end }, site.at);
    // Of another feature than the first, since what no number tells apart has no order.
    let other = loop {
        let other = alternative_entry(draw, &site.at, &length, "more");
        let feature =
            |entry: &str| entry.lines().find(|line| line.starts_with(".2byte")).map(str::to_owned);
        if feature(&other) != feature(&site.entry) {
            break other;
        }
    };
    Edit::new(|patched| {
        let entries = if patched { [&other, &site.entry] } else { [&site.entry, &other] };
        let code = site.on(&code);
        f.text(&format!(
            "{head}{code}\tincl %eax\n{end}:\n{tail}\tret\n{}{}",
            entries[0], entries[1]
        ))
    })
    .must(&[&f.name])
}

/// An alternative replaces one instruction more.
pub(crate) fn alternative_length(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let (at, end) = (draw.label("alt"), draw.label("altend"));
    let entry = alternative_entry(draw, &at, &format!("{end} - {at}"), "alt");
    let (head, tail) = (draw.filler(), draw.filler());
    let next = draw.instruction();
    Edit::new(|patched| {
        let (before, behind) = label(&end, patched);
        f.text(&format!(
            "{head}{at}:\n{NOP5}{before}{next}{behind}\tincl %eax\n{tail}\tret\n{entry}"
        ))
    })
    .must(&[&f.name])
}
