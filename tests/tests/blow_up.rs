//! Objects of which everything refers to everything else: time and memory grow with the file, and not with its square.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use klp_tests::kernel::temporary;
use klp_tests::klp::{Running, klp};
use klp_tests::said::assemble;

/// Sizes, as multiples of the smallest.
const SIZES: [usize; 4] = [1, 2, 4, 8];

/// Memory may be so many times the size of both files, beside what the program takes for the smallest. `explain` has
/// all that it prints in words.
const MEMORY: [u64; 2] = [40, 80];

/// What a run took.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// Bytes of both files.
    size: u64,
    /// Bytes of memory at most.
    memory: u64,
    /// Hundredths of a second of processor time.
    ticks: u64,
}

/// Assembler text of a shape with `count` of what it has many of, original or patched.
type Shape = fn(count: usize, is_patched: bool) -> String;

/// Compares and explains both versions of `shape`, in all sizes.
fn grow(name: &str, smallest: usize, shape: Shape) -> Result<()> {
    let (_guard, directory) = temporary()?;
    let mut costs: [Vec<Cost>; 2] = Default::default();
    for times in SIZES {
        let count = smallest.saturating_mul(times);
        let original = assemble(&directory, "original", &shape(count, false))?;
        let patched = assemble(&directory, "patched", &shape(count, true))?;
        let size = fs_err::metadata(&original)?.len() + fs_err::metadata(&patched)?.len();
        let diff = ["diff", "--no-cache", "-q", original.as_str(), patched.as_str()];
        let versions = ["--original", original.as_str(), "--patched", patched.as_str()];
        let explain = [&["explain", "-q", "--no-source"][..], &versions].concat();
        for (costs, arguments) in costs.iter_mut().zip([&diff[..], &explain]) {
            costs.push(Cost { size, ..cost(arguments)? });
        }
    }
    for (costs, times) in costs.into_iter().zip(MEMORY) {
        let [smallest, .., largest] = costs.as_slice() else { continue };
        let memory = largest.memory.saturating_sub(smallest.memory);
        ensure!(memory < times * largest.size, "{name}: {costs:?}");
        // Eight times the work, and as much again, and what else the machine does.
        ensure!(largest.ticks < smallest.ticks * 16 + 50, "{name}: {costs:?}");
    }
    Ok(())
}

fn cost(arguments: &[&str]) -> Result<Cost> {
    let mut cost = Cost::default();
    let running = Running::start(&mut klp(arguments)?)?;
    let outcome = running.wait_and_watch(|process| {
        // It may just have ended.
        if let Ok(now) = look(process) {
            cost = Cost { memory: cost.memory.max(now.memory), ..now };
        }
    })?;
    // Status 4: some of it is refused.
    let is_expected = matches!(outcome.status, Some(0 | 4)) && !outcome.stderr.contains("panicked");
    ensure!(is_expected, "{outcome:#?}");
    Ok(cost)
}

/// What a process has taken so far.
fn look(process: u32) -> Result<Cost> {
    let status = fs_err::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.split_whitespace().next()).context("no peak")?;
    let stat = fs_err::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, std::num::ParseIntError>>()?;
    Ok(Cost { memory: peak.parse::<u64>()? * 1024, ticks, size: 0 })
}

/// A function of that name and code.
fn function(text: &mut String, name: &str, code: &str) {
    let _ = writeln!(text, ".globl {name}\n.type {name},@function\n{name}: {code}\nret");
    let _ = writeln!(text, ".size {name},.-{name}");
}

/// Each constant points to the next one.
fn chain(count: usize, is_patched: bool) -> String {
    let mut text = String::from(".text\n");
    function(&mut text, "f", "lea .Lc0(%rip),%rax");
    text.push_str(".section .rodata,\"a\"\n.balign 8\n");
    for number in 0..count {
        let _ = writeln!(text, ".Lc{number}: .quad .Lc{}, {number}", number + 1);
    }
    let _ = writeln!(text, ".Lc{count}: .quad {}", u8::from(is_patched));
    text
}

/// The same, each read by a function of its own.
fn chain_with_readers(count: usize, is_patched: bool) -> String {
    let mut text = chain(count, is_patched);
    text.push_str(".text\n");
    for number in 0..count {
        function(&mut text, &format!("g{number}"), &format!("lea .Lc{number}(%rip),%rax"));
    }
    text
}

