//! `cargo klp try`.

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::Interrupt;
use klp_vm::{Accelerator, Machine, Stage, Trial, VmEvent};

use crate::cli::{Accel, MessageFormat, Try, Verbosity};
use crate::environment;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::place::Place;
use crate::report;
use crate::shell::Shell;
use crate::signals;

pub(crate) fn run(
    arguments: &Try,
    format: MessageFormat,
    verbosity: Verbosity,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let place = Place::find(&arguments.tree)?;
    let interrupt = Arc::new(Interrupt::new());
    signals::forward(&interrupt)
        .map_err(|source| Error::Read { path: "signals".into(), source })?;
    let trial = trial(arguments, &place.tree.output)?;
    let machine = Machine {
        qemu: arguments.qemu.clone(),
        accelerator: arguments.accel.map(|accel| match accel {
            Accel::Kvm => Accelerator::Kvm,
            Accel::Tcg => Accelerator::Tcg,
        }),
        busybox: arguments.busybox.clone(),
        search_path: environment::search_path(),
        memory_mib: arguments.memory,
        processors: arguments.processors.get(),
        log: arguments.log.clone().unwrap_or_else(|| place.root.join("log/try.log")),
        interrupt: &interrupt,
    };
    let mut events = |event| show(event, &trial, verbosity, shell);
    let outcome = machine.run(&trial, &mut events)?;
    report::trial(&outcome, format).map_err(Error::Print)?;
    if outcome.passed {
        shell.status("Finished", "all steps passed");
        return Ok(ExitStatus::Success);
    }
    Err(Error::TrialFailed { log: machine.log })
}

fn trial(arguments: &Try, output: &Utf8Path) -> Result<Trial, Error> {
    let mut scripts = Vec::new();
    let mut add = |stage: Stage, path: &Utf8PathBuf| -> Result<(), Error> {
        let script =
            fs_err::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        scripts.push((stage, script));
        Ok(())
    };
    for (stage, path) in [(Stage::Before, &arguments.before), (Stage::After, &arguments.after)] {
        if let Some(path) = path {
            add(stage, path)?;
        }
    }
    if let Some(path) = &arguments.script {
        for stage in Stage::SCRIPTS {
            add(stage, path)?;
        }
    }
    let image = arguments.kernel.clone();
    Ok(Trial {
        image: image.unwrap_or_else(|| output.join("arch/x86/boot/bzImage")),
        output: Some(output.to_owned()),
        livepatches: arguments.livepatches.clone(),
        modules: arguments.modules.clone(),
        late_modules: arguments.late_modules.clone(),
        scripts,
        files: arguments.files.clone(),
        cycles: arguments.cycles.get(),
        expected: arguments.expected.clone(),
        timeout: Duration::from_secs(arguments.timeout),
    })
}

fn show(event: VmEvent, trial: &Trial, verbosity: Verbosity, shell: &Shell) {
    match event {
        VmEvent::Started(accelerator) => {
            shell.status("Booting", format_args!("{} on {}", trial.image, accelerator.word()));
        }
        VmEvent::Console(line) | VmEvent::Output(line) if verbosity == Verbosity::Verbose => {
            shell.plain(line);
        }
        VmEvent::Begin(stage, module) => {
            let module = module.map(|name| format!(" ({name})")).unwrap_or_default();
            shell.progress().step(stage.word(), module.trim());
        }
        VmEvent::Note(note) => shell.warning(note),
        _ => {}
    }
}
