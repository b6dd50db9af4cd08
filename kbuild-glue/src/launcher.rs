//! Programs in front of the C compiler: ccache, distcc, icecream.

use camino::Utf8Path;

use crate::baseline::compiler;
use crate::source_names::named_below;

/// `variables` with `launcher` in front of the compiler that they choose, as in `CC="ccache gcc"`.
#[must_use]
pub fn launch_with(launcher: &str, variables: &[String]) -> Vec<String> {
    let compiler = format!("CC={launcher} {}", compiler(variables));
    variables.iter().cloned().chain([compiler]).collect()
}

/// Whether the compiler is called through ccache.
pub(crate) fn is_ccache(variables: &[String]) -> bool {
    let compiler = compiler(variables);
    let program = compiler.split_whitespace().next().unwrap_or_default();
    Utf8Path::new(program).file_name() == Some("ccache")
}

/// What ccache is told, so that what was compiled in one work directory is found from another:
/// paths below `root` are made relative (`CCACHE_BASEDIR`).
pub(crate) fn ccache_environment(root: &Utf8Path) -> Vec<(String, String)> {
    vec![("CCACHE_BASEDIR".to_owned(), root.to_string())]
}

/// `variables` for a compiler that sees the mirror as `../mirror`: `__FILE__` stays what it is in
/// any other build.
pub(crate) fn ccache_variables(variables: &[String]) -> Vec<String> {
    named_below(variables, ("../mirror/", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_front_of_the_chosen_compiler() {
        let with = |variables: &[&str]| {
            let variables: Vec<String> = variables.iter().map(|&text| text.to_owned()).collect();
            launch_with("ccache", &variables).pop().unwrap()
        };
        assert_eq!(with(&[]), "CC=ccache gcc");
        assert_eq!(with(&["LLVM=-19"]), "CC=ccache clang-19");
        assert_eq!(with(&["CC=x", "CC=y -m64"]), "CC=ccache y -m64");
        assert!(is_ccache(&["CC=/usr/bin/ccache gcc".to_owned()]));
        assert!(!is_ccache(&["CC=distcc gcc".to_owned()]));
        let flags = ccache_variables(&["KCPPFLAGS=-DX".to_owned()]);
        assert_eq!(flags.last().unwrap(), "KCPPFLAGS=-DX -fmacro-prefix-map=../mirror/=");
    }
}
