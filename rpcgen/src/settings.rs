//! What is set for some types only, chosen by their names in the interface file.

use crate::{
    diagnostic::{Code, similar},
    resolve::Strings,
};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// Which types, or which of their members, a setting is for: `TypeName`, `TypeName.member`, and `*`
/// in the place of a name for all.
///
/// A member is a field, an enumerator, or a case of a union. Procedures have their parameters as
/// members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    owner: String,
    member: Option<String>,
}

/// What stands for all names.
const ALL: &str = "*";

impl Selector {
    /// Whether it chooses a type, or the member of one.
    pub(crate) fn matches(&self, owner: &str, member: Option<&str>) -> bool {
        let fits = |pattern: &str, name: &str| pattern == ALL || pattern == name;
        fits(&self.owner, owner)
            && match (&self.member, member) {
                (None, None) => true,
                (Some(pattern), Some(name)) => fits(pattern, name),
                _ => false,
            }
    }

    /// Whether it names one thing, which therefore has to be there.
    fn is_name(&self) -> bool {
        self.owner != ALL && self.member.as_deref() != Some(ALL)
    }

    /// How closely it says what it is for.
    fn precision(&self) -> (bool, bool, bool) {
        let member = self.member.as_deref();
        (member.is_some(), self.owner != ALL, member != Some(ALL))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.owner)?;
        match &self.member {
            Some(member) => write!(f, ".{member}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Selector {
    type Err = BadSetting;

    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let (owner, member) = match text.split_once('.') {
            Some((owner, member)) => (owner, Some(member)),
            None => (text, None),
        };
        if !std::iter::once(owner).chain(member).all(is_pattern) {
            let what = "a selector: `Type`, `Type.member`, `*`";
            return Err(BadSetting::new(text, what));
        }
        Ok(Self {
            owner: owner.to_owned(),
            member: member.map(str::to_owned),
        })
    }
}

fn is_pattern(text: &str) -> bool {
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    };
    text == ALL || is_name(text)
}

/// What can be set for some types only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// What becomes of `string`.
    Strings(Strings),
    /// A further derive: the path of its macro.
    Derive(String),
    /// A further attribute, without `#[` and `]`.
    Attribute(String),
    /// An enum keeps numbers that it has no enumerator for.
    OpenEnum,
    /// The node of a linked list keeps its link, and is no element of a `Vec`.
    KeepLinks,
    /// `Serialize` and `Deserialize` of serde.
    Serde,
    /// `Arbitrary`.
    Arbitrary,
    /// A twin that borrows from the message.
    Borrowed,
}

impl Setting {
    /// A derive.
    ///
    /// # Errors
    ///
    /// The text is no path.
    pub fn derive(path: &str) -> Result<Self, BadSetting> {
        match syn::parse_str::<syn::Path>(path) {
            Ok(_) => Ok(Self::Derive(path.to_owned())),
            Err(_) => Err(BadSetting::new(path, "the path of a derive macro")),
        }
    }

    /// An attribute, with or without `#[` and `]`.
    ///
    /// # Errors
    ///
    /// The text is no attribute.
    pub fn attribute(text: &str) -> Result<Self, BadSetting> {
        let inner = text.trim();
        let inner = inner
            .strip_prefix("#[")
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(inner);
        match syn::parse_str::<syn::Meta>(inner) {
            Ok(_) => Ok(Self::Attribute(inner.to_owned())),
            Err(_) => Err(BadSetting::new(text, "an attribute")),
        }
    }

    /// What it is for, with the flag that sets it.
    fn purpose(&self) -> (&'static str, &'static str) {
        match self {
            Self::Strings(_) => ("--strings", "a string"),
            Self::Derive(_) => ("--derive", "a struct, union or enum"),
            Self::Attribute(_) => ("--attribute", "a type or a member of one"),
            Self::OpenEnum => ("--open-enum", "an enum"),
            Self::KeepLinks => ("--keep-links", "the node of a linked list"),
            Self::Serde => ("--serde", "a struct, union or enum"),
            Self::Arbitrary => ("--arbitrary", "a struct, union or enum"),
            Self::Borrowed => (
                "--borrowed",
                "a struct or union with data that can be borrowed",
            ),
        }
    }
}

/// A text that is no setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSetting {
    text: String,
    expected: &'static str,
}

impl BadSetting {
    /// A text that was to be something else.
    #[must_use]
    pub fn new(text: &str, expected: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            expected,
        }
    }
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.expected)
    }
}