/// The same of variables: each function has other numbers for them.
fn variables_with_readers(count: usize, is_patched: bool) -> String {
    chain_with_readers(count, is_patched).replace(".section .rodata,\"a\"", ".data")
}

/// Functions that each refer to another place of one long string.
fn string(count: usize, is_patched: bool) -> String {
    let string = "abcdefghij".repeat(count.saturating_mul(20));
    let end = if is_patched { "x" } else { "y" };
    let mut text = String::from(".section .rodata.str1.1,\"aMS\",@progbits,1\n");
    let _ = writeln!(text, ".Ls: .asciz \"{string}{end}\"\n.text");
    for number in 0..count {
        let place = number.saturating_mul(200);
        function(&mut text, &format!("f{number}"), &format!("lea .Ls+{place}(%rip),%rax"));
    }
    text
}

/// The same, of which only one function changes.
fn string_that_stays(count: usize, is_patched: bool) -> String {
    let mut text = string(count, false);
    function(&mut text, "changed", &format!("mov ${},%eax", u8::from(is_patched)));
    text
}

/// A table of addresses of constants that name others, read by as many functions.
fn fan(count: usize, is_patched: bool) -> String {
    let mut text = String::from(".text\n");
    for number in 0..count {
        function(&mut text, &format!("f{number}"), "lea .Lt(%rip),%rax");
    }
    text.push_str(".section .rodata,\"a\"\n.balign 8\n.Lt:\n");
    for number in 0..count {
        let _ = writeln!(text, ".quad .Lc{number}");
    }
    for number in 0..count {
        let value = if is_patched && number == 0 { 0 } else { number };
        let _ = writeln!(text, ".Lc{number}: .quad {value}, name{number}");
    }
    text
}

/// One function that refers to `count` of something.
fn one_function(count: usize, is_patched: bool, code: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = (0..count).map(code).collect();
    let mut text = String::from(".text\n");
    let last = format!("mov ${},%eax", u8::from(is_patched));
    function(&mut text, "f", &format!("{}\n{last}", lines.join("\n")));
    text
}

/// Variables without a symbol.
fn variables(count: usize, is_patched: bool) -> String {
    let mut text = one_function(count, is_patched, |it| format!("lea .Lv{it}(%rip),%rax"));
    text.push_str(".data\n");
    for number in 0..count {
        let _ = writeln!(text, ".Lv{number}: .quad {}", number + 1);
    }
    text
}

/// Variables of one name, but for the compiler's number.
fn numbered(count: usize, is_patched: bool) -> String {
    let mut text = one_function(count, is_patched, |it| format!("lea v.{it}(%rip),%rax"));
    text.push_str(".bss\n");
    for number in 0..count {
        let _ = writeln!(text, ".type v.{number},@object\nv.{number}: .zero 8\n.size v.{number},8");
    }
    text
}

/// Functions that each refer to another place in the middle of one long function.
fn middle(count: usize, is_patched: bool) -> String {
    let mut text = String::from(".text\n.type long,@function\nlong:\n");
    for number in 0..count {
        let _ = writeln!(text, "xor %eax,%eax\n.Lm{number}: inc %eax");
    }
    text.push_str("ret\n.size long,.-long\n");
    for number in 0..count {
        let code = format!("lea .Lm{number}(%rip),%rax");
        function(&mut text, &format!("f{number}"), &code);
    }
    function(&mut text, "changed", &format!("mov ${},%eax", u8::from(is_patched)));
    text
}

fn callees(count: usize, is_patched: bool) -> String {
    one_function(count, is_patched, |it| format!("call g{it}"))
}

#[test]
fn constants_in_a_chain() -> Result<()> {
    grow("chain", 2000, chain)?;
    grow("chain_with_readers", 500, chain_with_readers)?;
    grow("variables_with_readers", 250, variables_with_readers)
}

#[test]
fn many_references_into_one_string() -> Result<()> {
    grow("string", 500, string)?;
    grow("string_that_stays", 500, string_that_stays)
}

#[test]
fn constants_that_all_lead_to() -> Result<()> {
    grow("fan", 250, fan)
}

#[test]
fn a_function_that_refers_to_much() -> Result<()> {
    grow("variables", 1000, variables)?;
    grow("numbered", 1000, numbered)?;
    grow("callees", 1000, callees)
}

#[test]
fn many_references_into_one_function() -> Result<()> {
    grow("middle", 250, middle)
}
