//! Calls of make for a module outside of the kernel's sources.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::ModuleWorkspace;
use crate::atomic;
use crate::build::calls::pinned;
use crate::build::{BuildError, BuildSettings};
use crate::event::{BuildEvent, BuildEvents};
use crate::make::{Make, MakeError, MakeEvent};
use crate::source_names::named_below;

/// The log of what is made for a livepatch.
const LOG: &str = "module";

impl ModuleWorkspace {
    /// Builds the module in `directory` with `output` as the kernel's output directory, and writes to that log.
    pub(super) fn make_for(
        &self,
        (log, output): (&str, &Utf8Path),
        directory: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), MakeError> {
        let names = (format!("{}/", self.build_path()), format!("{}/", self.named));
        let mut variables = named_below(&pinned(settings.variables), (&names.0, &names.1));
        variables.push(format!("M={directory}"));
        let source = &self.kernel.source;
        self.run((log, &["modules"]), (source, output), &variables, settings, events)
    }

    /// The same, of what is made for a livepatch.
    pub(crate) fn make_module(
        &self,
        output: &Utf8Path,
        directory: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        // What the livepatch is linked against lists these, too.
        let no_extra = ["KBUILD_EXTRA_SYMBOLS=".to_owned()];
        let variables = [settings.variables, &no_extra].concat();
        let settings = BuildSettings { variables: &variables, ..*settings };
        Ok(self.make_for((LOG, output), directory, &settings, events)?)
    }

    /// Runs a makefile of commands that Kbuild saved, where it ran them.
    pub(crate) fn run_makefile(
        &self,
        makefile: &Utf8Path,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let place = self.place_of_commands()?;
        let variables = [format!("--file={makefile}")];
        Ok(self.run((LOG, &[]), (&place, &place), &variables, settings, events)?)
    }

    /// Begins that log anew.
    pub(crate) fn new_log(&self, name: &str) -> Result<(), BuildError> {
        let path = self.log_path(name);
        atomic::remove_file(&path).map_err(BuildError::io(&path))
    }

    fn log_path(&self, name: &str) -> Utf8PathBuf {
        self.root.join("log").join(format!("{name}.log"))
    }

    /// Since Linux 6.13 make works in the directory of the module, and paths are relative to that; before, it worked in the
    /// output directory of the kernel.
    pub(super) fn place_of_commands(&self) -> Result<Utf8PathBuf, BuildError> {
        let path = self.build_path().join("modules.order");
        let order = fs::read_to_string(&path).map_err(BuildError::io(&path))?;
        let is_relative = order.lines().next().is_some_and(|line| !line.starts_with('/'));
        Ok(if is_relative { self.build_path() } else { self.kernel.output.clone() })
    }

    fn run(
        &self,
        (log, targets): (&str, &[&str]),
        (source, output): (&Utf8Path, &Utf8Path),
        variables: &[String],
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), MakeError> {
        let make = Make {
            program: settings.make.to_owned(),
            source: source.to_owned(),
            output: output.to_owned(),
            jobs: settings.jobs,
            variables,
            environment: &[],
            interrupt: settings.interrupt,
            log: self.log_path(log),
        };
        make.run(targets, &mut |event| {
            if let MakeEvent::Step { verb, target } = event {
                events(BuildEvent::Step { verb, target });
            }
        })
    }
}
