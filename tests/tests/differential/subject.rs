//! The interface files whose types are compared, and what is made of them.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::random::Integers;
use rpcgen::{
    Config, analyse,
    diagnostic::Diagnostics,
    model::{Item, Model, TypeId},
    source::{FileSystem, SourceMap},
};
use tests::{compiler::compile_text, corpus, process, repository};

/// The C rpcgen with its path: an installed rpcgen of ours may come first on PATH.
const C_RPCGEN: &str = "/usr/bin/rpcgen";

/// Files of the corpus, and one of ours with every construct that C has; each with what it takes from
/// C headers.
const FILES: [(&str, &str); 19] = [
    ("tests/idl/fuzzed.x", ""),
    ("rpcsvc-proto/rpcsvc/bootparam_prot.x", ""),
    (
        "rpcsvc-proto/rpcsvc/key_prot.x",
        "#define MAXNETNAMELEN 255\ntypedef opaque des_block[8];\n",
    ),
    ("rpcsvc-proto/rpcsvc/klm_prot.x", ""),
    ("rpcsvc-proto/rpcsvc/mount.x", ""),
    ("rpcsvc-proto/rpcsvc/nfs_prot.x", ""),
    ("rpcsvc-proto/rpcsvc/nlm_prot.x", ""),
    ("rpcsvc-proto/rpcsvc/rex.x", ""),
    ("rpcsvc-proto/rpcsvc/rquota.x", ""),
    ("rpcsvc-proto/rpcsvc/rstat.x", ""),
    ("rpcsvc-proto/rpcsvc/rusers.x", ""),
    ("rpcsvc-proto/rpcsvc/sm_inter.x", ""),
    ("rpcsvc-proto/rpcsvc/spray.x", ""),
    (
        "libtirpc/tirpc/rpc/rpcb_prot.x",
        "const RPCBPROC_CALLIT = 5;\nconst RPCBPROC_TADDR2UADDR = 8;\n\
         const RPCBPROC_GETSTAT = 12;\nstruct netbuf { unsigned int maxlen; opaque buf<>; };\n",
    ),
    ("gssproxy/x-files/gss_proxy.x", ""),
    ("libnfs/nfs/nfs.x", ""),
    ("libnfs/nlm/nlm.x", ""),
    ("kio-extras/nfs/rpc_nfs3_prot.x", ""),
    ("octave-instrument-control/src/vxi11/vxi11.x", ""),
];

/// Files with fields of the types `char` and `short`.
const FILES_WITH_SMALL_INTEGERS: [&str; 2] = [
    "rpcsvc-proto/rpcsvc/bootparam_prot.x",
    "octave-instrument-control/src/vxi11/vxi11.x",
];

/// The header of `rpcb_prot.x` is a part of libtirpc's own, which lacks functions that the code of
/// the C rpcgen calls.
const RPCB_PROT_H: &str = "\
    #include <rpc/rpc.h>
    #define xdr_rpcprog_t xdr_u_int32_t
    #define xdr_rpcvers_t xdr_u_int32_t
    #define xdr_rpcproc_t xdr_u_int32_t
";

/// An interface file, read by both compilers.
pub(crate) struct Subject {
    /// Its name in the corpus.
    pub(crate) name: &'static str,
    /// The folder with the program `filter`, by the C rpcgen.
    pub(crate) folder: PathBuf,
    /// What our compiler understood.
    pub(crate) model: Model,
    /// What it made of that.
    pub(crate) rust: String,
    /// The integers that it can be compared with.
    pub(crate) integers: Integers,
    /// The types that are compared.
    pub(crate) types: Vec<Subtype>,
}

/// A type of the file.
pub(crate) struct Subtype {
    /// Its name.
    pub(crate) idl: String,
    /// A struct in `model` with one field, of this type. What the wire has of it is the same, and
    /// a bound of a typedef belongs to it, and all nodes of a list.
    pub(crate) id: TypeId,
    /// The name of the struct in Rust.
    pub(crate) rust: String,
}