impl std::error::Error for BadSetting {}

/// All that is set for some types only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeSettings {
    list: Vec<(Selector, Setting)>,
}

impl TypeSettings {
    /// Sets something for what the selector chooses. Of two settings that exclude each other the one
    /// counts whose selector says more, and of equals the later one.
    pub fn add(&mut self, selector: Selector, setting: Setting) {
        let precision = selector.precision();
        let end = self
            .list
            .partition_point(|(other, _)| other.precision() <= precision);
        self.list.insert(end, (selector, setting));
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What is set for a type or a member, with the number of each setting; the last one counts.
    pub(crate) fn of<'a>(
        &'a self,
        owner: &'a str,
        member: Option<&'a str>,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a Setting)> {
        let all = self.list.iter().enumerate();
        all.filter(move |(_, (selector, _))| selector.matches(owner, member))
            .map(|(index, (_, setting))| (index, setting))
    }

    /// The settings that fit nothing in any file of a run.
    #[must_use]
    pub fn unmatched(&self, selected: &Selected) -> Vec<Unmatched> {
        let unmatched = self
            .list
            .iter()
            .enumerate()
            .filter(|(index, (selector, _))| selector.is_name() && !selected.used.contains(index));
        unmatched
            .map(|(_, (selector, setting))| Unmatched::new(selector, setting, selected))
            .collect()
    }
}

/// What the selectors of a run found in its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// The numbers of the settings that were used.
    used: BTreeSet<usize>,
    /// All that a selector could name.
    names: BTreeSet<String>,
}

impl Selected {
    /// Takes in what another file has.
    pub fn extend(&mut self, other: Self) {
        self.used.extend(other.used);
        self.names.extend(other.names);
    }

    /// Notes that a setting was used.
    pub(crate) fn mark(&mut self, setting: usize) {
        self.used.insert(setting);
    }

    /// Notes the name of a type or procedure, or of a member.
    pub(crate) fn name(&mut self, owner: &str, member: Option<&str>) {
        self.names.insert(match member {
            None => owner.to_owned(),
            Some(member) => format!("{owner}.{member}"),
        });
    }
}

/// A setting that fits nothing in the files of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    message: String,
    help: String,
}

impl Unmatched {
    /// What is wrong, in one line without a full stop.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What one can do about it.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    fn new(selector: &Selector, setting: &Setting, selected: &Selected) -> Self {
        let name = selector.to_string();
        let (flag, purpose) = setting.purpose();
        let names = selected.names.iter().map(String::as_str);
        let help = if selected.names.contains(&name) {
            format!("`{name}` is there, but it is not {purpose}")
        } else if let Some(similar) = similar(&name, names) {
            format!("did you mean `{similar}`?")
        } else {
            "selectors have the names of the interface file: `Type`, `Type.member`".to_owned()
        };
        Self {
            message: format!("the selector `{name}` of `{flag}` matches nothing"),
            help,
        }
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = Code::UnmatchedSelector;
        write!(
            f,
            "error[{code}]: {}\n  = help: {}",
            self.message, self.help
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: &str) -> Selector {
        text.parse().expect("a selector")
    }

    #[test]
    fn selectors_name_types_and_members() {
        assert!(selector("point").matches("point", None));
        assert!(!selector("point").matches("point", Some("x")));
        assert!(selector("point.x").matches("point", Some("x")));
        assert!(selector("*").matches("point", None));
        assert!(selector("*.x").matches("point", Some("x")));
        assert!(!selector("*.x").matches("point", Some("y")));
        for bad in ["", ".", "a.", ".b", "a.b.c", "1", "a b", "**"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_selector_that_says_most_counts() {
        let mut settings = TypeSettings::default();
        settings.add(selector("a.b"), Setting::Strings(Strings::Utf8));
        settings.add(selector("*.b"), Setting::Strings(Strings::Bytes));
        let last = settings.of("a", Some("b")).next_back();
        assert_eq!(last, Some((1, &Setting::Strings(Strings::Utf8))));
    }

    #[test]
    fn derives_and_attributes_are_checked() {
        assert!(Setting::derive("::serde::Serialize").is_ok());
        assert!(Setting::derive("serde Serialize").is_err());
        assert_eq!(
            Setting::attribute("#[serde(skip)]"),
            Setting::attribute("serde(skip)")
        );
        assert!(Setting::attribute("#[serde(skip)").is_err());
    }
}
