//! Ways to compile a file of the kernel.

/// A name and what it adds to the kernel's own command.
pub(super) struct FlagSet {
    pub(super) name: &'static str,
    gcc: Option<&'static str>,
    clang: Option<&'static str>,
}

const fn both(name: &'static str, flags: &'static str) -> FlagSet {
    FlagSet { name, gcc: Some(flags), clang: Some(flags) }
}

/// As the kernel's Makefiles have them (`scripts/Makefile.kasan`, `.kcsan`, `.kcov`, `.ubsan`, `arch/x86/Makefile`).
const ALL: [FlagSet; 8] = [
    both("plain", ""),
    both("sections", "-ffunction-sections -fdata-sections"),
    both("ubsan", "-fsanitize=shift -fsanitize=bool -fsanitize=enum -fsanitize=bounds"),
    both("kcov", "-fsanitize-coverage=trace-pc"),
    FlagSet {
        name: "kasan",
        gcc: Some(
            "-fsanitize=kernel-address -fasan-shadow-offset=0xdffffc0000000000 --param asan-globals=1 \
             --param asan-instrumentation-with-call-threshold=10000 --param asan-stack=1",
        ),
        clang: Some(
            "-fsanitize=kernel-address -mllvm -asan-mapping-offset=0xdffffc0000000000 -mllvm -asan-globals=1 \
             -mllvm -asan-instrumentation-with-call-threshold=10000 -mllvm -asan-stack=0",
        ),
    },
    FlagSet {
        name: "kcsan",
        gcc: Some("-fsanitize=thread --param tsan-instrument-func-entry-exit=0"),
        clang: Some("-fsanitize=thread -mllvm -tsan-instrument-func-entry-exit=0"),
    },
    both("ibt", "-fcf-protection=branch"),
    FlagSet { name: "kcfi", gcc: None, clang: Some("-fsanitize=kcfi") },
];

/// Those that a compiler has, each with its words.
pub(super) fn of(is_clang: bool) -> Vec<(&'static str, Vec<&'static str>)> {
    let flags = |set: &FlagSet| if is_clang { set.clang } else { set.gcc };
    let sets = ALL.iter().filter_map(|set| Some((set.name, flags(set)?)));
    sets.map(|(name, flags)| (name, flags.split_whitespace().collect())).collect()
}
