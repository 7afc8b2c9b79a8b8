use fastrand::Rng;

/// A way to corrupt a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Corruption {
    /// Two to eight single bits, anywhere.
    Flips,
    /// Up to 64 bits in a row, the first and the last of which are wrong.
    Burst,
    /// Two words of 16 bits change places.
    Swap,
}

impl Corruption {
    pub(crate) const ALL: [Self; 3] = [Self::Flips, Self::Burst, Self::Swap];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flips => "flipped bits",
            Self::Burst => "bursts",
            Self::Swap => "swapped words",
        }
    }

    /// Corrupts a message of at least 16 bytes.
    pub(crate) fn apply(self, message: &mut [u8], random: &mut Rng) {
        let bits = 8 * message.len();
        match self {
            Self::Flips => {
                for _ in 0..random.usize(2..=8) {
                    flip(message, random.usize(..bits));
                }
            }
            Self::Burst => {
                let len = random.usize(2..=64);
                let start = random.usize(..=bits - len);
                flip(message, start);
                flip(message, start + len - 1);
                for bit in start + 1..start + len - 1 {
                    if random.bool() {
                        flip(message, bit);
                    }
                }
            }
            Self::Swap => {
                let words = message.len() / 2;
                let (first, second) = (random.usize(..words), random.usize(..words));
                message.swap(2 * first, 2 * second);
                message.swap(2 * first + 1, 2 * second + 1);
            }
        }
    }
}

fn flip(message: &mut [u8], bit: usize) {
    if let Some(byte) = message.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}
