//! `cargo xtask`: what developers of this project run.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "xtask talks to whoever runs it")]

mod axe;
mod bench;
mod compare;
mod demo;
mod effects;
mod environment;
mod expected;
mod fixes;
mod fuzz;
mod kernel;
mod klp;
mod klp_build;
mod process;
mod proof;
mod qemu;
mod rust;
mod snapshot;
mod stock;
mod strangers;
mod test;

use clap::{Parser, Subcommand};
use kernel::{Compiler, Setup, Variant};

/// Project tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds a kernel before and after a patch and shows which functions changed.
    Demo {
        /// Do it on a real kernel of this version, and check every result.
        #[arg(long, value_name = "VERSION")]
        kernel: Option<String>,
        /// Take all patches of tests/patches to it, not four.
        #[arg(long, requires = "kernel")]
        all: bool,
        /// The compiler to build it with.
        #[arg(long, requires = "kernel", value_enum, default_value_t = Compiler::Gcc)]
        cc: Compiler,
        /// A kernel with Rust drivers, and the patches of tests/patches/VERSION-rust.
        #[arg(long, requires = "kernel", conflicts_with_all = ["all", "cc"])]
        rust: bool,
    },
    /// Compares our diff with the kernel's own (`objtool klp diff`) and with what is expected.
    Compare {
        /// A version whose objtool has `klp`: 6.19 or later.
        #[arg(long, value_name = "VERSION", default_value = "7.2")]
        kernel: String,
        /// Build it with clang and `ThinLTO`.
        #[arg(long)]
        thinlto: bool,
        /// Names of patches in tests/patches/VERSION [default: all].
        patches: Vec<String>,
    },
    /// Installs and fetches what the tests call, as `test` does.
    Tools,
    /// Runs what CI runs: format, lints, tests, and the checks on a real kernel.
    Test {
        /// Leave out the checks on a real kernel.
        #[arg(long)]
        quick: bool,
        /// In QEMU, also load livepatches 200 times, and build them in a second directory.
        #[arg(long, conflicts_with = "quick")]
        qemu: bool,
        /// Leave out tests whose tools are not installed; else they fail.
        #[arg(long)]
        allow_missing_tools: bool,
    },
    /// Fuzzes what reads untrusted bytes: objects, modules, patches, checksum files and the like.
    Fuzz {
        /// How long, all targets together.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        minutes: u64,
        /// With the address sanitizer: half as fast.
        #[arg(long)]
        sanitizer: bool,
        /// Only this target of `fuzz/fuzz_targets`.
        target: Option<String>,
    },
    /// Gets and builds a real kernel in a cache outside the repository.
    Kernel {
        /// For instance 6.1 or 7.2.
        version: String,
        /// The compiler to build it with.
        #[arg(long, value_enum, default_value_t = Compiler::Gcc)]
        cc: Compiler,
        /// Options that people configure their kernels with, beside the small configuration.
        #[arg(long, value_enum)]
        variant: Option<Variant>,
    },
    /// Tries livepatches in QEMU: every case of tests/qemu on a real kernel.
    Qemu {
        /// For instance 6.1 or 7.2.
        #[arg(long, value_name = "VERSION", default_value = "7.2")]
        kernel: String,
        /// The compiler to build it with.
        #[arg(long, value_enum, default_value_t = Compiler::Gcc)]
        cc: Compiler,
        /// Options that people configure their kernels with, beside the small configuration.
        #[arg(long, value_enum)]
        variant: Option<Variant>,
        /// Instead, modules that scripts/livepatch/klp-build of this kernel makes, and ours, of the same patches.
        #[arg(long, conflicts_with_all = ["cc", "variant"])]
        klp_build: bool,
        /// Only cases whose name contains this.
        filter: Option<String>,
    },
    /// Proves objects of a kernel as Debian ships it, makes livepatches for it, and tries them in QEMU.
    Stock {
        /// What `uname -r` says of it [default: the newest of this system's Debian].
        #[arg(long)]
        release: Option<String>,
        /// Compile in a root of this Debian release, such as `trixie`, which is made with debootstrap.
        #[arg(long)]
        root: Option<String>,
        /// Instead, do what `cargo klp doctor` says in a new root that has nothing, and make a livepatch there.
        #[arg(long, requires = "root", conflicts_with = "fixes")]
        fresh: bool,
        /// Instead, make livepatches of what differs between these two sources, of which the first are the kernel's, in
        /// some of their files.
        #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
        fixes: Vec<camino::Utf8PathBuf>,
        /// In so many of them.
        #[arg(long, value_name = "N", default_value_t = 20, requires = "fixes")]
        files: usize,
    },
    /// Tries livepatches of Rust in QEMU: every case of tests/rust, on a kernel that is made for it in a Debian root.
    Rust {
        /// A version that the root's archive has the sources of.
        #[arg(long, value_name = "VERSION", default_value = "7.3")]
        kernel: String,
        /// How it is built.
        #[arg(long, value_enum, default_value = "plain")]
        flavor: rust::Flavor,
        /// Only cases whose name contains this.
        filter: Option<String>,
    },
    /// Flips bytes and relocations of objects, and tells what the checksums miss.
    Mutate {
        /// How many mutations of each object.
        #[arg(long, default_value_t = 100_000)]
        mutations: u32,
        /// Makes edits whose meaning is known instead, and tells what comparisons miss.
        #[arg(long)]
        semantic: bool,
        /// Where the random choices start.
        #[arg(long, requires = "semantic", default_value_t = 1)]
        seed: u64,
        /// Objects; with --semantic, without any, what is assembled from templates.
        #[arg(required_unless_present = "semantic")]
        files: Vec<String>,
    },
    /// Compares the digest of each function of a build in its object and in what it is linked into.
    Linked {
        /// Output directory of a kernel build.
        build: String,
    },
    /// Applies what lies between a kernel and another tree of its sources, a file at a time, and holds the changed-function
    /// sets against a comparison of disassembly that shares no code with cargo-klp.
    Fixes {
        /// The kernel that is built, for instance 6.1.
        #[arg(long, default_value = "6.1")]
        kernel: String,
        /// The compiler to build it with.
        #[arg(long, value_enum, default_value_t = Compiler::Gcc)]
        cc: Compiler,
        /// Sources of another point release.
        tree: camino::Utf8PathBuf,
        /// At most so many files.
        #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
        most: usize,
        /// Only objects whose paths contain this.
        #[arg(long, default_value = "", hide_default_value = true)]
        only: String,
        /// Load the livepatches into the kernel, in QEMU.
        #[arg(long)]
        load: bool,
    },
    /// Puts a function with statics in front of random files of finished builds, in many ways, where the right answer is
    /// known, and compares.
    Strangers {
        /// Output directories of kernel builds, by any compiler.
        #[arg(required = true)]
        builds: Vec<camino::Utf8PathBuf>,
        /// How many files.
        #[arg(long, default_value_t = 100)]
        pairs: u64,
        /// Where the random choices start.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Keep the objects of wrong answers in this directory.
        #[arg(long, value_name = "DIRECTORY")]
        keep: Option<camino::Utf8PathBuf>,
    },
    /// Times checksums and differences of vmlinux.o against the kernel's own objtool.
    Bench {
        /// The kernel whose vmlinux.o is read.
        #[arg(long, value_name = "VERSION", default_value = "7.2")]
        kernel: String,
        /// The vmlinux.o of this finished build instead, by any compiler.
        #[arg(long, value_name = "DIRECTORY", conflicts_with_all = ["kernel", "builds"])]
        build: Option<camino::Utf8PathBuf>,
        /// The `vmlinux.o` of `x86_64_defconfig` instead, which takes an hour to build.
        #[arg(long, conflicts_with_all = ["build", "builds"])]
        large: bool,
        /// How often each program runs.
        #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(5..))]
        rounds: u32,
        /// Time and memory for 1 to 16 copies of vmlinux.o in one object as well.
        #[arg(long)]
        growth: bool,
        /// Time whole builds instead: a plain make, a first `cargo klp build` and second patches.
        #[arg(long)]
        builds: bool,
        /// With --builds: scripts/livepatch/klp-build of this kernel on the same patches as well.
        #[arg(long, requires = "builds")]
        klp_build: bool,
        /// Time livepatches for a kernel as this Debian ships it instead, and some minutes of building it.
        #[arg(long, conflicts_with_all = ["build", "large", "builds"])]
        stock: bool,
        /// With --stock: what `uname -r` says of the kernel [default: the newest of this system's Debian].
        #[arg(long, requires = "stock")]
        release: Option<String>,
        /// With --stock: how long the whole kernel is built.
        #[arg(long, requires = "stock", default_value_t = 10)]
        minutes: u32,
    },
}

