//! Random values of every type of real interface files, on the wire by our codec and by that which
//! the C `rpcgen` makes: both understand what the other one writes.
//!
//! Values are made up as bytes, from what our compiler says about the types. Ours decodes a value
//! and encodes it again, C does the same, and the bytes have to be the same each time.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod random;
mod subject;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use fastrand::Rng;
use subject::Subject;
use tests::fresh_crate::FreshCrate;

/// What all random values are made from.
const SEED: u64 = 4506;

/// Values of each type.
const VALUES: usize = 200;

/// A value: the number of its type in its file, and its bytes.
type Case = (usize, Vec<u8>);

/// The interface files, and the program with the filters that our compiler made of them.
fn subjects() -> &'static (Vec<Subject>, PathBuf) {
    static SUBJECTS: OnceLock<(Vec<Subject>, PathBuf)> = OnceLock::new();
    SUBJECTS.get_or_init(|| {
        let tmpdir = env!("CARGO_TARGET_TMPDIR");
        let folder = Path::new(tmpdir).join("differential");
        let subjects = subject::all(tmpdir, &folder);
        let program = our_filter(&subjects);
        (subjects, program)
    })
}

/// Compiles our filters of all files into one program.
fn our_filter(subjects: &[Subject]) -> PathBuf {
    let krate = FreshCrate::new(env!("CARGO_TARGET_TMPDIR"), "differential");
    let mut modules = String::new();
    let mut table = String::new();
    for (number, subject) in subjects.iter().enumerate() {
        krate.write(&format!("src/file_{number}.rs"), &subject.rust);
        writeln!(modules, "mod file_{number};").unwrap();
        writeln!(table, "    &[").unwrap();
        for ty in &subject.types {
            writeln!(table, "        filter::<file_{number}::{}>,", ty.rust).unwrap();
        }
        writeln!(table, "    ],").unwrap();
    }
    writeln!(modules, "const FILTERS: &[&[Filter]] = &[\n{table}];").unwrap();
    krate.write("src/modules.rs", &modules);
    krate.write("src/main.rs", include_str!("filter.rs"));
    krate.cargo_is_content("build");
    krate.program()
}

/// What the filter of a compiler says to each case: what it encoded, or why it did not decode.
fn filtered(command: &mut Command, cases: &[Case], file: &Path) -> Vec<Result<Vec<u8>, String>> {
    let mut input = Vec::new();
    for (ty, bytes) in cases {
        input.extend(u32::try_from(*ty).unwrap().to_be_bytes());
        input.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        input.extend(bytes);
    }
    fs::write(file, input).unwrap();
    let input = File::open(file).unwrap();
    // What libtirpc says of a lack of memory is of no interest.
    let command = command.stdin(input).stderr(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let mut output = &output.stdout[..];
    let mut results = Vec::new();
    while let [a, b, c, status, d, e, f, g, rest @ ..] = output {
        assert_eq!([a, b, c], [&0; 3]);
        let (bytes, rest) = rest.split_at(u32::from_be_bytes([*d, *e, *f, *g]) as usize);
        results.push(match status {
            1 => Ok(bytes.to_vec()),
            _ => Err(String::from_utf8(bytes.to_vec()).unwrap()),
        });
        output = rest;
    }
    assert_eq!(results.len(), cases.len(), "{command:?}");
    results
}

/// What both filters say to cases of a file; `test` has a file for input of its own.
fn both(
    test: &str,
    number: usize,
    cases: &[Case],
) -> impl Iterator<Item = [Result<Vec<u8>, String>; 2]> {
    let (subjects, program) = subjects();
    let subject = &subjects[number];
    let mut ours = Command::new(program);
    let input = subject.folder.join(test);
    let ours = filtered(ours.arg(number.to_string()), cases, &input);
    let c = filtered(
        &mut Command::new(subject.folder.join("filter")),
        cases,
        &input,
    );
    ours.into_iter().zip(c).map(|(ours, c)| [ours, c])
}

/// Random values of all types of a file.
fn cases(subject: &Subject, random: &mut Rng) -> Vec<Case> {
    let types = subject.types.iter().enumerate();
    let mut values = |id| random::value(&subject.model, id, subject.integers, random);
    types
        .flat_map(|(number, ty)| {
            let cases = (0..VALUES).map(|_| (number, values(ty.id)));
            cases.collect::<Vec<_>>()
        })
        .collect()
}

#[test]
#[ignore = "needs libtirpc and the corpus: cargo xtask test"]
fn every_value_is_the_same_to_c_and_to_us() {
    println!("{VALUES} values of each type, from seed {SEED}");
    for (number, subject) in subjects().0.iter().enumerate() {
        let mut random = Rng::with_seed(SEED);
        let cases = cases(subject, &mut random);
        let bytes: usize = cases.iter().map(|(_, bytes)| bytes.len()).sum();
        for ((ty, bytes), both) in cases.iter().zip(both("values", number, &cases)) {
            let same = Ok(bytes.clone());
            assert!(
                both == [same.clone(), same],
                "{} {}: {bytes:?}\nours, C: {both:?}",
                subject.name,
                subject.types[*ty].idl,
            );
        }
        let (types, cases) = (subject.types.len(), cases.len());
        println!(
            "{:<36} {types:>3} types {cases:>6} values {bytes:>9} bytes",
            subject.name
        );
    }
}

/// Where C is content with what is no value: any number but 0 for TRUE, padding that is not zero,
/// numbers that an enumeration does not have. RFC 4506 allows none of them.
const TOLERATED_BY_C: [&str; 3] = ["InvalidBool", "NonZeroPadding", "UnknownEnumerator"];

#[test]
#[ignore = "needs libtirpc and the corpus: cargo xtask test"]
fn what_is_no_value_is_refused_by_both_but_where_c_is_known_to_be_tolerant() {
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, subject) in subjects().0.iter().enumerate() {
        let mut random = Rng::with_seed(SEED);
        let mut cases = cases(subject, &mut random);
        cases.retain(|(_, bytes)| !bytes.is_empty());
        for (_, bytes) in &mut cases {
            *bytes = random::accident(bytes, &mut random);
        }
        for both in both("accidents", number, &cases) {
            let outcome = match &both {
                [Ok(ours), Ok(c)] if ours == c => "both take it for the same value",
                // Often: C ends a string at the first zero.
                [Ok(_), Ok(_)] => "they take it for different values",
                [Err(_), Err(_)] => "both refuse it",
                [Ok(_), Err(_)] => panic!("{}: only C refuses it: {both:?}", subject.name),
                [Err(reason), Ok(_)] => {
                    let mut known = TOLERATED_BY_C.into_iter();
                    let known = known.find(|kind| reason.starts_with(kind));
                    known.unwrap_or_else(|| panic!("{}: {both:?}", subject.name))
                }
            };
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    for (outcome, times) in &outcomes {
        println!("{times:>7} {outcome}");
    }
}
