//! Objects and checksum files are untrusted: whatever the bytes are, the core neither panics nor takes
//! long. The cases are the same in every run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use camino::Utf8PathBuf;
use klp_core::Manifest;
use klp_core::diff::{DiffSide, compare};
use klp_core::input::Input;
use klp_core::manifest::ManifestObject;
use klp_tests::kernel::Kernel;

/// What one case may take, on a machine that does other things as well.
const LIMIT: Duration = Duration::from_secs(1);

/// Objects with the shapes that matter: special sections, data, a module, everything in one.
const OBJECTS: &[&str] = &["kernel/sched.o", "mm/page.o", "drivers/foo/foo.ko", "vmlinux.o"];

#[test]
fn cut_objects() -> Result<()> {
    each_object(|name, bytes, good| {
        for part in 0..64 {
            let length = bytes.len() * part / 64;
            let cut = bytes.get(..length).unwrap_or_default();
            let read = one(&format!("{name}, {length} bytes"), cut, good)?;
            // The section headers are at the end.
            ensure!(!read, "{name} with {length} of {} bytes is taken for whole", bytes.len());
        }
        Ok(())
    })
}

#[test]
fn flipped_bits() -> Result<()> {
    mutated(1, |random, bytes| {
        for _ in 0..=random.below(8) {
            let at = random.below(bytes.len());
            flip(bytes, at, random);
        }
    })
}

/// Few bytes of a file are in headers, tables of symbols and relocations; these only.
#[test]
fn flipped_bits_in_tables() -> Result<()> {
    mutated(2, |random, bytes| {
        let tables = tables(bytes);
        for _ in 0..=random.below(4) {
            let (start, end) = tables.get(random.below(tables.len())).copied().unwrap_or((0, 64));
            let at = start + random.below(end.saturating_sub(start).max(1));
            flip(bytes, at, random);
        }
    })
}

/// Numbers that arithmetic goes wrong with, in places that are aligned as a format's fields are.
#[test]
fn extreme_numbers_in_tables() -> Result<()> {
    const EXTREME: [u64; 6] = [0, 1, u64::MAX, i64::MAX as u64, 0x7fff_ffff, u64::MAX - 0xfff];
    mutated(3, |random, bytes| {
        let tables = tables(bytes);
        let (start, end) = tables.get(random.below(tables.len())).copied().unwrap_or((0, 64));
        let width = if random.below(2) == 0 { 4 } else { 8 };
        let at = start + random.below(end.saturating_sub(start).max(1)) / width * width;
        let value = EXTREME.get(random.below(EXTREME.len())).copied().unwrap_or(0).to_le_bytes();
        if let Some(field) = bytes.get_mut(at..at + width) {
            field.copy_from_slice(value.get(..width).unwrap_or_default());
        }
    })
}

/// Stretches of one place in another.
#[test]
fn copied_stretches() -> Result<()> {
    mutated(4, |random, bytes| {
        let length = 1 + random.below(256);
        let (from, to) = (random.below(bytes.len()), random.below(bytes.len()));
        let end = (from + length).min(bytes.len());
        let end = end.min(from + bytes.len() - to);
        bytes.copy_within(from..end, to);
    })
}

