//! What somebody may have meant who made a slip of the finger.

/// Letters beyond which no name is compared: nobody mistypes those by hand.
const LETTERS_MAX: usize = 40;

/// The candidate that a word is a misspelling of, if there is one: the nearest, and of several one
/// with the same first letter.
pub(crate) fn similar<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let slips_max = match word.len() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= slips_max)
        .filter(|candidate| candidate.len() <= LETTERS_MAX)
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let other_letter = lower.chars().next() != word.chars().next();
            (strsim::osa_distance(&word, &lower), other_letter, candidate)
        })
        .filter(|(slips, ..)| *slips <= slips_max)
        .min()
        .map(|(_, _, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let words = ["struct", "string", "int", "point", "typedef"];
        assert_eq!(similar("strcut", words), Some("struct"));
        assert_eq!(similar("Struct", words), Some("struct"));
        assert_eq!(similar("typdef", words), Some("typedef"));
        assert_eq!(similar("strings", words), Some("string"));
        assert_eq!(similar("pint", words), Some("point"));
        assert_eq!(similar("paint", words), Some("point"));
        assert_eq!(similar("in", words), None);
        assert_eq!(similar("import", words), None);
        assert_eq!(similar("", words), None);
    }
}
