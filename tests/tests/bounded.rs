//! Objects that are small and say much: time and memory stay within what the file is.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, run};
use klp_tests::said::assemble;

/// Milliseconds of a comparison that ends with `status`.
fn compare(original: &Utf8Path, patched: &Utf8Path, status: i32) -> Result<u128> {
    let mut command = klp(["diff", "--no-cache", "-q", original.as_str(), patched.as_str()])?;
    Ok(run(&mut command)?.expect(status)?.millis)
}

/// Functions that all reach to the end of the section.
fn nested(count: usize) -> String {
    let mut text = String::from(".text\n");
    for number in 0..count {
        let _ =
            writeln!(text, ".globl f{number}\n.type f{number},@function\nf{number}: xor %rax,%rax");
    }
    text.push_str("ret\nend:\n");
    for number in 0..count {
        let _ = writeln!(text, ".size f{number}, end - f{number}");
    }
    text
}

/// Local functions that all have one name, and none of which is as it was.
fn namesakes(count: usize, from: usize) -> String {
    let mut text = String::from(".text\n");
    for number in 0..count {
        let value = from.saturating_add(number);
        // The assembler wants other names; the last digits are taken off below.
        let _ =
            writeln!(text, ".type same.{number},@function\nsame.{number}: mov ${value},%eax; ret");
        let _ = writeln!(text, ".size same.{number}, . - same.{number}");
    }
    text
}

/// A few bytes say that there are a terabyte of zeros.
#[test]
fn no_kernel_has_that_many_zeros() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let text = ".bss\n.globl a\n.type a,@object\n.size a,8\na: .space 0x10000000000\n";
    let object = assemble(&directory, "zeros", text)?;
    let mut command = klp(["diff", "--no-cache", object.as_str(), object.as_str()])?;
    run(&mut command)?.expect_error(1, "zeros are more than any kernel has", Some("make again"))?;
    Ok(())
}

#[test]
fn functions_inside_each_other_are_no_object() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let few = assemble(&directory, "few", &nested(200))?;
    compare(&few, &few, 0)?;
    let many = assemble(&directory, "many", &nested(8000))?;
    let outcome = run(&mut klp(["diff", "--no-cache", many.as_str(), many.as_str()])?)?;
    outcome.expect_error(1, "symbols lie inside each other", Some("make again"))?;
    Ok(())
}

/// Twice the functions take at most about twice the time.
#[test]
fn many_of_one_name() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let mut times = Vec::new();
    for count in [4000, 16_000] {
        let original = assemble(&directory, &format!("a{count}"), &namesakes(count, 0))?;
        let patched = assemble(&directory, &format!("b{count}"), &namesakes(count, 100_000))?;
        times.push(compare(&original, &patched, 0)?);
    }
    let [small, large] = times.as_slice() else { return Ok(()) };
    // Four times the work, and as much again for what else the machine does.
    ensure!(*large < small.saturating_mul(8).saturating_add(2000), "{times:?}");
    Ok(())
}
