use std::fmt;

/// One kind of load: `OPERATION[/SIZE]:MODE[/WIDTH]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) operation: String,
    pub(super) size: usize,
    pub(super) mode: String,
    pub(super) width: usize,
}

impl Case {
    /// Cases with commas between them.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, String> {
        let cases = text.split(',').map(|word| {
            let case = Self::parse(word.trim());
            case.ok_or_else(|| format!("`{word}` is no case"))
        });
        cases.collect()
    }

    fn parse(word: &str) -> Option<Self> {
        let (what, how) = word.split_once(':')?;
        let (operation, size) = what.split_once('/').unwrap_or((what, "0"));
        let (mode, width) = how.split_once('/').unwrap_or((how, "1"));
        let is_known = ["null", "add", "echo"].contains(&operation)
            && ["seq", "pipe", "conns"].contains(&mode);
        is_known.then_some(Self {
            operation: operation.to_owned(),
            size: size.parse().ok()?,
            mode: mode.to_owned(),
            width: width.parse().ok()?,
        })
    }

    /// What it is, for people.
    pub(super) fn title(&self) -> String {
        let operation = &self.operation;
        let what = match self.size {
            0 => operation.clone(),
            size if size >= 1 << 20 => format!("{operation} of {} MiB", size >> 20),
            size => format!("{operation} of {} KiB", size >> 10),
        };
        match self.mode.as_str() {
            "seq" => format!("{what}, one at a time"),
            "pipe" => format!("{what}, {} at a time", self.width),
            _ => format!("{what}, {} connections", self.width),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)?;
        if self.size > 0 {
            write!(f, "/{}", self.size)?;
        }
        write!(f, ":{}", self.mode)?;
        if self.width > 1 {
            write!(f, "/{}", self.width)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read_and_written() {
        let list = "null:seq,echo/1024:pipe/64,null:conns/64";
        let cases = Case::list(list).unwrap();
        let again: Vec<String> = cases.iter().map(Case::to_string).collect();
        assert_eq!(again.join(","), list);
        assert_eq!(cases[1].title(), "echo of 1 KiB, 64 at a time");
        for wrong in ["", "null", "nil:seq", "null:sequence", "echo/x:seq"] {
            assert!(Case::list(wrong).is_err());
        }
    }
}
