use bytes::Bytes;

/// What TLS knows of the peer of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsPeer {
    certificates: Vec<Bytes>,
    dns_names: Vec<String>,
    is_trusted_with_users: bool,
}

impl TlsPeer {
    /// A peer that showed no certificate: the connection is secret, but with whom is not known.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// A peer that has proved to be the one that this chain of certificates names, its own first.
    #[must_use]
    pub fn verified(certificates: Vec<Bytes>, dns_names: Vec<String>) -> Self {
        Self {
            certificates,
            dns_names,
            is_trusted_with_users: false,
        }
    }

    /// Sets that this peer may say for which user it calls.
    #[must_use]
    pub fn trusted_with_users(mut self, is_trusted: bool) -> Self {
        self.is_trusted_with_users = is_trusted && self.is_verified();
        self
    }

    /// Whether the peer showed a certificate. One that cannot be verified ends the handshake.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        !self.certificates.is_empty()
    }

    /// The verified chain of certificates in DER, that of the peer first; none where it showed none.
    #[must_use]
    pub fn certificates(&self) -> &[Bytes] {
        &self.certificates
    }

    /// The host names that the peer's certificate is for (its `subjectAltName`).
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// Whether the server is set up to believe this peer for which user it calls.
    #[must_use]
    pub fn is_trusted_with_users(&self) -> bool {
        self.is_trusted_with_users
    }
}
