//! Calls of make: where it runs, and what is on its command line.

use camino::Utf8Path;

use super::running::MakeMarker;
use super::{BuildError, BuildSettings, Workspace};
use crate::config::Config;
use crate::event::{BuildEvent, BuildEvents};
use crate::launcher;
use crate::make::{Make, MakeEvent};

/// Make variables that end up in the kernel's version string, and the same for both builds.
const PINNED: &[(&str, &str)] = &[
    ("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"),
    ("KBUILD_BUILD_USER", "klp"),
    ("KBUILD_BUILD_HOST", "klp"),
    ("KBUILD_BUILD_VERSION", "1"),
];

impl Workspace {
    /// Runs a makefile of ours in the output directory of our builds.
    pub(crate) fn run_makefile(
        &self,
        makefile: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let build = self.build_path();
        let variables = [format!("--file={makefile}")];
        self.run_make("module", &[], &build, &build, &variables, settings, events)
    }

    /// Builds the module in `directory` with `output` as the kernel's output directory.
    pub(crate) fn make_module(
        &self,
        output: &Utf8Path,
        directory: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let mut variables = variables(settings);
        variables.push(format!("M={directory}"));
        let source = self.mirror_path();
        self.run_make("module", &["modules"], &source, output, &variables, settings, events)
    }

    pub(crate) fn make(
        &self,
        log: &str,
        targets: &[&str],
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        self.make_with(log, targets, None, settings, events)
    }

    /// The same, without doing two things at once.
    pub(crate) fn make_one_by_one(
        &self,
        log: &str,
        targets: &[&str],
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        self.make_with(log, targets, Some("-j1".to_owned()), settings, events)
    }

    /// The same with one more word on make's command line.
    pub(super) fn make_with(
        &self,
        log: &str,
        targets: &[&str],
        own: Option<String>,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let mut variables = variables(settings);
        variables.extend(own);
        let (source, output) = (self.mirror_path(), self.build_path());
        self.run_make(log, targets, &source, &output, &variables, settings, events)
    }

    #[expect(clippy::too_many_arguments, reason = "one call of make, in full")]
    fn run_make(
        &self,
        log: &str,
        targets: &[&str],
        source: &Utf8Path,
        output: &Utf8Path,
        variables: &[String],
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let cached = launcher::is_ccache(variables);
        let environment =
            if cached { launcher::ccache_environment(&self.root) } else { Vec::new() };
        let make = Make {
            program: settings.make.to_owned(),
            source: source.to_owned(),
            output: output.to_owned(),
            jobs: settings.jobs,
            variables,
            environment: &environment,
            interrupt: settings.interrupt,
            log: self.log_path().join(format!("{log}.log")),
        };
        let mut running = MakeMarker::start(&self.root)?;
        let result = make.run(targets, &mut |event| match event {
            MakeEvent::Started { group } => running.group(group),
            MakeEvent::Step { verb, target } => events(BuildEvent::Step { verb, target }),
        });
        running.finish(&result)?;
        // People look for a file where they have it.
        let (mirror, source) =
            (format!("{}/", self.mirror_path()), format!("{}/", self.tree.source));
        let is_copy = self.is_seeded();
        Ok(result.map_err(|error| {
            let error = error.map_lines(|line| line.replace(&mirror, &source));
            if is_copy { error.of_copy(&self.tree.output) } else { error }
        })?)
    }
}

/// What make gets on its command line.
pub(super) fn variables(settings: &BuildSettings<'_>) -> Vec<String> {
    let variables = pinned(settings.variables);
    if launcher::is_ccache(&variables) { launcher::ccache_variables(&variables) } else { variables }
}

/// The user's variables, and ours where the user has none.
pub(super) fn pinned(variables: &[String]) -> Vec<String> {
    let given = |name: &str| {
        variables.iter().any(|variable| {
            variable.split_once('=').is_some_and(|(key, _)| key.trim_end_matches(':') == name)
        })
    };
    let pins = PINNED.iter().filter(|(name, _)| !given(name));
    pins.map(|(name, value)| format!("{name}={value}")).chain(variables.iter().cloned()).collect()
}

/// What is made of the kernel: `image`, and modules where there are any.
pub(super) fn targets<'a>(config: &Config, image: &'a str) -> Vec<&'a str> {
    let mut targets = vec![image];
    if config.is_enabled("CONFIG_MODULES") {
        targets.push("modules");
    }
    targets
}
