//! What is tried, and how it went.

use std::time::Duration;

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;

/// What to try.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The kernel, as `arch/x86/boot/bzImage`.
    pub image: Utf8PathBuf,
    /// The output directory that the kernel and its modules were built in. Without one there are no
    /// modules beside the livepatches.
    pub output: Option<Utf8PathBuf>,
    /// Where the modules of the kernel are installed, `/lib/modules/RELEASE`, unless they are in `output`.
    pub installed: Option<Utf8PathBuf>,
    /// Where modules from outside of the kernel's tree were built, with what they need of the kernel's.
    pub external: Option<Utf8PathBuf>,
    /// Livepatch modules, loaded in this order.
    pub livepatches: Vec<Utf8PathBuf>,
    /// Modules of the kernel, loaded before the livepatches, with all that they need.
    pub modules: Vec<String>,
    /// Modules of the kernel that are loaded after each livepatch.
    pub late_modules: Vec<String>,
    /// Shell scripts by the stage that they are run in: before, after each livepatch, unloaded.
    pub scripts: Vec<(Stage, Vec<u8>)>,
    /// Files for the scripts, in `/klp/files`.
    pub files: Vec<Utf8PathBuf>,
    /// How often the livepatches are loaded and unloaded, at least once.
    pub cycles: u32,
    /// More for the kernel's command line.
    pub parameters: Vec<String>,
    /// Kernel warnings that have to come: a text that the line of each contains.
    pub expected: Vec<String>,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// A part of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// From power-on to the first program.
    Boot,
    /// Loading modules of the kernel.
    Modules,
    /// The script before the livepatch.
    Before,
    /// Loading a livepatch, to the end of its transition.
    Load,
    /// The script after a livepatch.
    After,
    /// Disabling a livepatch, to the end of its transition.
    Disable,
    /// Unloading a livepatch.
    Unload,
    /// The script after all livepatches are gone.
    Unloaded,
    /// The kernel's messages.
    Kernel,
}

impl Stage {
    /// Those that a script can be run in.
    pub const SCRIPTS: [Self; 3] = [Self::Before, Self::After, Self::Unloaded];

    /// The word for it in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Modules => "modules",
            Self::Before => "before",
            Self::Load => "load",
            Self::After => "after",
            Self::Disable => "disable",
            Self::Unload => "unload",
            Self::Unloaded => "unloaded",
            Self::Kernel => "kernel",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [
            Self::Boot,
            Self::Modules,
            Self::Before,
            Self::Load,
            Self::After,
            Self::Disable,
            Self::Unload,
            Self::Unloaded,
            Self::Kernel,
        ]
        .into_iter()
        .find(|stage| stage.word() == word)
    }
}

/// How one part of a trial went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TrialStep {
    /// Which part.
    pub stage: Stage,
    /// The livepatch that it is about, or that was loaded last.
    pub module: Option<String>,
    /// Which load and unload, counted from 1.
    pub cycle: u32,
    /// Whether it went as it should.
    pub passed: bool,
    /// Exit status of the script or command; none where it did not end.
    pub status: Option<i32>,
    /// What it printed; of the kernel the messages that say that it is not well.
    pub output: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// How a trial went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialOutcome {
    /// Its parts in the order in which they began, and the kernel's messages last.
    pub steps: Vec<TrialStep>,
    /// Whether all went well.
    pub passed: bool,
}
