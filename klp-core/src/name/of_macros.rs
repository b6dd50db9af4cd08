//! Names that macros of the kernel give to variables of the functions that use them.

use super::{clang_static_local, strip_number};

/// What macros of the kernel declare in each function that uses them. Compilers put a number behind the name of a static
/// variable of a function, or the function in front: a name without either is one of a file.
pub(super) const OF_MACROS: &[&[u8]] = &[
    b"_entry",
    b"_entry_ptr",
    b"__key",
    b"__warned",
    b"__already_done",
    b"_rs",
    b"descriptor",
    b"__flags",
    b"__print_once",
];

/// Where the kernel's macros put flags that say that something was done once.
const ONCE: &[&[u8]] = &[b".data..once", b".data.once", b".data..unlikely", b".data.unlikely"];

/// Those of them that are variables of one call site, which a livepatch has anew: whether a warning was printed, a rate
/// limit, a lock class, a message that can be switched on. With each, how the sections begin that macros put it into:
/// anyone can give such a name to a variable of his own.
const OWN_VARIABLES: &[(&[u8], &[&[u8]])] = &[
    (b"__key", &[b".bss"]),
    (b"__warned", ONCE),
    (b"__already_done", ONCE),
    (b"_rs", &[b".data"]),
    (b"descriptor", &[b"__dyndbg", b"__verbose"]),
    (b"__print_once", &[b".data", b".bss"]),
    (b"_entry", &[b".printk_index", b".rodata"]),
    (b"_entry_ptr", &[b".printk_index"]),
];

/// The descriptor of a `pr_debug` is `__UNIQUE_ID_ddebug123`.
const DYNAMIC_DEBUG: &[u8] = b"__UNIQUE_ID_ddebug";

/// Whether the variable `name` in `section` belongs to one call site and need not be the one of another build.
pub(crate) fn is_own_variable(name: &[u8], section: &[u8]) -> bool {
    let innermost = clang_static_local(strip_number(name).unwrap_or(name));
    let is_of_macro = |(macros, sections): &(&[u8], &[&[u8]])| {
        *macros == innermost && sections.iter().any(|start| section.starts_with(start))
    };
    (name.len() > innermost.len() && OWN_VARIABLES.iter().any(is_of_macro))
        || name.windows(DYNAMIC_DEBUG.len()).any(|part| part == DYNAMIC_DEBUG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_one_call_site_are_where_macros_put_them() {
        for (name, section, is_own) in [
            ("__warned.3", ".data..once", true),
            ("foo.__warned", ".data.once", true),
            ("__warned", ".data..once", false),
            ("__warned.3", ".bss", false),
            ("_rs.1", ".data._rs.1", true),
            ("foo._rs.77", ".data.foo._rs.77", true),
            ("_rs.1", ".bss", false),
            ("__key.12", ".bss", true),
            ("__key", ".bss", false),
            ("descriptor.2", "__dyndbg", true),
            ("descriptor.2", ".data", false),
            ("___done.2", ".data..do_once", false),
        ] {
            let own = is_own_variable(name.as_bytes(), section.as_bytes());
            assert_eq!(own, is_own, "{name} in {section}");
        }
    }
}
