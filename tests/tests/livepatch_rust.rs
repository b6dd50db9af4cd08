//! Objects of Rust become a livepatch, or are refused for a reason that is true.

use anyhow::{Context as _, Result, ensure};
use klp_core::demangle::spoken;
use klp_core::livepatch::{KlpSymbol, UnlinkedLivepatch};
use klp_core::module::RawElf;
use klp_tests::rust::{RUSTC, UNTRACED};
use klp_tests::small::Small;

const SHOW: &str = "
use core::sync::atomic::{AtomicU32, Ordering};
extern \"C\" { fn exported(text: *const u8); }
static COUNT: AtomicU32 = AtomicU32::new(0);
#[no_mangle]
pub extern \"C\" fn show() -> u32 {
    unsafe { exported(c\"before\".as_ptr().cast()) };
    COUNT.fetch_add(1, Ordering::Relaxed)
}
#[no_mangle]
pub extern \"C\" fn get() -> u32 { COUNT.load(Ordering::Relaxed) }
";

fn livepatch(before: &str, after: &str, changed: &[&str]) -> Result<UnlinkedLivepatch> {
    let small = Small::new(RUSTC)?.object("a", before, after);
    let changed: Vec<(&str, &str)> = changed.iter().map(|name| ("a", *name)).collect();
    small.livepatch(&changed, false)
}

fn replaced(livepatch: &UnlinkedLivepatch) -> Vec<String> {
    let functions = livepatch.objects.get("vmlinux").map(|object| object.functions.as_slice());
    functions.unwrap_or_default().iter().map(|function| spoken(&function.name)).collect()
}

fn refused(livepatch: &UnlinkedLivepatch, why: &str) -> Result<()> {
    let found = livepatch.refused.iter().any(|refused| refused.why.contains(why));
    ensure!(found, "`{why}` is not in {:#?}", livepatch.refused);
    Ok(())
}

#[test]
fn a_string_changes_and_a_static_stays_the_kernels() -> Result<()> {
    let livepatch = livepatch(SHOW, &SHOW.replace("before", "after"), &["show"])?;
    assert_eq!(livepatch.refused, []);
    assert_eq!(replaced(&livepatch), ["show"]);
    assert!(livepatch.stays.is_empty(), "{:?}", livepatch.stays);
    let kernel: Vec<String> = livepatch.symbols.values().map(KlpSymbol::elf_name).collect();
    assert!(kernel.iter().any(|name| name.contains("5COUNT")), "{kernel:?}");
    let part = livepatch.parts.first().context("a part")?;
    let elf = RawElf::parse(&part.bytes)?;
    let variables =
        elf.sections.iter().filter(|section| section.name.starts_with(b".bss") && section.size > 0);
    assert_eq!(variables.count(), 0);
    Ok(())
}

#[test]
fn functions_without_fentry_are_refused() -> Result<()> {
    let before = format!("{UNTRACED}{SHOW}");
    let livepatch = livepatch(&before, &before.replace("before", "after"), &["show"])?;
    refused(&livepatch, "it cannot be traced")
}

/// Of local functions that are one, LLVM leaves one name. An object that was made before leads to what has that name.
#[test]
fn one_of_two_merged_methods_is_refused_though_the_other_has_no_name() -> Result<()> {
    let before = "
extern \"C\" { fn exported(text: *const u8); }
trait Answer { fn answer(&self, x: u32) -> u32; }
struct First(u32);
struct Second(u32);
impl Answer for First { fn answer(&self, x: u32) -> u32 { self.0.rotate_left(x).wrapping_mul(x ^ 77) } }
impl Answer for Second { fn answer(&self, x: u32) -> u32 { self.0.rotate_left(x).wrapping_mul(x ^ 77) } }
static FIRST: First = First(1);
static SECOND: Second = Second(2);
#[no_mangle]
pub extern \"C\" fn get(x: u32) -> u32 {
    let mut answers: [&'static dyn Answer; 2] = [&FIRST, &SECOND];
    unsafe { exported(answers.as_mut_ptr().cast()) };
    answers[0].answer(x) + answers[1].answer(x)
}
";
    let livepatch = livepatch(before, &before.replacen("77", "78", 1), &[])?;
    refused(&livepatch, "it shares its address with <small::")
}

/// LLVM makes one function of two, which the patch makes two again.
#[test]
fn one_of_two_merged_functions_is_refused_by_its_path() -> Result<()> {
    let before = "
pub struct First(u32);
pub struct Second(u32);
impl First { #[inline(never)] pub fn step(&self, x: u32) -> u32 { self.0.rotate_left(x).wrapping_mul(x ^ 77) } }
impl Second { #[inline(never)] pub fn step(&self, x: u32) -> u32 { self.0.rotate_left(x).wrapping_mul(x ^ 77) } }
";
    // The impl block before the others gives them other numbers.
    for more in
        ["", "pub struct Third(u32);\nimpl Third { #[inline(never)] pub fn new() -> u32 { 3 } }\n"]
    {
        let after = before.replacen("77", "78", 1);
        let after = format!("{more}{after}");
        let livepatch = livepatch(before, &after, &[])?;
        refused(&livepatch, "it shares its address with <small::").context(more)?;
    }
    Ok(())
}

const METHODS: &str = "
pub trait Step { fn step(&self, x: u32) -> u32; }
pub struct First;
impl Step for First { #[inline(never)] fn step(&self, x: u32) -> u32 { x.wrapping_mul(11) } }
#[no_mangle]
pub fn choose(second: bool) -> &'static dyn Step { &First }
";

#[test]
fn a_module_with_a_table_of_methods_stays() -> Result<()> {
    let after = METHODS.replace(
        "#[no_mangle]",
        "pub struct Second;
impl Step for Second { #[inline(never)] fn step(&self, x: u32) -> u32 { x.wrapping_mul(13) } }
#[no_mangle]",
    );
    let after = after.replace("{ &First }", "{ if second { &Second } else { &First } }");
    let livepatch = livepatch(METHODS, &after, &["choose"])?;
    assert_eq!(livepatch.refused, []);
    assert!(livepatch.stays.contains("choose"), "{:?}", livepatch.stays);
    assert!(!livepatch.init_source(true).contains("module_exit"));
    let note = livepatch.notes.iter().find(|note| note.code == "stays" && note.name == "choose");
    let why = &note.context("a note")?.why;
    assert!(why.contains("<small::Second as small::Step>::step"), "{why}");
    Ok(())
}

#[test]
fn a_changed_method_is_replaced_and_the_kernels_tables_lead_to_it() -> Result<()> {
    let livepatch = livepatch(METHODS, &METHODS.replace("(11)", "(12)"), &[])?;
    assert_eq!(livepatch.refused, []);
    assert_eq!(replaced(&livepatch), ["<small::First as small::Step>::step"]);
    assert!(livepatch.stays.is_empty(), "{:?}", livepatch.stays);
    Ok(())
}

/// As where the metadata of the original is used for the patched object.
#[test]
fn what_was_compiled_again_has_to_be_what_the_build_made() -> Result<()> {
    let after = SHOW.replace("before", "after");
    let small =
        Small::new(RUSTC)?.object("a", SHOW, &after).built_from(&SHOW.replace("before", "other"));
    let livepatch = small.livepatch(&[("a", "show")], false)?;
    refused(&livepatch, "the patched object is not what the build made: show")
}
