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

/// The targets of all links, each with the number of its line.
pub fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        // Every second part stands between backticks.
        let outside = line.split('`').step_by(2);
        let targets = outside.flat_map(|part| part.split("](").skip(1));
        let targets = targets.filter_map(|rest| rest.split(')').next());
        targets.map(move |target| (number, target))
    })
}

/// What stands between backticks within a line, each with the number of its line.
pub fn spans(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        let inside = line.split('`').skip(1).step_by(2);
        inside.map(move |span| (number, span))
    })
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
