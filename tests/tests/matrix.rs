//! Runs the matrix of inputs: `cargo test --package klp-tests --test matrix [FILTER]`.
//!
//! A test is called `group/input::compiler::variant`. One whose compiler is not there is ignored.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use camino::Utf8Path;
use klp_tests::matrix::{self, Case, Compiler, Input, Tool, coverage};
use klp_tests::tools::may_be_missing;
use libtest_mimic::{Arguments, Failed, Trial};

/// A check of all inputs together.
type About = fn(&[Arc<Input>]) -> Result<()>;

fn main() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix");
    let inputs = matrix::inputs(&directory)?;
    let mut trials = Vec::new();
    let about: [(&str, About); 3] =
        [("rules", coverage::rules), ("sections", coverage::sections), ("kinds", coverage::kinds)];
    for (name, check) in about {
        let inputs = inputs.clone();
        trials.push(Trial::test(format!("coverage::{name}"), move || outcome(check(&inputs))));
    }
    let mut tools: BTreeMap<Compiler, Option<Tool>> = BTreeMap::new();
    for input in inputs {
        for compiler in input.compilers()? {
            let tool = *tools.entry(compiler).or_insert_with(|| Tool::find(compiler));
            let case = tool.map(|tool| Arc::new(Case::new(Arc::clone(&input), tool)));
            for variant in input.variants()? {
                let name = format!("{}::{}::{}", input.name, compiler.word(), variant.word());
                let gap = input.gap(compiler, variant);
                let name = gap.map_or(name.clone(), |why| format!("{name} (gap: {why})"));
                trials.push(match case.clone() {
                    Some(case) => Trial::test(name, move || outcome(case.run(variant)))
                        .with_ignored_flag(gap.is_some()),
                    None => Trial::test(name, || Err(Failed::from("the compiler is not there")))
                        .with_ignored_flag(may_be_missing()),
                });
            }
        }
    }
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

fn outcome(result: Result<()>) -> Result<(), Failed> {
    result.map_err(|error| Failed::from(format!("{error:#}")))
}
