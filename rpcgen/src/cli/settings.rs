//! The flags that say what becomes of names and types.

use super::{failure::Failure, misused};
use rpcgen::{
    Config,
    names::Names,
    resolve::Strings,
    settings::{BadSetting, Setting},
};

/// The flags that say what becomes of names and types. A SELECTOR is `Type`, `Type.member` or `*`,
/// with the names of the interface file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Names and types (SELECTOR is Type, Type.member or *)")]
pub(super) struct SettingOptions {
    /// How names become names of Rust [default: rust]
    #[arg(long, value_name = "rust|preserve")]
    names: Option<String>,

    /// What becomes of `string` [default: utf8 in .idl files, else bytes]
    #[arg(long, value_name = "[SELECTOR=]utf8|bytes")]
    strings: Vec<String>,

    /// Keep numbers that an enum has no name for, as `Unknown`
    #[arg(long, value_name = "SELECTOR")]
    open_enum: Vec<String>,

    /// Derive a further trait
    #[arg(long, value_name = "SELECTOR=PATH")]
    derive: Vec<String>,

    /// Add an attribute
    #[arg(long, value_name = "SELECTOR=ATTRIBUTE")]
    attribute: Vec<String>,

    /// Make no `Vec` of a linked list
    #[arg(long, value_name = "SELECTOR")]
    keep_links: Vec<String>,

    /// Derive `Serialize` and `Deserialize` of serde
    #[arg(long, value_name = "SELECTOR")]
    serde: Vec<String>,

    /// Implement `Arbitrary`, for fuzzing
    #[arg(long, value_name = "SELECTOR")]
    arbitrary: Vec<String>,

    /// Generate a twin that borrows from the message
    #[arg(long, value_name = "SELECTOR")]
    borrowed: Vec<String>,

    /// The path of the crate `xdr` in generated code
    #[arg(long, value_name = "PATH")]
    xdr_path: Option<String>,

    /// The path of the crate `rpc_runtime` in generated code
    #[arg(long, value_name = "PATH")]
    runtime_path: Option<String>,
}

impl SettingOptions {
    /// Puts what the flags say into the settings of a run.
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), Failure> {
        self.try_apply(config)
            .map_err(|bad| misused(&bad.to_string()))
    }

    fn try_apply(&self, config: &mut Config) -> Result<(), BadSetting> {
        if let Some(names) = &self.names {
            config.names = self::names(names)?;
        }
        if let Some(path) = &self.xdr_path {
            config.crates.xdr = path.parse()?;
        }
        if let Some(path) = &self.runtime_path {
            config.crates.rpc_runtime = path.parse()?;
        }
        for text in &self.strings {
            match text.split_once('=') {
                None => config.strings = strings(text)?,
                Some((selector, text)) => {
                    let setting = Setting::Strings(strings(text)?);
                    config.types.add(selector.parse()?, setting);
                }
            }
        }
        let switches = [
            (&self.open_enum, Setting::OpenEnum),
            (&self.keep_links, Setting::KeepLinks),
            (&self.serde, Setting::Serde),
            (&self.arbitrary, Setting::Arbitrary),
            (&self.borrowed, Setting::Borrowed),
        ];
        for (selectors, setting) in switches {
            for selector in selectors {
                config.types.add(selector.parse()?, setting.clone());
            }
        }
        let derives = self.derive.iter().map(|text| (text, derive as Parse));
        let attributes = self.attribute.iter().map(|text| (text, attribute as Parse));
        for (text, parse) in derives.chain(attributes) {
            let (selector, value) = text.split_once('=').unwrap_or((text, ""));
            config.types.add(selector.parse()?, parse(value)?);
        }
        Ok(())
    }

    /// These flags as they are written, for the header of a generated file.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let flags: [(&str, &[String]); 11] = [
            ("names", self.names.as_slice()),
            ("strings", &self.strings),
            ("open-enum", &self.open_enum),
            ("derive", &self.derive),
            ("attribute", &self.attribute),
            ("keep-links", &self.keep_links),
            ("serde", &self.serde),
            ("arbitrary", &self.arbitrary),
            ("borrowed", &self.borrowed),
            ("xdr-path", self.xdr_path.as_slice()),
            ("runtime-path", self.runtime_path.as_slice()),
        ];
        flags.into_iter().flat_map(|(flag, values)| {
            let value = move |value: &String| format!("--{flag} {}", quoted(value));
            values.iter().map(value)
        })
    }
}

type Parse = fn(&str) -> Result<Setting, BadSetting>;

fn derive(path: &str) -> Result<Setting, BadSetting> {
    Setting::derive(path)
}

fn attribute(text: &str) -> Result<Setting, BadSetting> {
    Setting::attribute(text)
}

fn names(text: &str) -> Result<Names, BadSetting> {
    match text {
        "rust" => Ok(Names::Rust),
        "preserve" => Ok(Names::Preserve),
        _ => Err(BadSetting::new(text, "`rust` or `preserve`")),
    }
}

fn strings(text: &str) -> Result<Strings, BadSetting> {
    match text {
        "utf8" => Ok(Strings::Utf8),
        "bytes" => Ok(Strings::Bytes),
        _ => Err(BadSetting::new(text, "`utf8` or `bytes`")),
    }
}

/// A value as a shell takes it for one word.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:=-/".contains(c);
    if value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}