fn main() -> std::process::ExitCode {
    let result = match Cli::parse().task {
        Task::Demo { kernel: None, .. } => demo::mini(),
        Task::Demo { kernel: Some(version), rust: true, .. } => demo::rust(&version),
        Task::Demo { kernel: Some(version), all, cc, .. } => demo::real(&version, all, cc),
        Task::Compare { kernel, thinlto, patches } => compare::run(&kernel, thinlto, &patches),
        Task::Tools => test::tools(),
        Task::Test { quick, qemu, allow_missing_tools } => {
            test::run(quick, qemu, allow_missing_tools)
        }
        Task::Fuzz { minutes, sanitizer, target } => {
            fuzz::run(minutes, sanitizer, target.as_deref())
        }
        Task::Kernel { version, cc, variant } => {
            kernel::built(&version, Setup { compiler: cc, variant }).map(|kernel| {
                println!("sources  {}", kernel.source);
                println!("build    {}", kernel.build);
            })
        }
        Task::Qemu { kernel, klp_build: true, filter, .. } => {
            effects::run(&kernel, filter.as_deref().unwrap_or_default())
        }
        Task::Qemu { kernel, cc, variant, filter, .. } => {
            let setup = Setup { compiler: cc, variant };
            qemu::run(&kernel, setup, &filter.as_deref().into_iter().collect::<Vec<_>>())
        }
        Task::Stock { release, root: Some(suite), fresh: true, .. } => {
            stock::fresh::run(&suite, release.as_deref())
        }
        Task::Stock { release, root, fixes, files, .. } => {
            stock::run(release.as_deref(), root.as_deref(), &fixes, files)
        }
        Task::Rust { kernel, flavor, filter } => {
            rust::run(&kernel, flavor, filter.as_deref().unwrap_or_default())
        }
        Task::Mutate { mutations, semantic: true, seed, files } => {
            proof::semantic(mutations, seed, &files)
        }
        Task::Mutate { mutations, files, .. } => proof::mutate(mutations, &files),
        Task::Fixes { kernel, cc, tree, most, only, load } => {
            fixes::run(&kernel, cc.into(), &tree, most, &only, load)
        }
        Task::Strangers { builds, pairs, seed, keep } => {
            strangers::run(&builds, pairs, seed, keep.as_deref())
        }
        Task::Linked { build } => proof::linked(&build),
        Task::Bench { kernel, builds: true, klp_build, .. } => {
            bench::builds::run(&kernel, klp_build)
        }
        Task::Bench { stock: true, release, minutes, .. } => {
            bench::stock::run(release.as_deref(), minutes)
        }
        Task::Bench { kernel, large: true, rounds, growth, .. } => kernel::large(&kernel)
            .and_then(|build| bench::run(&kernel, Some(&build), rounds, growth)),
        Task::Bench { kernel, build, rounds, growth, .. } => {
            bench::run(&kernel, build.as_deref(), rounds, growth)
        }
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
