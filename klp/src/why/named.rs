//! What the text of a C function names, and in which sense: `name`, `.name` of a member, `struct name` of a tag. A label, and
//! a variable of the function's own, is none of what others define.

use std::collections::BTreeSet;

/// The name without the sense in which it is used.
pub(super) fn bare(name: &str) -> &str {
    name.rsplit([' ', '.']).next().unwrap_or(name)
}

/// The sense in which a structure, union or enumeration is used.
pub(super) fn tagged(tag: &str) -> String {
    format!("struct {tag}")
}

/// All that `text` names.
pub(super) fn names(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text);
    let own = locals(&tokens);
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| is_name(token)) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at)).copied().unwrap_or_default();
        let is_called = tokens.get(at.saturating_add(1)) == Some(&"(");
        match before {
            "." | "->" => drop(found.insert(format!(".{token}"))),
            "struct" | "union" | "enum" => drop(found.insert(tagged(token))),
            "goto" | LABEL => {}
            _ if own.contains(token) && !is_called => {}
            _ => drop(found.insert((*token).to_owned())),
        }
    }
    found
}

/// Stands before the name of a label.
const LABEL: &str = "\n";

fn is_name(token: &str) -> bool {
    token.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
}

/// Words, numbers, `->`, and single characters. A directive ends a statement, and a label has a mark before it.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let (first, behind) = line.split_at(line.find(|it| !is_word(it)).unwrap_or(line.len()));
        if is_name(first) && behind.starts_with(':') && first != "default" {
            found.push(LABEL);
        }
        let mut rest = line;
        while let Some(sign) = rest.chars().next() {
            let length = if is_word(sign) {
                rest.find(|it| !is_word(it)).unwrap_or(rest.len())
            } else if rest.starts_with("->") {
                2
            } else {
                sign.len_utf8()
            };
            let (token, behind) = rest.split_at(length);
            found.push(token);
            rest = behind.trim_start();
        }
        if line.starts_with('#') {
            found.push(";");
        }
    }
    found
}

/// The variables and parameters that a function declares.
fn locals<'t>(tokens: &[&'t str]) -> BTreeSet<&'t str> {
    let mut found = BTreeSet::new();
    let (mut braces, mut parentheses) = (0_usize, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" => braces = braces.saturating_add(1),
            "}" => braces = braces.saturating_sub(1),
            "(" => parentheses = parentheses.saturating_add(1),
            ")" => parentheses = parentheses.saturating_sub(1),
            _ => {}
        }
        let is_loop = at.checked_sub(1).and_then(|at| tokens.get(at)) == Some(&"for");
        let is_start = match *token {
            ";" | "{" | "}" => braces > 0,
            "(" => braces == 0 || is_loop,
            "," => braces == 0 && parentheses == 1,
            _ => false,
        };
        if is_start {
            let rest = tokens.get(at.saturating_add(1)..).unwrap_or_default();
            found.extend(declared(rest, braces == 0));
        }
    }
    found
}

/// What a declaration that starts here declares; nothing where another statement does.
fn declared<'t>(tokens: &[&'t str], is_parameter: bool) -> Vec<&'t str> {
    let (mut rest, mut has_type) = (tokens, false);
    while let [token, behind @ ..] = rest {
        rest = behind;
        match (*token, behind.first().copied().unwrap_or_default()) {
            ("struct" | "union" | "enum", _) => {
                rest = behind.get(1..).unwrap_or_default();
                has_type = true;
            }
            ("*", _) if has_type => {}
            ("(", "*") if has_type => {
                let pointer = behind.iter().skip_while(|token| !is_name(token));
                let mut pointer = pointer.copied();
                let name = pointer
                    .next()
                    .filter(|_| (pointer.next(), pointer.next()) == (Some(")"), Some("(")));
                return name.into_iter().collect();
            }
            (word, _) if STATEMENTS.contains(&word) || !is_name(word) => return Vec::new(),
            (name, "=" | ";" | "," | ")" | "[") if has_type => {
                let more = if is_parameter { Vec::new() } else { declarators(behind) };
                return std::iter::once(name).chain(more).collect();
            }
            _ => has_type = true,
        }
    }
    Vec::new()
}

/// The names behind the first one of a declaration.
fn declarators<'t>(tokens: &[&'t str]) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "{" | "[" => depth = depth.saturating_add(1),
            ")" | "}" | "]" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => break,
            "," if depth == 0 => {
                let rest = tokens.get(at.saturating_add(1)..).unwrap_or_default();
                found.extend(rest.iter().find(|token| **token != "*").filter(|it| is_name(it)));
            }
            _ => {}
        }
    }
    found
}

/// Words at the beginning of statements that declare nothing.
const STATEMENTS: [&str; 16] = [
    "return", "goto", "else", "case", "default", "do", "if", "while", "for", "switch", "sizeof",
    "break", "continue", "asm", "__asm__", "typedef",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_where_they_stand() {
        let text = "int f(struct thing *t, int user)\n{\n\tstruct user *all = t->state, *more;\n\tint total = get(LIMIT);\n\
                    #ifdef WIDE\n\tlong wide;\n#endif\n\tint (*call)(int) = scaled;\n\n\tif (total > 3)\n\t\tgoto out;\n\
                    \tshift(*mask);\n\treturn total * width + more->id;\nout:\n\treturn user;\n}";
        let found = names(text);
        for name in [
            "struct thing",
            "struct user",
            ".state",
            ".id",
            "LIMIT",
            "WIDE",
            "get",
            "scaled",
            "width",
            "mask",
            "shift",
        ] {
            assert!(found.contains(name), "{name} {found:?}");
        }
        for name in
            ["user", "total", "all", "more", "out", "call", "state", "id", "thing", "t", "wide"]
        {
            assert!(!found.contains(name), "{name} {found:?}");
        }
        // A macro with arguments is expanded whatever else is called so.
        assert!(names("int f(int n)\n{\n\tint twice = twice(n);\n}").contains("twice"));
    }

    #[test]
    fn senses_are_left_out_for_people() {
        assert_eq!([bare("struct cfg"), bare(".limit"), bare("LIMIT")], ["cfg", "limit", "LIMIT"]);
    }
}
