//! Names for people.

/// The Rust path behind a mangled name; none for a name that is not mangled.
#[must_use]
pub fn demangle(name: &str) -> Option<String> {
    rustc_demangle::try_demangle(name).ok().map(|path| format!("{path:#}"))
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn only_rust_names_are_demangled() {
        assert_eq!(
            demangle("_RNvCskwGfYPst2Cb_3foo16example_function").unwrap(),
            "foo::example_function"
        );
        assert_eq!(demangle("meminfo_proc_show"), None);
    }
}
