//! One guest: livepatches are loaded one after another, and the scripts of cases show what they do.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use serde_json::Value;

use super::{Case, Kernel};
use crate::kernel::temporary;
use crate::klp::{self, Outcome};
use crate::tools::tool;

/// Separates the outputs of the cases that share a guest.
const SEPARATOR: &str = "klp-case ";

/// What the scripts of cases printed: by case and stage.
pub(super) type Outputs = BTreeMap<(String, String), Vec<String>>;

/// Tries `livepatches` in one guest, each in the place of the one before. After a livepatch that has the name
/// of one of the cases (`livepatch-NAME.ko`) only the script of that case runs, else those of all.
pub(super) fn run(
    kernel: &Kernel,
    cases: &[&Case],
    livepatches: &[Utf8PathBuf],
) -> Result<Outputs> {
    let (_guard, directory) = temporary()?;
    fs_err::create_dir_all(&kernel.logs)?;
    let script = directory.join("all.sh");
    fs_err::write(&script, all_scripts(cases))?;
    let mut arguments = vec!["try".to_owned()];
    arguments.extend(livepatches.iter().map(ToString::to_string));
    let mut add = |option: &str, value: &str| {
        arguments.extend([option.to_owned(), value.to_owned()]);
    };
    add("-C", kernel.output.as_str());
    if let Some(target) = &kernel.target {
        add("--target-dir", target.as_str());
    }
    for case in cases {
        add("--file", case.script.as_str());
        for module in &case.modules {
            add("--module", module);
        }
        for module in &case.late_modules {
            add("--late-module", module);
        }
        for source in &case.programs {
            let program = directory.join(source.file_stem().unwrap_or_default());
            let flags = ["-static", "-nostdlib", "-O1", "-fno-stack-protector", "-o"];
            tool("gcc", flags.into_iter().chain([program.as_str(), source.as_str()]))?;
            add("--file", program.as_str());
        }
        for warning in &case.warnings {
            add("--expect", warning);
        }
    }
    let cycles = cases.iter().map(|case| case.cycles).max().unwrap_or(1);
    add("--cycles", &cycles.to_string());
    add("--timeout", &(900 + 20 * cycles).to_string());
    add("--script", script.as_str());
    let log = kernel.logs.join(format!("{}.log", cases.first().map_or("none", |case| &case.name)));
    add("--log", log.as_str());
    add("--message-format", "json");
    let outcome = klp::run_patiently(&mut klp::klp(&arguments)?)?;
    ensure!(
        outcome.status == Some(0),
        "the trial failed, see {log}:\n{}{}",
        failures(&outcome)?,
        outcome.stderr
    );
    outputs(&outcome)
}

/// What runs in the guest before, after each livepatch and at the end.
fn all_scripts(cases: &[&Case]) -> String {
    let modules: Vec<String> = cases.iter().map(|case| case.name.replace('-', "_")).collect();
    let own = modules.join("|");
    let which = format!("case ${{KLP_MODULE#livepatch_}} in {own}) own=1 ;; *) own= ;; esac\n");
    let scripts = cases.iter().zip(&modules).map(|(case, module)| {
        let name = &case.name;
        format!(
            "[ -n \"$own\" ] && [ $KLP_MODULE != livepatch_{module} ] || {{\n\
             echo '{SEPARATOR}{name}'\nsh /klp/files/{name}.sh\n}}\n"
        )
    });
    which + &scripts.collect::<String>() + "true\n"
}

/// The records of the steps.
fn steps(stdout: &str) -> Result<Vec<Value>> {
    let records: Result<Vec<Value>, _> = stdout.lines().map(serde_json::from_str).collect();
    let records = records.with_context(|| format!("not a record a line: {stdout}"))?;
    Ok(records.into_iter().filter(|record| record["reason"] == "try").collect())
}

fn failures(outcome: &Outcome) -> Result<String> {
    let failed = steps(&outcome.stdout)?.into_iter().filter(|step| step["passed"] == false);
    let texts: Vec<String> = failed.map(|step| format!("{step:#}\n")).collect();
    Ok(texts.concat())
}

fn outputs(outcome: &Outcome) -> Result<Outputs> {
    let mut outputs = Outputs::new();
    for step in steps(&outcome.stdout)? {
        let stage = step["stage"].as_str().unwrap_or_default().to_owned();
        let mut case = None;
        for line in step["output"].as_str().unwrap_or_default().lines() {
            if let Some(name) = line.strip_prefix(SEPARATOR) {
                case = Some(name.to_owned());
            } else if let Some(case) = &case {
                let key = (case.clone(), stage.clone());
                outputs.entry(key).or_default().push(line.trim_end().to_owned());
            }
        }
    }
    Ok(outputs)
}
