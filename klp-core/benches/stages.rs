//! Each stage of a comparison by itself, so that what becomes slower is found at its place:
//! `cargo bench --package klp-core`. `KLP_BENCH_OBJECT=vmlinux.o` takes another object.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads what to measure")]
#![expect(missing_docs, reason = "what the macros of criterion make is not documented")]

#[expect(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the crate keeps its decoder for itself"
)]
#[path = "../src/arch/mod.rs"]
mod arch;

use std::hint::black_box;

use arch::{Arch, Instructions as _, X86_64};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use klp_core::Manifest;
use klp_core::checksum::Analysis;
use klp_core::diff::compare;
use klp_core::input::Input;
use klp_core::manifest::ManifestObject;

fn decoded<A: Arch>(code: &[u8]) -> usize {
    A::Instructions::new(code, 0).flatten().count()
}

fn stages(criterion: &mut Criterion) {
    let small = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/gcc.o");
    let path = std::env::var_os("KLP_BENCH_OBJECT").unwrap_or_else(|| small.into());
    let input = Input::open(path.as_ref()).expect("the object can be read");
    let analysis = Analysis::of(&input).expect("an object for x86-64");
    let object = ManifestObject::of(&input, "object.o", None).expect("an object for x86-64");
    let manifest = Manifest::from_iter([object]);
    let mut file = Vec::new();
    manifest.write(&mut file).expect("memory can be written");

    let code = analysis.elf.sections.iter().filter(|section| section.is_code());
    let code = code.max_by_key(|section| section.size).map(|section| section.data);
    let code = code.expect("the object has code");
    let mut group = criterion.benchmark_group("code");
    group.throughput(Throughput::Bytes(code.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| decoded::<X86_64>(black_box(code)));
    });
    group.finish();

    let mut group = criterion.benchmark_group("object");
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function("parse", |bencher| bencher.iter(|| Analysis::of(black_box(&input))));
    group.bench_function("digest", |bencher| bencher.iter(|| black_box(&analysis).checksums()));
    group.finish();

    let mut group = criterion.benchmark_group("manifest");
    group.throughput(Throughput::Bytes(file.len() as u64));
    group.bench_function("read", |bencher| bencher.iter(|| Manifest::read(black_box(&*file))));
    group.bench_function("write", |bencher| {
        bencher.iter(|| manifest.write(black_box(&mut Vec::with_capacity(file.len()))));
    });
    let kept = manifest.to_kept();
    group.bench_function("read kept", |bencher| {
        bencher.iter(|| Manifest::from_kept(black_box(&kept)));
    });
    group.bench_function("correlate", |bencher| {
        bencher.iter(|| compare(black_box(&manifest), black_box(&manifest)));
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
