//! `cargo klp try`.

use std::time::Duration;

use camino::Utf8PathBuf;
use kbuild_glue::{Interrupt, Jobs, Workspace, arch};
use klp::{Kernel, output};
use klp_vm::{Accelerator, GuestMachine, Stage, Trial, VmEvent};

use crate::cli::{Accel, StreamFormat, TryArgs, Verbosity};
use crate::environment;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;

use super::{events, session};

/// What the log of a trial is.
const LOG: &str = "the log of a trial";

pub(crate) fn run(
    arguments: &TryArgs,
    format: StreamFormat,
    verbosity: Verbosity,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let kernel = Kernel::find(&arguments.tree.location()?)?;
    if let Some(log) = &arguments.log {
        output::expect_ours(log, klp_vm::is_log, LOG)?;
    }
    for livepatch in &arguments.livepatches {
        fs_err::metadata(livepatch)
            .map_err(|source| klp::Error::Read { path: livepatch.clone(), source })?;
    }
    // Somebody may still write one of them, and a signal ends that wait.
    let scripts = scripts(arguments)?;
    let interrupt = session::interrupt()?;
    let built = built(arguments, &kernel, &interrupt, shell)?;
    let mut trial = trial(arguments, built, scripts);
    trial.external = kernel.module().map(|_| kernel.original()).filter(|path| path.is_dir());
    let machine = GuestMachine {
        qemu: arguments.qemu.clone(),
        accelerator: arguments.accel.map(|accel| match accel {
            Accel::Kvm => Accelerator::Kvm,
            Accel::Tcg => Accelerator::Tcg,
        }),
        busybox: arguments.busybox.clone(),
        search_path: environment::search_path(),
        memory_mib: arguments.memory,
        processors: arguments.processors.get(),
        log: arguments.log.clone().unwrap_or_else(|| kernel.root.join("log/try.log")),
        interrupt: &interrupt,
    };
    let mut events = |event| show(event, &trial, verbosity, shell);
    let outcome = machine.run(&trial, &mut events)?;
    report::trial(&outcome, format).map_err(RunError::Print)?;
    if outcome.passed {
        shell.finished("all steps passed");
        return Ok(ExitStatus::Success);
    }
    Err(RunError::TrialFailed { log: machine.log })
}

/// A kernel to boot, and the output directory with its modules.
struct BootableKernel {
    image: Utf8PathBuf,
    output: Utf8PathBuf,
    /// Where its modules are installed, unless they are in the output directory.
    installed: Option<Utf8PathBuf>,
}

/// The kernel that the person names or has built; else the original that livepatches are made for, whose
/// image is made now.
fn built(
    arguments: &TryArgs,
    kernel: &Kernel,
    interrupt: &Interrupt,
    shell: &Shell,
) -> Result<BootableKernel, RunError> {
    if let Some(parts) = kernel.stock() {
        let image = arguments.kernel.as_ref().unwrap_or(&parts.image).clone();
        let installed = Some(parts.modules.clone());
        return Ok(BootableKernel { image, output: parts.headers.clone(), installed });
    }
    let output = kernel.tree.output.clone();
    if let Some(image) = &arguments.kernel {
        return Ok(BootableKernel { image: image.clone(), output, installed: None });
    }
    let image = output.join(arch::IMAGE);
    if kernel.module().is_some() {
        return match kernel.installed() {
            Some((image, modules)) => {
                Ok(BootableKernel { image, output, installed: Some(modules) })
            }
            None => Ok(BootableKernel { image, output, installed: None }),
        };
    }
    if !image.is_file() && kernel.root.is_dir() {
        let mut events = |event| events::of_build(event, shell);
        let workspace = Workspace::open(&kernel.tree, &kernel.root, interrupt, &mut events)?;
        let processors =
            std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let jobs = Jobs::inherited(processors)?;
        shell.status("Making", format_args!("the image of the kernel in {}", kernel.root));
        let image = workspace.make_image(&jobs, &environment::make(), interrupt, &mut events)?;
        shell.progress().finish();
        if let Some(image) = image {
            return Ok(BootableKernel { image, output: workspace.build_path(), installed: None });
        }
    }
    Ok(BootableKernel { image, output, installed: None })
}

/// What the guest runs, and when.
fn scripts(arguments: &TryArgs) -> Result<Vec<(Stage, Vec<u8>)>, RunError> {
    let mut scripts = Vec::new();
    let mut add = |stage: Stage, path: &Utf8PathBuf| -> Result<(), RunError> {
        let script =
            fs_err::read(path).map_err(|source| klp::Error::Read { path: path.clone(), source })?;
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
    Ok(scripts)
}

fn trial(arguments: &TryArgs, built: BootableKernel, scripts: Vec<(Stage, Vec<u8>)>) -> Trial {
    Trial {
        image: built.image,
        output: Some(built.output),
        installed: built.installed,
        external: None,
        livepatches: arguments.livepatches.clone(),
        modules: arguments.modules.clone(),
        late_modules: arguments.late_modules.clone(),
        scripts,
        files: arguments.files.clone(),
        cycles: arguments.cycles.get(),
        parameters: arguments.parameters.clone(),
        expected: arguments.expected.clone(),
        timeout: Duration::from_secs(arguments.timeout),
    }
}

fn show(event: VmEvent, trial: &Trial, verbosity: Verbosity, shell: &Shell) {
    match event {
        VmEvent::Started(accelerator) => {
            shell.status("Booting", format_args!("{} on {}", trial.image, accelerator.word()));
        }
        VmEvent::Console(line) | VmEvent::Output(line) if verbosity == Verbosity::Verbose => {
            shell.plain(&line);
        }
        VmEvent::Begin(stage, module) => {
            let module = module.map(|name| format!(" ({name})")).unwrap_or_default();
            shell.progress().step(stage.word(), module.trim());
        }
        VmEvent::Note(note) => shell.warning(note),
        _ => {}
    }
}
