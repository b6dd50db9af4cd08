//! What the person typed, and what is wrong with it.

use clap::Parser;
use klp_core::record::Failure;

use crate::cli::{Cargo, MessageFormat};
use crate::report;

/// The command line; ends the process where it asks for help or is wrong.
pub(crate) fn parse() -> Cargo {
    Cargo::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() && wants_json(std::env::args_os()) {
            // Where nothing can be printed, standard error and the exit status say it.
            let _ = report::failure(failure(&error), MessageFormat::Json);
        }
        error.exit()
    })
}

/// Whether records are asked for, as far as that can be told of a command line that is wrong.
fn wants_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let words: Vec<_> = arguments.collect();
    let apart = words.windows(2).any(|pair| pair == ["--message-format", "json"]);
    apart || words.iter().any(|word| word == "--message-format=json")
}

fn failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let (tips, details): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("tip: "));
    let tips: Vec<&str> = tips.iter().filter_map(|tip| tip.strip_prefix("tip: ")).collect();
    Failure {
        exit_status: u8::try_from(error.exit_code()).unwrap_or(u8::MAX),
        message: first.strip_prefix("error: ").unwrap_or(first).to_owned(),
        causes: Vec::new(),
        hint: (!tips.is_empty()).then(|| tips.join("; ")),
        details: details.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn records_are_asked_for_in_both_ways() {
        let wants = |line: &str| wants_json(line.split(' ').map(Into::into));
        assert!(wants("cargo-klp klp diff --message-format json"));
        assert!(wants("cargo-klp klp --message-format=json diff"));
        assert!(!wants("cargo-klp klp diff --message-format human json"));
    }

    #[test]
    fn wrong_usage_is_a_record() {
        let error = Cargo::try_parse_from(["cargo", "klp", "diff", "a.o"]).unwrap_err();
        let failure = failure(&error);
        assert_eq!(failure.exit_status, 2);
        assert!(failure.message.starts_with("the following required arguments"), "{failure:?}");
        assert!(failure.details.iter().any(|line| line.contains("<PATCHED>")), "{failure:?}");
        let error =
            Cargo::try_parse_from(["cargo", "klp", "rules", "--colour", "never"]).unwrap_err();
        let failure = super::failure(&error);
        assert!(
            failure.hint.is_some_and(|hint| hint.contains("'--color'")),
            "{:?}",
            failure.details
        );
    }
}
