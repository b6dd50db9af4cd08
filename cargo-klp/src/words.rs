//! Numbers, as people read them.

use std::time::Duration;

use klp::Attested;

/// `1 object`, `2 objects`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `0.04s`, `4.2s`, `3m 05s`.
pub(crate) fn time(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{:.2}s", time.as_secs_f64()),
        1..60 => format!("{:.1}s", time.as_secs_f64()),
        seconds => format!("{}m {:02}s", seconds / 60, seconds % 60),
    }
}

/// What a second reading looked at.
pub(crate) fn attested(what: Attested) -> String {
    let Attested { functions, pieces, references } = what;
    format!(
        "{}, {} and {} are as in the patched kernel",
        count(functions, "function"),
        count(pieces, "piece"),
        count(references, "reference")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "object"), "1 object");
        assert_eq!(count(0, "object"), "0 objects");
        assert_eq!(count(2, "object"), "2 objects");
    }

    #[test]
    fn times_are_as_exact_as_people_need() {
        assert_eq!(time(Duration::from_millis(42)), "0.04s");
        assert_eq!(time(Duration::from_millis(4249)), "4.2s");
        assert_eq!(time(Duration::from_secs(185)), "3m 05s");
    }
}
