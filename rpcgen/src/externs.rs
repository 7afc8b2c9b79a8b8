//! The skeleton of a module that has what an interface file does not define.

use crate::{
    compile::analyse,
    config::{Config, Undefined},
    diagnostic::Diagnostics,
    model::{MissingName, Model},
    source::{FileId, Loader, SourceMap, Span},
};

/// Uses of a name that its documentation lists.
const USES_MAX: usize = 5;

/// The beginning of the module that `--extern-module` names: one line for each type and constant
/// that the file does not define, in the order of use. It does not compile until it is filled in.
///
/// Returns `None` where the file has other faults.
pub fn externs(
    file: FileId,
    sources: &mut SourceMap,
    loader: &dyn Loader,
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let config = Config {
        undefined: Undefined::Extern {
            module: "crate".to_owned(),
        },
        ..config.clone()
    };
    let model = analyse(file, sources, loader, &config, diagnostics)?;
    Some(skeleton(&model, sources))
}

fn skeleton(model: &Model, sources: &SourceMap) -> String {
    let names = model.units.iter().map(|unit| format!("`{}`", unit.source));
    let names: Vec<String> = names.collect();
    let verb = if names.len() == 1 { "does" } else { "do" };
    let names = names.join(", ");
    let mut text = format!("//! What {names} {verb} not define.\n");
    let lints = [
        (
            "non_camel_case_types",
            model.missing.iter().any(|one| one.is_type),
        ),
        (
            "non_upper_case_globals",
            model.missing.iter().any(is_small_constant),
        ),
    ];
    let lints = lints.iter().filter(|(_, applies)| *applies);
    let lints: Vec<&str> = lints.map(|(lint, _)| *lint).collect();
    if !lints.is_empty() {
        let lints = lints.join(", ");
        text = format!(
            "{text}//!\n//! The names are those of the interface file.\n\
             #![allow({lints}, reason = \"the interface has them\")]\n"
        );
    }
    for missing in &model.missing {
        text.push('\n');
        text.push_str(&entry(missing, sources));
    }
    text
}

fn is_small_constant(missing: &MissingName) -> bool {
    !missing.is_type && missing.name.contains(|c: char| c.is_ascii_lowercase())
}

/// A name, with where it is used and as what.
fn entry(missing: &MissingName, sources: &SourceMap) -> String {
    let uses = documentation(missing, sources);
    let name = &missing.name;
    if missing.is_type {
        format!("{uses}pub type {name} = /* a type with xdr::Encode and xdr::Decode */;\n")
    } else {
        format!("{uses}pub const {name}: i64 = /* its value */;\n")
    }
}

/// The lines that say where a name is used, and as what.
fn documentation(missing: &MissingName, sources: &SourceMap) -> String {
    let place = |(span, what): &(Span, String)| {
        let file = sources.file(span.file);
        let (line, _) = file.line_column(span.start);
        // What numbers of the place are like is no part of what it is.
        let what = what.split(" (").next().unwrap_or(what);
        format!("/// - `{}` line {line}: {what}\n", file.name)
    };
    let lines: String = missing.uses.iter().take(USES_MAX).map(place).collect();
    match missing.uses.len().saturating_sub(USES_MAX) {
        0 => lines,
        more => format!("{lines}/// - and {more} more\n"),
    }
}
