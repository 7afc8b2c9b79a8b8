//! Flavors, credentials and verifiers: RFC 5531 §8.2, §10 and appendix A.

use std::fmt;

use bytes::Bytes;
use xdr::{ByteString, Decode, Decoder, Encode, Encoder, Error, Vec};

use crate::AuthStat;

/// Bytes that the body of a credential or verifier may have (RFC 5531 §8.2).
pub const AUTH_BODY_MAX: u32 = 400;

/// Bytes that the machine name of an `AUTH_SYS` credential may have (RFC 5531 appendix A).
pub const MACHINE_NAME_MAX: u32 = 255;

/// Groups that an `AUTH_SYS` credential may list (RFC 5531 appendix A).
pub const GROUPS_MAX: u32 = 16;

/// The number of a way to authenticate (RFC 5531 §8.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AuthFlavor(pub u32);

impl AuthFlavor {
    /// `AUTH_NONE`: the caller does not say who it is (RFC 5531 §10.1).
    pub const NONE: Self = Self(0);
    /// `AUTH_SYS`: the caller claims a user and groups (RFC 5531 appendix A).
    pub const SYS: Self = Self(1);
    /// `AUTH_SHORT`: a shorthand that the server gave out for a credential (RFC 5531 appendix A).
    pub const SHORT: Self = Self(2);
    /// `AUTH_DH`: Diffie-Hellman (RFC 2695), broken and historic.
    pub const DH: Self = Self(3);
    /// `RPCSEC_GSS` (RFC 2203, RFC 7861).
    pub const RPCSEC_GSS: Self = Self(6);
    /// `AUTH_TLS`: asks whether the server speaks TLS (RFC 9289 §4.1).
    pub const TLS: Self = Self(7);
}

impl fmt::Display for AuthFlavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => f.write_str("AUTH_NONE"),
            Self::SYS => f.write_str("AUTH_SYS"),
            Self::SHORT => f.write_str("AUTH_SHORT"),
            Self::DH => f.write_str("AUTH_DH"),
            Self::RPCSEC_GSS => f.write_str("RPCSEC_GSS"),
            Self::TLS => f.write_str("AUTH_TLS"),
            Self(number) => write!(f, "auth flavor {number}"),
        }
    }
}

impl fmt::Debug for AuthFlavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A credential or verifier as it stands in a header: a flavor and up to 400 bytes that only the
/// flavor understands (RFC 5531 §8.2).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct OpaqueAuth {
    /// The flavor.
    pub flavor: AuthFlavor,
    /// What the flavor says.
    pub body: Bytes,
}

impl OpaqueAuth {
    /// `AUTH_NONE`, whose body is empty.
    pub const NONE: Self = Self {
        flavor: AuthFlavor::NONE,
        body: Bytes::new(),
    };
}

impl fmt::Debug for OpaqueAuth {
    /// Shows how long the body is, and not what it holds: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueAuth")
            .field("flavor", &self.flavor)
            .field("body_len", &self.body.len())
            .finish()
    }
}

impl Encode for OpaqueAuth {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        if self.body.is_empty() {
            encoder.run::<8>(|run| {
                run.put(&self.flavor.0);
                run.put(&0_u32);
            });
            return Ok(());
        }
        self.encode_with_body(encoder)
    }
}

impl OpaqueAuth {
    fn encode_with_body(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.encode(&self.flavor.0)?;
        encoder.field_with("opaque_auth", "body", |encoder| {
            encoder.opaque(&self.body, AUTH_BODY_MAX)
        })
    }
}

impl Decode for OpaqueAuth {
    const MIN_SIZE: usize = 8;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        let mut run = decoder.run::<8>()?;
        let flavor = AuthFlavor(run.get()?);
        let body = match run.get()? {
            0 => Bytes::new(),
            len => decoder.field_with("opaque_auth", "body", |decoder| {
                decoder.opaque_of_len(len, AUTH_BODY_MAX)
            })?,
        };
        Ok(Self { flavor, body })
    }
}

/// The body of an `AUTH_SYS` credential: who the caller says it is (RFC 5531 appendix A).
///
/// A claim that nothing proves: any peer can write any number here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct AuthSys {
    /// An arbitrary number that the caller's machine chose.
    pub stamp: u32,
    /// The name of the caller's machine, at most 255 bytes.
    pub machine_name: ByteString,
    /// The user.
    pub uid: u32,
    /// The user's first group.
    pub gid: u32,
    /// The user's other groups, at most 16.
    pub gids: Vec<u32>,
}

impl Encode for AuthSys {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), Error> {
        encoder.encode(&self.stamp)?;
        encoder.field_with("authsys_parms", "machinename", |encoder| {
            encoder.string(&self.machine_name, MACHINE_NAME_MAX)
        })?;
        encoder.encode(&self.uid)?;
        encoder.encode(&self.gid)?;
        encoder.field_with("authsys_parms", "gids", |encoder| {
            encoder.array(&self.gids, GROUPS_MAX)
        })
    }
}

impl Decode for AuthSys {
    const MIN_SIZE: usize = 20;

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Error> {
        Ok(Self {
            stamp: decoder.field("authsys_parms", "stamp")?,
            machine_name: decoder.field_with("authsys_parms", "machinename", |decoder| {
                decoder.string(MACHINE_NAME_MAX)
            })?,
            uid: decoder.field("authsys_parms", "uid")?,
            gid: decoder.field("authsys_parms", "gid")?,
            gids: decoder
                .field_with("authsys_parms", "gids", |decoder| decoder.array(GROUPS_MAX))?,
        })
    }
}

