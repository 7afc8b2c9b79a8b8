use xdr::{Decoder, Limits, Tolerance};

/// What arguments or results may be like, beyond what their types say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Decoding {
    pub(crate) limits: Limits,
    pub(crate) tolerance: Tolerance,
}

impl Decoding {
    /// The decoder, from where it is on: headers are always read strictly.
    pub(crate) fn applied<'a>(&self, decoder: Decoder<'a>) -> Decoder<'a> {
        decoder
            .with_limits(self.limits)
            .with_tolerance(self.tolerance)
    }
}
