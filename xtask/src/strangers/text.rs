//! The function that is put in front of a file.

use std::fmt::Write as _;

use super::random::Random;

/// How all that is added is called, unless it takes a name of the file.
pub(super) const NAME: &str = "stranger";

/// What such a function has beside its name.
const KINDS: [Kind; 6] = [counter, text, table, jump_table, key, named_constant];

/// Definitions, and statements that use them.
type Kind = fn(&Names<'_>) -> (String, String);

/// Names and strings of the file, for things of the same name.
struct Names<'t> {
    variable: &'t str,
    string: &'t str,
}

/// `source` with another function in front of it. Lines keep their numbers.
pub(super) fn with_stranger(source: &str, random: &mut Random) -> String {
    let variables = static_locals(source);
    let strings = strings(source);
    let names = Names {
        variable: random.choose(&variables).copied().unwrap_or("count"),
        string: random.choose(&strings).copied().unwrap_or("stranger\\n"),
    };
    let (mut definitions, mut statements) = (String::new(), String::new());
    for kind in KINDS {
        if random.coin() {
            let own = kind(&names);
            definitions.push_str(&own.0);
            statements.push_str(&own.1);
        }
    }
    format!(
        "extern void {NAME}_uses(const void *what, long number);\n{definitions}\
         long {NAME}(long n);\n__attribute__((__noinline__)) long {NAME}(long n)\n{{\n{statements}\
         \t{NAME}_uses((const void *)n, n);\n\treturn n;\n}}\n#line 1\n{source}"
    )
}

/// A static variable of the function, which has the name of one of the file and so shifts the compiler's numbers.
fn counter(names: &Names<'_>) -> (String, String) {
    let name = names.variable;
    (String::new(), format!("\tstatic long {name};\n\t{name} += n;\n\tn ^= {name};\n"))
}

/// A string that the file has as well, and another one.
fn text(names: &Names<'_>) -> (String, String) {
    let string = names.string;
    (String::new(), format!("\t{NAME}_uses(\"{string}\", n);\n\t{NAME}_uses(\"{NAME}\", n);\n"))
}

/// A static table of pointers to strings.
fn table(_: &Names<'_>) -> (String, String) {
    let strings = format!("\"zero\", \"one\", \"{NAME} two\"");
    (
        format!("static const char *const {NAME}_table[] = {{ {strings} }};\n"),
        format!("\tif (n >= 0 && n < 3)\n\t\t{NAME}_uses({NAME}_table[n], n);\n"),
    )
}

/// What compilers make tables of: of places, or of values.
fn jump_table(_: &Names<'_>) -> (String, String) {
    let mut statements = "\tswitch (n) {\n".to_owned();
    for (number, value) in [3, 7, 0, 4, 8, 1, 5, 9, 2].into_iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(
            statements,
            "\tcase {number}:\n\t\t{NAME}_uses(\"case {number}\", {value});\n\t\tbreak;\n"
        );
    }
    (String::new(), statements + "\t}\n")
}

/// A lock class key as it is without lockdep: an object without a size.
fn key(_: &Names<'_>) -> (String, String) {
    (String::new(), format!("\tstatic struct {{ }} __key;\n\t{NAME}_uses(&__key, n);\n"))
}

/// An array that is copied to the stack, from a constant that the compiler names.
fn named_constant(_: &Names<'_>) -> (String, String) {
    let values = "long values[] = { 3, 1, 4, 1, 5, 9, 2, 6 }";
    (String::new(), format!("\t{values};\n\t{NAME}_uses(values, values[n & 7]);\n"))
}

/// Names of static variables inside of functions.
fn static_locals(source: &str) -> Vec<&str> {
    let lines = source.lines().filter_map(|line| line.strip_prefix("\tstatic "));
    let name = |line: &'_ str| -> Option<usize> { line.find([';', '=', '[']) };
    let names = lines.filter_map(|line| {
        let before = line.get(..name(line)?)?.trim_end();
        let name = before.rsplit([' ', '*', '\t']).next()?;
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && before.len() > name.len();
        is_name.then_some(name)
    });
    names.filter(|name| *name != "__key").collect()
}

/// Strings that stand alone between the quotes of a line.
fn strings(source: &str) -> Vec<&str> {
    let lines = source.lines().filter(|line| line.starts_with('\t') && !line.contains('\''));
    let string = |line: &'_ str| -> Option<(usize, usize)> {
        let start = line.find('"')?.checked_add(1)?;
        let end = line.get(start..)?.find('"')?.checked_add(start)?;
        Some((start, end))
    };
    let texts = lines.filter_map(|line| {
        let (start, end) = string(line)?;
        line.get(start..end)
    });
    texts.filter(|text| text.len() > 3 && !text.contains('\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_file_are_found() {
        let source = "static int top;\nint f(void)\n{\n\tstatic unsigned long calls[4];\n\tstatic char *p = 0;\n\
                      \tprintk(\"some text %d\", 1);\n}\n";
        assert_eq!(static_locals(source), ["calls", "p"]);
        assert_eq!(strings(source), ["some text %d"]);
        let text = with_stranger(source, &mut Random::new(1));
        assert!(text.ends_with(&format!("#line 1\n{source}")), "{text}");
        assert_eq!(text, with_stranger(source, &mut Random::new(1)));
    }
}