/// All files, compiled by both in folders below this one.
pub(crate) fn all(target_tmpdir: &str, folder: &Path) -> Vec<Subject> {
    let corpus = corpus::folder(target_tmpdir);
    let _ = fs::remove_dir_all(folder);
    let subjects = FILES.map(|(name, lacking)| {
        let is_ours = name.starts_with("tests/");
        let root = if is_ours { repository::root() } else { &corpus };
        let file = root.join(name);
        let folder = folder.join(file.file_stem().unwrap());
        fs::create_dir_all(&folder).unwrap();
        let subject = Subject::new(name, &file, lacking, folder);
        subject.compile_c(&file);
        subject
    });
    subjects.into()
}

impl Subject {
    fn new(name: &'static str, file: &Path, lacking: &str, folder: PathBuf) -> Self {
        let file = file.display();
        let given = type_names(&model(lacking));
        let text = format!("{lacking}#include \"{file}\"\n");
        let mut names = type_names(&model(&text));
        names.retain(|name| !given.contains(name));
        let probes = names.iter().enumerate();
        let probes: Vec<String> = probes
            .map(|(number, name)| format!("struct probe_{number} {{ {name} value; }};\n"))
            .collect();
        let text = text + &probes.concat();
        let model = model(&text);
        let types = names.into_iter().enumerate().map(|(number, idl)| {
            let id = type_named(&model, &format!("probe_{number}"));
            let rust = model.type_def(id).name.rust.clone();
            Subtype { idl, id, rust }
        });
        Self {
            name,
            folder,
            types: types.collect(),
            integers: if FILES_WITH_SMALL_INTEGERS.contains(&name) {
                Integers::Small
            } else {
                Integers::All
            },
            rust: compile_text("types.x", text).rust.unwrap(),
            model,
        }
    }

    /// Has the C rpcgen and a C compiler make the program `filter`.
    fn compile_c(&self, file: &Path) {
        fs::copy(file, self.folder.join("types.x")).unwrap();
        let run = |program: &str, options: &[&str]| {
            let mut command = Command::new(program);
            process::run(command.args(options).current_dir(&self.folder));
        };
        if self.name.ends_with("/rpcb_prot.x") {
            fs::write(self.folder.join("types.h"), RPCB_PROT_H).unwrap();
        } else {
            run(C_RPCGEN, &["-C", "-h", "-o", "types.h", "types.x"]);
        }
        run(C_RPCGEN, &["-C", "-c", "-o", "types_xdr.c", "types.x"]);
        let mut types = String::new();
        for ty in &self.types {
            writeln!(types, "TYPE({})", ty.idl).unwrap();
        }
        fs::write(self.folder.join("types.inc"), types).unwrap();
        let source = repository::root().join("tests/c/filter.c");
        // Warnings are off for the sake of what the C rpcgen writes.
        let options = ["-O1", "-w", "-I.", "-I/usr/include/tirpc", "-o", "filter"];
        let names = ["-DHEADER=\"types.h\"", "-DTYPES=\"types.inc\""];
        let files = ["types_xdr.c", source.to_str().unwrap(), "-ltirpc"];
        run("gcc", &[&options[..], &names, &files].concat());
    }
}

/// What our compiler understands of a text, which has no faults.
fn model(text: &str) -> Model {
    let mut sources = SourceMap::default();
    let file = sources
        .add("types.x".to_owned(), text.into(), None)
        .unwrap();
    let mut diagnostics = Diagnostics::default();
    let config = Config::default();
    let model = analyse(file, &mut sources, &FileSystem, &config, &mut diagnostics);
    model.unwrap_or_else(|| panic!("{text}: {:?}", diagnostics.into_sorted()))
}

fn types(model: &Model) -> impl Iterator<Item = TypeId> {
    let items = model.units.iter().flat_map(|unit| &unit.items);
    items.filter_map(|item| match item {
        Item::Type(id) => Some(*id),
        Item::Constant(_) | Item::Extern(_) => None,
    })
}

fn type_names(model: &Model) -> Vec<String> {
    let types = types(model).map(|id| model.type_def(id).name.idl.clone());
    types.collect()
}

fn type_named(model: &Model, name: &str) -> TypeId {
    let mut types = types(model);
    types
        .find(|id| model.type_def(*id).name.idl == name)
        .unwrap()
}
