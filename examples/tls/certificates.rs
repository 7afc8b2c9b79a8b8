//! An authority and the certificates that it signs, all of them made here and now. In production they
//! come in files.

use rcgen::{BasicConstraints, CertificateParams, Error, IsCa, Issuer, KeyPair};

/// Who signs certificates, and is trusted.
pub(crate) struct Authority {
    /// Its own certificate, as a PEM text.
    pub(crate) root: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM texts.
pub(crate) struct Certified {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        Ok(Self {
            root: params.self_signed(&key)?.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// A certificate for the host of this name.
    pub(crate) fn certify(&self, host: &str) -> Result<Certified, Error> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new([host.to_owned()])?;
        Ok(Certified {
            chain: params.signed_by(&key, &self.issuer)?.pem(),
            key: key.serialize_pem(),
        })
    }
}
