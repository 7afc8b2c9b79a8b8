//! The types and procedures of real files: as many as the C `rpcgen` finds.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fs;

use rpcgen::{
    Config, Undefined, analyse,
    diagnostic::Diagnostics,
    model::{Item, Model, Procedure},
    source::{FileSystem, SourceMap},
};
use tests::corpus;

/// What was counted in the output of the C `rpcgen`.
struct Counts {
    name: &'static str,
    /// Functions `xdr_…`: one for each type, and one for each procedure with several arguments.
    filters: usize,
    /// Cases in the dispatcher; the NULL procedure is added to a version that lacks it.
    procedures: usize,
}

const fn of(name: &'static str, filters: usize, procedures: usize) -> Counts {
    Counts {
        name,
        filters,
        procedures,
    }
}

const COUNTS: [Counts; 13] = [
    of("rpcsvc-proto/rpcsvc/nfs_prot.x", 29, 18),
    // Six of them are hand-written C behind `%`, which no compiler but that of C reads.
    of("rpcsvc-proto/rpcsvc/rusers.x", 8 - 6, 4),
    of("libtirpc/tirpc/rpc/rpcb_prot.x", 15, 22),
    of("libnfs/nfs/nfs.x", 185, 41),
    of("libnfs/nfs4/nfs4.x", 295, 4),
    of("nfs-ganesha/src/Protocols/XDR/nfsv41.x", 410, 4),
    of("libvirt/src/remote/remote_protocol.x", 716, 0),
    of("libguestfs/common/protocol/guestfs_protocol.x", 718, 0),
    of("glusterfs/rpc/xdr/src/glusterfs4-xdr.x", 95, 0),
    of("gssproxy/x-files/gss_proxy.x", 52, 16),
    of("amanda/ndmp-src/ndmp9.x", 144, 0),
    of("octave-instrument-control/src/vxi11/vxi11.x", 18, 18),
    of("caml-crush/src/rpc-pkcs11/pkcs11_rpc.x", 112, 70),
];

/// Our counts of the same things.
fn counted(model: &Model) -> (usize, usize) {
    let unit = model.units.first().unwrap();
    let types = unit.items.iter();
    let types = types.filter(|item| matches!(item, Item::Type(_))).count();
    let versions = unit.programs.iter().flat_map(|program| &program.versions);
    let (mut arguments, mut procedures) = (0, 0);
    for version in versions {
        let several = version.procedures.iter();
        arguments += several.filter(|one| one.parameters.len() > 1).count();
        let has_null = version.procedures.iter().any(Procedure::is_null);
        procedures += version.procedures.len() + usize::from(!has_null);
    }
    (types + arguments, procedures)
}

#[test]
#[ignore = "needs the corpus: cargo xtask test"]
fn types_and_procedures_are_as_many_as_those_of_c() {
    let (files, _) = corpus::files(env!("CARGO_TARGET_TMPDIR"));
    for expected in COUNTS {
        let Some(file) = files.iter().find(|file| file.name == expected.name) else {
            println!("{:<48} is not here", expected.name);
            continue;
        };
        let mut sources = SourceMap::default();
        let text = fs::read(&file.path).unwrap();
        let path = file.path.to_str().unwrap().to_owned();
        let id = sources.add(path, text, None).unwrap();
        let config = Config {
            undefined: Undefined::Extern {
                module: "crate".to_owned(),
            },
            ..Config::default()
        };
        let mut faults = Diagnostics::default();
        let model = analyse(id, &mut sources, &FileSystem, &config, &mut faults).unwrap();
        let (filters, procedures) = counted(&model);
        println!(
            "{:<48} {filters:>4} types ({} in C), {procedures:>3} procedures ({} in C)",
            expected.name, expected.filters, expected.procedures
        );
        let ours = (filters, procedures);
        assert_eq!(ours, (expected.filters, expected.procedures));
    }
}