#[test]
fn checksum_files() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    let bytes = fs_err::read(kernel.output.join("kernel/sched.o"))?;
    let mut text = Vec::new();
    manifest(ManifestObject::of(&bytes, "sched.o", None)?).write(&mut text)?;
    let good = Manifest::read(text.as_slice())?;
    for length in 0..text.len() - 1 {
        let begin = Instant::now();
        let cut = text.get(..length).unwrap_or_default();
        ensure!(
            Manifest::read(cut).is_err(),
            "{length} of {} bytes are taken for whole",
            text.len()
        );
        ensure!(begin.elapsed() < LIMIT);
    }
    let mut random = Random(5);
    for case in 0..2000 {
        let mut bad = text.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bad.len());
            if random.below(2) == 0 {
                flip(&mut bad, at, &mut random);
            } else if let Some(byte) = bad.get_mut(at) {
                // Other numbers and other structure, still JSON more often than not.
                *byte = *b"0189-{}[],\"".get(random.below(11)).unwrap_or(&b'0');
            }
        }
        let outcome = catch_unwind(|| {
            if let Ok(read) = Manifest::read(bad.as_slice()) {
                let mut changes = compare(&good, &read);
                changes.locate(|_, _| Some(Input::Read(bytes.clone())));
                let _ = compare(&read, &good);
                let _ = compare(&read, &read);
            }
        });
        ensure!(outcome.is_ok(), "case {case} panics:\n{}", String::from_utf8_lossy(&bad));
    }
    Ok(())
}

fn each_object(mut check: impl FnMut(&str, &[u8], &Manifest) -> Result<()>) -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    for name in OBJECTS {
        let bytes = fs_err::read(kernel.output.join(name))?;
        check(name, &bytes, &manifest(ManifestObject::of(&bytes, name, None)?))?;
    }
    Ok(())
}

/// 500 cases of each object.
fn mutated(seed: u64, mutate: impl Fn(&mut Random, &mut Vec<u8>)) -> Result<()> {
    each_object(|name, bytes, good| {
        let mut random = Random(seed);
        for case in 0..500 {
            let mut bad = bytes.to_vec();
            mutate(&mut random, &mut bad);
            one(&format!("{name}, seed {seed}, case {case}"), &bad, good)?;
        }
        Ok(())
    })
}

/// Digests `bytes`, and compares them with the good ones as a user would. Returns whether they could
/// be digested.
fn one(case: &str, bytes: &[u8], good: &Manifest) -> Result<bool> {
    // Another process can take the processor away, but hardly three times.
    let mut took = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| digest(bytes, good)));
        took = begin.elapsed();
        match outcome {
            Ok(read) if took < LIMIT => return Ok(read),
            Ok(_) => {}
            Err(_) => anyhow::bail!("{case} panics, see {}", keep(bytes)?),
        }
    }
    anyhow::bail!("{case} takes {took:?}, see {}", keep(bytes)?)
}

fn digest(bytes: &[u8], good: &Manifest) -> bool {
    let Ok(object) = ManifestObject::of(bytes, "good.o", None) else { return false };
    let bad = manifest(object);
    let input = |_: DiffSide, _: usize| Some(Input::Read(bytes.to_vec()));
    compare(good, &bad).locate(input);
    compare(&bad, good).locate(input);
    true
}

fn manifest(object: ManifestObject) -> Manifest {
    Manifest::from_iter([object])
}

/// Keeps the bytes of a case that went wrong.
fn keep(bytes: &[u8]) -> Result<Utf8PathBuf> {
    let path = Utf8PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("corrupt.o");
    fs_err::write(&path, bytes)?;
    Ok(path)
}

/// The header, the section headers, and what symbol tables, string tables, relocations and special
/// sections hold.
fn tables(bytes: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize, width: usize| -> usize {
        let field = bytes.get(at..at.saturating_add(width)).unwrap_or_default();
        field.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte))
    };
    let (headers, count) = (number(40, 8), number(60, 2));
    let mut tables = vec![(0, 64), (headers, headers + count * 64)];
    for index in 0..count {
        let header = headers + index * 64;
        let (kind, start, size) =
            (number(header + 4, 4), number(header + 24, 8), number(header + 32, 8));
        let is_table = [2, 3, 4].contains(&kind) || (kind == 1 && size < 512);
        if is_table && size > 0 && start + size <= bytes.len() {
            tables.push((start, start + size));
        }
    }
    tables
}

fn flip(bytes: &mut [u8], at: usize, random: &mut Random) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

/// The generator `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 1).unwrap_or(0) % end.max(1)
    }
}
