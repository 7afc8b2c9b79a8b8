//! The links, headings and words of code of a Markdown text.

/// The lines of a text that are outside of fenced blocks, numbered.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    let lines = text.lines().enumerate();
    lines.filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((index + 1, line))
    })
}

/// What backticks divide the text into.
struct Piece {
    /// The number of the line on which it begins.
    line: usize,
    is_code: bool,
    text: String,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // Code that the next line may go on with.
    let mut open: Option<Piece> = None;
    for (line, content) in prose(text) {
        if content.is_empty() {
            open = None;
        }
        let piece = |is_code, text: &str| Piece {
            line,
            is_code,
            text: text.to_owned(),
        };
        for (index, part) in content.split('`').enumerate() {
            match (open.take(), index) {
                (Some(code), 0) => {
                    let text = format!("{} {}", code.text, part.trim_start());
                    open = Some(Piece { text, ..code });
                }
                (Some(code), _) => pieces.extend([code, piece(false, part)]),
                (None, 0) => pieces.push(piece(false, part)),
                (None, _) => open = Some(piece(true, part)),
            }
        }
    }
    pieces
}

/// The targets of all links, each with the number of its line.
#[must_use]
pub fn links(text: &str) -> Vec<(usize, String)> {
    let prose = pieces(text).into_iter().filter(|piece| !piece.is_code);
    let links = prose.flat_map(|piece| {
        let targets = piece.text.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split(')').next());
        targets
            .map(|target| (piece.line, target.to_owned()))
            .collect::<Vec<_>>()
    });
    links.collect()
}

/// What stands between backticks, each with the number of the line on which it begins.
#[must_use]
pub fn spans(text: &str) -> Vec<(usize, String)> {
    let code = pieces(text).into_iter().filter(|piece| piece.is_code);
    code.map(|piece| (piece.line, piece.text)).collect()
}

/// The names by which links lead to the headings of a text, as GitHub and mdBook make them.
pub fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let letters = heading.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        });
        letters.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# The `first` one, [here](a.md)
See [`b`](b.md#c) and `code
that [is](none) goes on` and [d](d.md).

An end ` that is none

```text
# [no](link) `no code`
```
## A sub-heading
";

    #[test]
    fn code_has_no_links() {
        let found = links(TEXT);
        let found = found.iter().map(|(line, link)| (*line, &**link));
        assert!(found.eq([(1, "a.md"), (2, "b.md#c"), (3, "d.md")]));
    }

    #[test]
    fn code_goes_on_in_the_next_line() {
        let found = spans(TEXT);
        let found = found.iter().map(|(line, code)| (*line, &**code));
        assert!(found.eq([(1, "first"), (2, "b"), (2, "code that [is](none) goes on")]));
    }

    #[test]
    fn anchors_are_those_of_headings() {
        assert!(anchors("# To C, and `back`\ntext\n## A_b-c").eq(["to-c-and-back", "a_b-c"]));
    }
}
