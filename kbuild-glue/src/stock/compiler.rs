//! The compiler that a kernel was made with, and the one of that name here.

use std::process::Command;

use super::StockParts;
use crate::config::Config;

/// What `gcc --version` says first, in the configuration.
const OPTION: &str = "CONFIG_CC_VERSION_TEXT";

/// Two compilers that should be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockCompiler {
    /// The program.
    pub program: String,
    /// What the kernel was made with.
    pub shipped: String,
    /// What is here; none if there is none of that name.
    pub here: Option<String>,
}

impl StockCompiler {
    /// Whether both say the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.here.as_ref() == Some(&self.shipped)
    }

    /// What differs, for people.
    #[must_use]
    pub fn difference(&self) -> String {
        let here = self.here.as_deref().unwrap_or("none");
        format!("the kernel was compiled with {}; here is {here}", self.shipped)
    }
}

impl StockParts {
    /// The compiler, as the configuration says it; none where it does not.
    #[must_use]
    pub fn compiler(&self) -> Option<StockCompiler> {
        let config = Config::read(&self.headers.join(".config")).ok()?;
        let shipped = config.get(OPTION)?.trim_matches('"').to_owned();
        let program = shipped.split_whitespace().next()?.to_owned();
        let output = Command::new(&program).arg("--version").output().ok();
        let here = output.filter(|output| output.status.success()).and_then(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().next().map(str::to_owned)
        });
        Some(StockCompiler { program, shipped, here })
    }
}
