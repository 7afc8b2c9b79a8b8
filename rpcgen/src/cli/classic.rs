//! The flags of the C `rpcgen`, so that a Makefile's `rpcgen` line goes on working: a line with them
//! is rewritten into one without.

use std::{collections::BTreeSet, ffi::OsString, iter::Peekable, path::Path};

/// A command line without flags of the C `rpcgen`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Modern {
    /// The words behind the name of the command.
    pub(super) words: Vec<OsString>,
    /// What to say of flags that do nothing, or not what they did.
    pub(super) notes: Vec<String>,
}

/// What decides how words are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The long flags that take the next word as their value, with their dashes.
    pub(super) value_flags: &'a [String],
    /// Whether there is a folder of this name.
    pub(super) is_folder: fn(&Path) -> bool,
}

/// Rewrites the words behind the name of the command; an error is what to say to the user.
pub(super) fn modernize(
    words: impl IntoIterator<Item = OsString>,
    context: Context<'_>,
) -> Result<Modern, String> {
    let mut line = Line::default();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--") => {
                line.modern.words.push(word);
                words.by_ref().for_each(|word| line.file(word));
            }
            Some(long) if long.starts_with("--") => {
                let takes_value = context.value_flags.iter().any(|flag| flag == long);
                line.has_target |= long.starts_with("--out");
                line.modern.words.push(word);
                line.modern.words.extend(words.next_if(|_| takes_value));
            }
            Some(cluster) if cluster.len() > 1 && cluster.starts_with('-') => {
                line.cluster(cluster, &mut words, context)?;
            }
            _ => line.file(word),
        }
    }
    Ok(line.finish())
}

/// A part of the C output that can be asked for alone; then it goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Everything,
    Types,
    Client,
    Server,
}

impl Part {
    const fn flag(self) -> Option<&'static str> {
        match self {
            Self::Everything => None,
            Self::Types => Some("--types"),
            Self::Client => Some("--client"),
            Self::Server => Some("--server"),
        }
    }
}

/// What a letter of the C `rpcgen` means here.
#[derive(Debug, Clone, Copy)]
struct Flag {
    takes_value: bool,
    part: Option<Part>,
    /// Why it does nothing, or not what it did.
    note: Option<&'static str>,
}

impl Flag {
    const fn part(part: Part) -> Self {
        Self {
            takes_value: false,
            part: Some(part),
            note: None,
        }
    }

    const fn nothing(note: &'static str) -> Self {
        Self {
            takes_value: false,
            part: None,
            note: Some(note),
        }
    }

    const fn with_value(self) -> Self {
        Self {
            takes_value: true,
            ..self
        }
    }

    const fn with_note(self, note: &'static str) -> Self {
        Self {
            note: Some(note),
            ..self
        }
    }
}

/// The letters that are not flags of today as well.
fn flag(letter: char) -> Option<Flag> {
    const ONE_STYLE: &str = "there is one style of generated code";
    const TRANSPORT: &str = "a server says where it is started which transports it serves";
    const TABLE: &str = "each version has its procedures as constants, in `procedures`";
    let flag = match letter {
        'c' | 'h' => Flag::part(Part::Types),
        'l' => Flag::part(Part::Client),
        'm' => Flag::part(Part::Server),
        's' | 'n' => Flag::part(Part::Server).with_value().with_note(TRANSPORT),
        't' => Flag::part(Part::Everything).with_note(TABLE),
        'T' => Flag::nothing(TABLE),
        'a' => Flag::nothing("`rpcgen new FILE` writes a sample server and client"),
        'b' | '5' | 'C' | 'k' => Flag::nothing(ONE_STYLE),
        'M' => Flag::nothing("stubs can always be used by several threads"),
        'L' => Flag::nothing("where a server logs is up to its program"),
        'K' => Flag::nothing("when an idle server ends is up to its program").with_value(),
        'i' => Flag::nothing("what is inlined is up to the Rust compiler").with_value(),
        'Y' => Flag::nothing("the preprocessor is built in").with_value(),
        'P' => Flag::nothing("how a server is started is up to its program"),
        // Several arguments are always possible.
        'N' => Flag {
            takes_value: false,
            part: None,
            note: None,
        },
        _ => return None,
    };
    Some(flag)
}

/// What has been read.
#[derive(Debug, Default)]
struct Line {
    modern: Modern,
    parts: BTreeSet<Part>,
    files: usize,
    has_target: bool,
    asks_for_header: bool,
}

impl Line {
    /// Reads letters behind one dash.
    fn cluster(
        &mut self,
        cluster: &str,
        words: &mut Peekable<impl Iterator<Item = OsString>>,
        context: Context<'_>,
    ) -> Result<(), String> {
        let mut letters = cluster.chars();
        letters.next();
        while let Some(letter) = letters.next() {
            let attached = letters.as_str();
            let is_alone = attached.is_empty();
            let takes_value = match (letter, flag(letter)) {
                ('S', _) => return Err(sample(attached)),
                ('o' | 'D', _) => {
                    self.has_target |= letter == 'o';
                    self.with_value(letter, attached, words.next_if(|_| is_alone));
                    true
                }
                ('I', _) => {
                    let is_folder = |word: &OsString| (context.is_folder)(Path::new(word));
                    let folder = words.next_if(|word| is_alone && is_folder(word));
                    let has_folder = folder.is_some() || !is_alone;
                    if has_folder {
                        self.with_value(letter, attached, folder);
                    } else {
                        self.note(letter, INETD);
                    }
                    has_folder
                }
                (_, Some(flag)) => {
                    self.asks_for_header |= letter == 'h';
                    self.parts.extend(flag.part);
                    if let Some(note) = flag.note {
                        self.note(letter, note);
                    }
                    words.next_if(|_| flag.takes_value && is_alone);
                    flag.takes_value
                }
                (_, None) => {
                    self.modern.words.push(format!("-{letter}").into());
                    false
                }
            };
            if takes_value {
                break;
            }
        }
        Ok(())
    }

