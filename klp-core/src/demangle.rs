//! Names for people.

/// The Rust path behind a mangled name; none for a name that is not mangled.
#[must_use]
pub fn demangle(name: &str) -> Option<String> {
    rustc_demangle::try_demangle(name).ok().map(|path| format!("{path:#}"))
}

/// What people call a symbol: the Rust path behind a mangled name, else the name.
#[must_use]
pub fn spoken(name: &str) -> String {
    demangle(name).unwrap_or_else(|| name.to_owned())
}

/// A text with the Rust paths in the place of all mangled names in it.
#[must_use]
pub fn spoken_text(text: &str) -> String {
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '$');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("_R") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|character| !is_part(character)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let own = word.trim_end_matches('.');
        let is_name = !before.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_');
        out.push_str(&if is_name { spoken(own) } else { own.to_owned() });
        out.push_str(word.get(own.len()..).unwrap_or_default());
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The source item that a demangled path is an instance of: generic arguments are `_`.
#[must_use]
pub fn source_item(path: &str) -> String {
    let mut item = String::with_capacity(path.len());
    let mut depth = 0u32;
    let mut before = ' ';
    for character in path.chars() {
        let opens = character == '<' && (before.is_alphanumeric() || "_:".contains(before));
        if depth > 0 || opens {
            match character {
                '<' => depth = depth.saturating_add(1),
                '>' if before != '-' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if opens && depth == 1 {
                item.push_str("<_");
            }
            if depth == 0 {
                item.push('>');
            }
        } else {
            item.push(character);
        }
        before = character;
    }
    item
}

/// What rustc-demangle prints for what it cannot read.
const PLACEHOLDERS: [&str; 3] =
    ["{invalid syntax}", "{recursion limit reached}", "{size limit reached}"];

/// [`demangle`] without the numbers that closures and the like have in their function; none where a part
/// of the name could not be read.
pub(crate) fn numberless(name: &str) -> Option<String> {
    let is_whole = |path: &String| PLACEHOLDERS.iter().all(|text| !path.contains(text));
    let path = demangle(name).filter(is_whole)?;
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
    use super::{demangle, source_item, spoken_text};

    #[test]
    fn mangled_names_in_a_text_are_paths() {
        let name = "_RNvCskwGfYPst2Cb_3foo16example_function";
        assert_eq!(
            spoken_text(&format!("{name}, x{name} in .bss.{name}: it calls {name}.")),
            format!(
                "foo::example_function, x{name} in .bss.foo::example_function: it calls foo::example_function."
            )
        );
        assert_eq!(spoken_text("_Rubbish and WEIRD_R"), "_Rubbish and WEIRD_R");
    }

    #[test]
    fn instances_of_one_item() {
        assert_eq!(
            source_item("<kernel::alloc::kvec::Vec<usize, a::B<fn() -> u8>>>::push"),
            "<kernel::alloc::kvec::Vec<_>>::push"
        );
        assert_eq!(source_item("<a::S as b::T>::f::<u8>"), "<a::S as b::T>::f::<_>");
        assert_eq!(source_item("foo::bar"), "foo::bar");
    }

    #[test]
    fn only_rust_names_are_demangled() {
        assert_eq!(
            demangle("_RNvCskwGfYPst2Cb_3foo16example_function").unwrap(),
            "foo::example_function"
        );
        assert_eq!(demangle("meminfo_proc_show"), None);
    }
}
