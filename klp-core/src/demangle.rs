//! Names for people.

/// The Rust path behind a mangled name; none for a name that is not mangled.
#[must_use]
pub fn demangle(name: &str) -> Option<String> {
    rustc_demangle::try_demangle(name).ok().map(|path| format!("{path:#}"))
}

/// [`demangle`] without the numbers that closures and the like have in their function.
pub(crate) fn numberless(name: &str) -> Option<String> {
    let path = demangle(name)?;
    let mut out = String::with_capacity(path.len());
    let mut rest = path.as_str();
    while let Some((before, after)) = rest.split_once('#') {
        out.push_str(before);
        let number = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        if number.len() == after.len() || !number.starts_with('}') {
            out.push('#');
            rest = after;
        } else {
            rest = number;
        }
    }
    out.push_str(rest);
    Some(out)
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
