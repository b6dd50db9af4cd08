//! Words in sources: names of functions, types and macros.

/// Whether `word` stands in `text` with nothing before and behind it that could belong to it.
#[must_use]
pub fn is_word(text: &[u8], word: &str) -> bool {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    !word.is_empty()
        && memchr::memmem::find_iter(text, word).any(|at| {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            !is_part(before) && !is_part(text.get(at.saturating_add(word.len())))
        })
}