    /// A flag that is one of today as well, with its value.
    fn with_value(&mut self, letter: char, attached: &str, next: Option<OsString>) {
        self.modern
            .words
            .push(format!("-{letter}{attached}").into());
        self.modern.words.extend(next);
    }

    fn file(&mut self, word: OsString) {
        self.files += 1;
        self.modern.words.push(word);
    }

    fn note(&mut self, letter: char, note: &str) {
        let note = format!("-{letter}: {note}");
        if !self.modern.notes.contains(&note) {
            self.modern.notes.push(note);
        }
    }

    /// Adds what the flags mean together.
    fn finish(mut self) -> Modern {
        if self.asks_for_header && self.files == 0 {
            self.modern.words = vec!["--help".into()];
            self.modern.notes.clear();
            return self.modern;
        }
        if self.parts.is_empty() {
            return self.modern;
        }
        let mut words: Vec<OsString> = Vec::new();
        if !self.parts.contains(&Part::Everything) {
            let flags = self.parts.iter().filter_map(|part| part.flag());
            words.extend(flags.map(OsString::from));
        }
        if !self.has_target && self.files < 2 {
            words.extend(["-o", "-"].map(OsString::from));
        }
        words.append(&mut self.modern.words);
        if self.files == 0 {
            words.push("-".into());
        }
        self.modern.words = words;
        self.modern
    }
}

const INETD: &str = "the next word is no folder, so this is the flag for inetd; \
                     how a server is started is up to its program";

/// What to say of `-Sc`, `-Ss` and `-Sm`, which ask for a part of what `rpcgen new` writes.
fn sample(which: &str) -> String {
    format!("-S{which}: `rpcgen new FILE` writes a sample server, a client, and how they are built")
}

#[cfg(test)]
mod tests {
    use super::{Context, Modern, modernize};
    use std::path::Path;

    fn rewritten(line: &str) -> Result<Modern, String> {
        let value_flags = ["--out-dir", "--output"].map(str::to_owned);
        let context = Context {
            value_flags: &value_flags,
            is_folder: |path| path == Path::new("include"),
        };
        modernize(line.split_whitespace().map(Into::into), context)
    }

    fn words(line: &str) -> String {
        let words = rewritten(line).expect("the line makes sense").words;
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn lines_of_today_stay_as_they_are() {
        for line in [
            "",
            "a.x",
            "-",
            "--help",
            "-V",
            "-o b.rs a.x",
            "-ob.rs a.x",
            "-I include -Iother -D A=1 -DB a.x b.idl --out-dir out",
            "--client --output b.rs a.x",
            "--output -l a.x",
            "-- -l",
            "-q a.x",
        ] {
            let modern = rewritten(line).expect("the line makes sense");
            assert_eq!(words(line), line);
            assert!(modern.notes.is_empty(), "{line}: {:?}", modern.notes);
        }
    }

    #[test]
    fn lines_of_makefiles_become_lines_of_today() {
        for (line, expected) in [
            // One part alone goes to standard output, unless `-o` says otherwise.
            ("-h a.x", "--types -o - a.x"),
            ("-h -o a.h a.x", "--types -o a.h a.x"),
            ("-l a.x -o a_clnt.c", "--client a.x -o a_clnt.c"),
            ("-c a.x", "--types -o - a.x"),
            ("-m -N a.x", "--server -o - a.x"),
            ("-NCl a.x", "--client -o - a.x"),
            ("-h -l a.x", "--types --client -o - a.x"),
            ("-s tcp -n udp a.x", "--server -o - a.x"),
            ("-stcp a.x", "--server -o - a.x"),
            ("-t a.x", "-o - a.x"),
            ("-l --out-dir out a.x", "--client --out-dir out a.x"),
            ("-l", "--client -o - -"),
            ("-l -- -x", "--client -o - -- -x"),
            ("-lq a.x", "--client -o - -q a.x"),
            // Everything goes beside the file.
            ("-CNM a.x", "a.x"),
            ("-a a.x", "a.x"),
            ("-b5kLPT -K -1 -i 0 -Y /usr/bin a.x", "a.x"),
            ("-K20 -i3 -Y/usr/bin a.x", "a.x"),
            ("-CDname=1 a.x", "-Dname=1 a.x"),
            ("-lo out.c a.x", "--client -o out.c a.x"),
            // A folder, or the flag for inetd.
            ("-I include a.x", "-I include a.x"),
            ("-I a.x", "a.x"),
            ("-IK 20 a.x", "-IK 20 a.x"),
            ("-h", "--help"),
            ("-Ch", "--help"),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn what_does_nothing_is_said_once() {
        let notes = rewritten("-C -CM -I a.x")
            .expect("the line makes sense")
            .notes;
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert_eq!(notes[0], "-C: there is one style of generated code");
        assert!(notes[2].starts_with("-I: "), "{notes:?}");
    }

    #[test]
    fn samples_are_written_by_another_command() {
        let error = rewritten("-Ss a.x").expect_err("there are none alone");
        assert!(error.starts_with("-Ss: `rpcgen new FILE`"), "{error}");
    }
}
