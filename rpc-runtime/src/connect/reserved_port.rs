//! Source ports that only a privileged program can have: some servers, of NFS above all, take
//! calls from no other.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
};

/// The ports that are tried, those of `bindresvport`.
pub(crate) const PORTS: RangeInclusive<u16> = 512..=1023;

/// Any address of this machine, of the family that the peer's is of.
pub(crate) fn unspecified(peer: SocketAddr) -> IpAddr {
    match peer {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Binds the first reserved port that is free, beginning with this one: any of [`PORTS`].
pub(crate) fn bind<T>(
    first: u16,
    peer: SocketAddr,
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let ports = (first..=*PORTS.end()).chain(*PORTS.start()..first);
    for port in ports {
        match bind(SocketAddr::new(unspecified(peer), port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(io::Error::new(
                    error.kind(),
                    "a source port below 1024 needs a privilege (CAP_NET_BIND_SERVICE on Linux)",
                ));
            }
            outcome => return outcome,
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "all reserved ports, 512 to 1023, are in use",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2049);

    #[test]
    fn each_port_is_tried_once() {
        let tried = RefCell::new(Vec::new());
        let error = bind::<()>(700, PEER, |address| {
            assert_eq!(address.ip(), Ipv4Addr::UNSPECIFIED);
            tried.borrow_mut().push(address.port());
            Err(io::ErrorKind::AddrInUse.into())
        });
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let mut tried = tried.into_inner();
        tried.sort_unstable();
        assert_eq!(tried, PORTS.collect::<Vec<_>>());
    }

    #[test]
    fn lacking_privilege_is_named_at_once() {
        let tries = RefCell::new(0);
        let error = bind::<()>(700, PEER, |_| {
            *tries.borrow_mut() += 1;
            Err(io::ErrorKind::PermissionDenied.into())
        });
        let error = error.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("below 1024"), "{error}");
        assert_eq!(tries.into_inner(), 1);
    }
}
