//! The inputs in `seeds` and those that once broke a promise, without a fuzzer.

use camino::Utf8Path;
use klp_fuzz::TARGETS;

#[test]
fn seeds_break_no_promise() {
    for (name, target) in TARGETS {
        let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let mut count = 0;
        for entry in fs_err::read_dir(&directory).unwrap() {
            target(&fs_err::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "no input in {directory}");
    }
}

/// As many made-up patches as take a few seconds.
#[test]
fn patches_are_applied_as_others_apply_them() {
    for number in 0..400u32 {
        klp_fuzz::oracle(&number.to_le_bytes());
    }
}
