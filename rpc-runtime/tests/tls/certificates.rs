//! Certificates, made where they are needed.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rpc_runtime::tls::{ClientTls, ServerTls};

/// The name of the server in most tests.
pub(crate) const SERVER: &str = "server.example";

/// An authority that signs certificates.
pub(crate) struct Authority {
    pub(crate) root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM texts.
pub(crate) struct Certified {
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("the authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem().into_bytes();
        let issuer = Issuer::new(params, key);
        Self { root, issuer }
    }

    pub(crate) fn certify(&self, name: &str) -> Certified {
        self.certify_until(name, 4096)
    }

    /// A certificate that is not valid any more.
    pub(crate) fn certify_expired(&self, name: &str) -> Certified {
        self.certify_until(name, 2001)
    }

    fn certify_until(&self, name: &str, year: i32) -> Certified {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified {
            chain: certificate.pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
        }
    }

    /// A server that this authority stands for.
    pub(crate) fn server(&self) -> ServerTls {
        self.certify(SERVER).server()
    }

    /// A client that trusts this authority.
    pub(crate) fn client(&self) -> ClientTls {
        let tls = ClientTls::from_pem(&self.root).unwrap();
        tls.server_name(SERVER).unwrap()
    }
}

impl Certified {
    pub(crate) fn server(&self) -> ServerTls {
        ServerTls::from_pem(&self.chain, &self.key).unwrap()
    }

    /// The client, with this certificate to show.
    pub(crate) fn shown_by(&self, client: ClientTls) -> ClientTls {
        client.with_certificate(&self.chain, &self.key).unwrap()
    }
}
