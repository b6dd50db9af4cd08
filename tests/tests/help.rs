//! What `--help` says. After a change of the command line: `SNAPSHOTS=overwrite cargo test -p klp-tests --test all -- help::`.

use anyhow::Result;
use klp_tests::klp::{klp, run};
use snapbox::{Data, assert_data_eq};

const SUBCOMMANDS: &[&str] = &[
    "allowlist",
    "checksum",
    "clean",
    "completions",
    "diff",
    "doctor",
    "makefile",
    "man",
    "rules",
];

#[test]
fn help_of_subcommands() -> Result<()> {
    for subcommand in SUBCOMMANDS {
        let help = run(klp([subcommand, "--help"])?.env("COLUMNS", "100"))?.expect(0)?;
        let path = format!("{}/help/{subcommand}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_data_eq!(help.stdout, Data::read_from(path.as_ref(), None));
    }
    Ok(())
}