/// Who a caller says it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Credential {
    /// `AUTH_NONE`: it does not say.
    #[default]
    None,
    /// `AUTH_SYS`: a user of a machine, a claim without proof.
    Sys(AuthSys),
    /// A flavor that this crate does not interpret.
    Other(OpaqueAuth),
}

impl Credential {
    /// The credential of a call's header, checked as a server has to.
    ///
    /// The body of `AUTH_NONE` is not looked at: it is undefined (RFC 5531 §10.1).
    ///
    /// # Errors
    ///
    /// `AUTH_BADCRED` for an `AUTH_SYS` body that breaks a bound, is cut short or has bytes left, and
    /// for `AUTH_TLS`, which is no credential ([`starttls`](crate::starttls));
    /// `AUTH_REJECTEDCRED` for every other flavor, `AUTH_SHORT` among them, since this server gives
    /// out no shorthands and the caller must go back to its full credential.
    pub fn from_call(credential: &OpaqueAuth) -> Result<Self, AuthStat> {
        match credential.flavor {
            AuthFlavor::NONE => Ok(Self::None),
            AuthFlavor::SYS => {
                let mut decoder = Decoder::from_slice(&credential.body);
                let claim = decoder.decode().map_err(|_| AuthStat::BadCred)?;
                decoder.finish().map_err(|_| AuthStat::BadCred)?;
                Ok(Self::Sys(claim))
            }
            AuthFlavor::TLS => Err(AuthStat::BadCred),
            _ => Err(AuthStat::RejectedCred),
        }
    }

    /// The credential as it stands in the header of a call.
    ///
    /// # Errors
    ///
    /// An `AUTH_SYS` credential with a machine name above 255 bytes or more than 16 groups.
    pub fn to_opaque(&self) -> Result<OpaqueAuth, Error> {
        match self {
            Self::None => Ok(OpaqueAuth::NONE),
            Self::Sys(claim) => {
                let mut encoder = Encoder::new();
                encoder.encode(claim)?;
                Ok(OpaqueAuth {
                    flavor: AuthFlavor::SYS,
                    body: encoder.finish(),
                })
            }
            Self::Other(opaque) => Ok(opaque.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sys_body(name_len: u32, gid_count: u32) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend_from_slice(&7_u32.to_be_bytes());
        body.extend_from_slice(&name_len.to_be_bytes());
        let padded = usize::try_from(name_len.next_multiple_of(4)).unwrap();
        let name = usize::try_from(name_len).unwrap();
        body.extend((0..padded).map(|at| if at < name { b'h' } else { 0 }));
        body.extend_from_slice(&[0, 0, 3, 232, 0, 0, 0, 100]);
        body.extend_from_slice(&gid_count.to_be_bytes());
        for gid in 0..gid_count {
            body.extend_from_slice(&gid.to_be_bytes());
        }
        body
    }

    fn from_sys(body: Vec<u8>) -> Result<Credential, AuthStat> {
        Credential::from_call(&OpaqueAuth {
            flavor: AuthFlavor::SYS,
            body: body.into(),
        })
    }

    #[test]
    fn sys_within_its_limits() {
        let Ok(Credential::Sys(claim)) = from_sys(sys_body(255, 16)) else {
            panic!("255 bytes and 16 groups are allowed");
        };
        assert_eq!((claim.stamp, claim.uid, claim.gid), (7, 1000, 100));
        assert_eq!(claim.machine_name.len(), 255);
        assert_eq!(claim.gids.len(), 16);
        let again = Credential::Sys(claim).to_opaque().unwrap();
        assert_eq!(&again.body[..], &sys_body(255, 16)[..]);
    }

    #[test]
    fn sys_beyond_its_limits_is_a_bad_credential() {
        assert_eq!(from_sys(sys_body(256, 0)), Err(AuthStat::BadCred));
        assert_eq!(from_sys(sys_body(0, 17)), Err(AuthStat::BadCred));
    }

    #[test]
    fn sys_body_is_consumed_exactly() {
        let whole = sys_body(5, 2);
        assert!(from_sys(whole.clone()).is_ok());
        for len in 0..whole.len() {
            assert_eq!(from_sys(whole[..len].to_vec()), Err(AuthStat::BadCred));
        }
        let mut longer = whole;
        longer.extend_from_slice(&[0; 4]);
        assert_eq!(from_sys(longer), Err(AuthStat::BadCred));
    }

    #[test]
    fn other_flavors_are_rejected() {
        let stat = |flavor| {
            Credential::from_call(&OpaqueAuth {
                flavor: AuthFlavor(flavor),
                body: Bytes::new(),
            })
        };
        for flavor in [2, 3, 6, 390_004] {
            assert_eq!(stat(flavor), Err(AuthStat::RejectedCred));
        }
        assert_eq!(stat(7), Err(AuthStat::BadCred), "RFC 9289 §4.1");
    }

    #[test]
    fn none_with_a_body_is_none() {
        let credential = OpaqueAuth {
            flavor: AuthFlavor::NONE,
            body: Bytes::from_static(b"left"),
        };
        assert_eq!(Credential::from_call(&credential), Ok(Credential::None));
    }

    #[test]
    fn body_of_400_bytes_and_no_more() {
        let auth = |len| OpaqueAuth {
            flavor: AuthFlavor(9),
            body: vec![1; len].into(),
        };
        let mut encoder = Encoder::new();
        encoder.encode(&auth(400)).unwrap();
        let wire = encoder.finish();
        assert_eq!(Decoder::new(&wire).decode(), Ok(auth(400)));
        assert!(Encoder::new().encode(&auth(401)).is_err());
    }
}
