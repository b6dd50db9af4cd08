//! `cargo xtask bench --stock`: livepatches for a kernel that somebody else built, beside what it costs to build that
//! kernel.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};

use super::cost::{Cost, all_processors, children_processors};
use crate::kernel::{self, Compiler};
use crate::stock::Place;
use crate::{environment, klp, process};

/// Patches of one object each; the first one finds nothing that was made before.
const FIRST: &str = "meminfo";
const FURTHER: [&str; 2] = ["duplicate", "ext4"];
/// How long they may take on two idle processors, in seconds.
const FIRST_AIM: f64 = 60.0;
const FURTHER_AIM: f64 = 15.0;
/// What timeout(1) ends with where the command was still running.
const TIME_IS_UP: i32 = 124;

pub(crate) fn run(release: Option<&str>, minutes: u32) -> Result<()> {
    kernel::packages::ensure(Compiler::Gcc.into())?;
    let place = Place::of(release, None, klp::build(true)?)?;
    place.ensure_packages()?;
    let scratch = environment::kernel_cache()?.join("bench/stock");
    if scratch.exists() {
        fs_err::remove_dir_all(&scratch)?;
    }
    fs_err::create_dir_all(&scratch)?;
    let (all, own) = (all_processors()?, children_processors()?);
    let begin = std::time::Instant::now();

    let bench = Bench { place, scratch };
    let aim = |seconds: f64| format!("aim: {seconds:.0} s on two idle processors");
    let first = bench.livepatch(FIRST)?;
    first.print("first livepatch", &format!("{FIRST}; {}", aim(FIRST_AIM)));
    for patch in FURTHER {
        let cost = bench.livepatch(patch)?;
        cost.print("further livepatch", &format!("{patch}; {}", aim(FURTHER_AIM)));
    }
    bench.whole_kernel(minutes)?.print(first);

    let others = all_processors()? - all - (children_processors()? - own);
    let others = others / begin.elapsed().as_secs_f64();
    println!("meanwhile other work took {others:.1} of {} processors", environment::jobs());
    fs_err::remove_dir_all(&bench.scratch)?;
    Ok(())
}

struct Bench {
    place: Place,
    scratch: Utf8PathBuf,
}

impl Bench {
    fn work(&self) -> Utf8PathBuf {
        self.scratch.join("work")
    }

    /// What a livepatch of one object costs.
    fn livepatch(&self, patch: &str) -> Result<Cost> {
        let mut build = self.place.klp(&["build"]);
        build.arg(format!("--stock={}", self.place.release));
        build.args(["--sysroot", self.place.inside("packages").as_str()]);
        build.args(["--target-dir", self.work().as_str()]);
        build.args(["-o", self.scratch.join(format!("livepatch-{patch}.ko")).as_str()]);
        let log = self.scratch.join(format!("{patch}.log"));
        Cost::of_run(build.arg(self.place.patch(patch)).current_dir(&self.scratch), &log)
    }

    /// Builds the kernel that was shipped, from its sources and with its configuration, for some minutes.
    fn whole_kernel(&self, minutes: u32) -> Result<Whole> {
        let build = self.scratch.join("whole");
        fs_err::create_dir(&build)?;
        let config = build.join(".config");
        let headers = format!("packages/usr/src/linux-headers-{}/.config", self.place.release);
        fs_err::copy(self.place.outside(&headers), &config)?;
        let source = only_directory(&self.work().join("unpacked"))?;
        // Certificates that only the distribution's own tree has.
        let mut script = process::command(source.join("scripts/config").as_str());
        script.args(["--file", config.as_str(), "--set-str", "SYSTEM_TRUSTED_KEYS", ""]);
        process::run(&mut script)?;
        let to = format!("O={build}");
        let command = ["make", "-C", source.as_str(), &to];
        let log = self.scratch.join("whole.log");
        // The tools of the build are made once, however many objects there are.
        for target in ["olddefconfig", "modules_prepare"] {
            Cost::of_run(process::command("make").args(&command[1..]).arg(target), &log)?;
        }
        let objects = self.objects()?;
        let present = || objects.iter().filter(|object| build.join(object).exists()).count();
        let before = present();
        let mut limited = process::command("timeout");
        limited.arg(format!("{minutes}m")).args(command).arg(format!("-j{}", environment::jobs()));
        let (cost, status) = Cost::of_ended(limited.args(["vmlinux", "modules"]), &log)?;
        let has_ended = status.success();
        ensure!(has_ended || status.code() == Some(TIME_IS_UP), "make failed: {log}");
        let (made, all) = (present() - before, objects.len() - before);
        Ok(Whole { cost, made, all, has_ended })
    }

    /// All objects that this kernel is made of, as make told in the first run.
    fn objects(&self) -> Result<Vec<String>> {
        let text = fs_err::read(self.work().join("stock.commands"))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let objects = text.lines().filter_map(|line| Some(line.split_once('\t')?.0.to_owned()));
        Ok(objects.collect())
    }
}

/// A build of all the kernel, as far as it came.
struct Whole {
    cost: Cost,
    made: usize,
    all: usize,
    has_ended: bool,
}

impl Whole {
    /// `first` is what the first livepatch costs.
    fn print(&self, first: Cost) {
        let Self { cost, made, all, has_ended } = self;
        cost.print("make vmlinux modules", &format!("{made} of {all} objects"));
        #[expect(clippy::cast_precision_loss, reason = "there are not that many objects")]
        let times = if *has_ended { 1.0 } else { *all as f64 / (*made).max(1) as f64 };
        let whole = Cost { clock: cost.clock * times, processors: cost.processors * times };
        if !has_ended {
            let remark = format!("EXTRAPOLATED: that times {times:.1}, and nothing linked");
            whole.print("the whole kernel", &remark);
        }
        let Cost { clock, processors } = whole.of(first);
        println!(
            "the first livepatch takes 1/{clock:.0} (1/{processors:.0} of the processor time) of building the kernel once"
        );
    }
}

/// What an archive of sources was unpacked to.
fn only_directory(parent: &Utf8Path) -> Result<Utf8PathBuf> {
    let entries = parent.read_dir_utf8()?.filter_map(Result::ok);
    let mut tops = entries.map(camino::Utf8DirEntry::into_path).filter(|path| path.is_dir());
    tops.next().with_context(|| format!("{parent}: no sources were unpacked"))
}
