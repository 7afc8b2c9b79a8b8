//! The fenced blocks of a Markdown text.

/// A block between two lines of three backticks.
#[derive(Debug)]
pub struct Block {
    /// What stands behind the opening backticks: a language, perhaps with flags.
    pub info: String,
    /// The number of its first line.
    pub line: usize,
    /// What stands between, without the indent of the block.
    pub text: String,
}

/// The blocks of a text, in their order.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start();
        open = match (open, content.strip_prefix("```")) {
            (None, None) => None,
            (None, Some(info)) => {
                let block = Block {
                    info: info.to_owned(),
                    line: index + 2,
                    text: String::new(),
                };
                Some((line.len() - content.len(), block))
            }
            (Some((_, block)), Some(_)) => {
                blocks.push(block);
                None
            }
            (Some((indent, mut block)), None) => {
                block.text.push_str(line.get(indent..).unwrap_or(content));
                block.text.push('\n');
                Some((indent, block))
            }
        };
    }
    blocks
}

impl Block {
    /// The language of the block, and its flags.
    #[must_use]
    pub fn language(&self) -> (&str, &str) {
        self.info.split_once(',').unwrap_or((&self.info, ""))
    }

    /// The name and the text of the file that the block is: one that begins with its name in a comment.
    /// Other blocks are fragments.
    #[must_use]
    pub fn file(&self) -> Option<(String, String)> {
        let (language, _) = self.language();
        let extension = match language {
            "rust" => ".rs",
            "idl" => ".idl",
            "x" => ".x",
            _ => return None,
        };
        let first = self.text.lines().next()?;
        let name = first.strip_prefix("// ").or_else(|| {
            let comment = first.strip_prefix("/* ")?;
            comment.strip_suffix(" */")
        })?;
        let is_path = |letter: char| letter.is_ascii_alphanumeric() || "_/".contains(letter);
        if !name.strip_suffix(extension)?.chars().all(is_path) {
            return None;
        }
        // What only a test of documentation needs is hidden in the book.
        let shown = self.text.split_inclusive('\n');
        let shown = shown.filter(|line| language != "rust" || !line.starts_with("# "));
        Some((name.to_owned(), shown.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_place_and_lose_their_indent() {
        let blocks = blocks("text\n\n- item\n\n  ```sh\n  ls\n    -l\n  ```\n```text\n```\n");
        let found = blocks
            .iter()
            .map(|block| (block.line, &*block.info, &*block.text));
        assert!(found.eq([(6, "sh", "ls\n  -l\n"), (10, "text", "")]));
    }

    #[test]
    fn files_begin_with_their_name_and_have_no_hidden_lines() {
        let file = |info: &str, text: &str| {
            let (info, text) = (info.to_owned(), text.to_owned());
            Block {
                info,
                text,
                line: 1,
            }
            .file()
        };
        let shown = "// src/lib.rs\nuse a;\n";
        let hidden = "# fn main() {}\n";
        let expected = ("src/lib.rs".to_owned(), shown.to_owned());
        assert_eq!(file("rust", &format!("{shown}{hidden}")), Some(expected));
        assert_eq!(file("x", "/* a.x */\n").unwrap().0, "a.x");
        for (info, text) in [
            ("idl", "// a.x\n"),
            ("idl", "// see a.idl\n"),
            ("idl", "int a;\n"),
            ("text", "// a.x\n"),
        ] {
            assert_eq!(file(info, text), None, "{text}");
        }
    }
}
