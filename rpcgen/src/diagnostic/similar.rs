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
            (slips(&word, &lower), other_letter, candidate)
        })
        .filter(|(slips, ..)| *slips <= slips_max)
        .min()
        .map(|(_, _, candidate)| candidate)
}

/// How many letters must be put in, taken out, changed, or swapped with their neighbour.
fn slips(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // Row `n` of the table: the distances of the first `n` letters of `one`.
    let mut before_previous: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let change = at(&previous, column) + usize::from(letter != wanted);
            let put_or_take = at(&previous, column + 1).min(at(&current, column)) + 1;
            let mut best = change.min(put_or_take);
            let is_swap = row > 0
                && column > 0
                && one.get(row - 1) == Some(wanted)
                && other.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(at(&before_previous, column - 1) + 1);
            }
            current.push(best);
        }
        before_previous = std::mem::replace(&mut previous, current);
    }
    previous.last().copied().unwrap_or_default()
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
