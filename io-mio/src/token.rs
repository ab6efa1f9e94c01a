//! Tokens: what a ready socket is, packed into the integer that `epoll` hands back.
//!
//! 32 bits, so that it fits a `usize` everywhere: 16 of index, 8 of instance, 5 of generation, 3 of kind. Five bits of
//! generation are enough: they only guard flags, and every flag is checked by the call it allows ("would block").

use mio::Token;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A BGP connection.
    Conn { instance: u8, index: u16, generation: u8 },
    /// A closed connection whose last bytes are still under way.
    Linger { index: u16 },
    /// A BGP listener.
    Listener { index: u16 },
    /// The control socket.
    Control,
    /// A client of the control socket.
    Client { index: u16 },
    /// The pipe that signals write to.
    Signals,
    /// Another thread's call of `wake`.
    Waker,
    /// The kernel's routes.
    Kernel,
}

/// Bits of a connection's generation that its token carries.
const GENERATION_BITS: u32 = 5;

impl Key {
    /// The key of a connection; `generation` is cut to what a token carries.
    pub(crate) fn conn(instance: u8, index: u16, generation: u32) -> Self {
        Self::Conn { instance, index, generation: (generation & ((1 << GENERATION_BITS) - 1)) as u8 }
    }

    /// The key as a token.
    pub(crate) fn token(self) -> Token {
        let (kind, generation, instance, index) = match self {
            Self::Conn { instance, index, generation } => (0, generation, instance, index),
            Self::Linger { index } => (1, 0, 0, index),
            Self::Listener { index } => (2, 0, 0, index),
            Self::Control => (3, 0, 0, 0),
            Self::Client { index } => (4, 0, 0, index),
            Self::Signals => (5, 0, 0, 0),
            Self::Waker => (6, 0, 0, 0),
            Self::Kernel => (7, 0, 0, 0),
        };
        let packed =
            (kind << 29) | (u32::from(generation) << 24) | (u32::from(instance) << 16) | u32::from(index);
        Token(packed as usize)
    }

    /// The key that made `token`.
    pub(crate) fn of(token: Token) -> Option<Self> {
        let packed = u32::try_from(token.0).ok()?;
        let index = (packed & 0xffff) as u16;
        match packed >> 29 {
            0 => Some(Self::Conn {
                instance: (packed >> 16) as u8,
                index,
                generation: (packed >> 24) as u8 & 0x1f,
            }),
            1 => Some(Self::Linger { index }),
            2 => Some(Self::Listener { index }),
            3 => Some(Self::Control),
            4 => Some(Self::Client { index }),
            5 => Some(Self::Signals),
            6 => Some(Self::Waker),
            _ => Some(Self::Kernel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_trip_through_the_kernel() {
        for key in [
            Key::conn(255, 65535, 31),
            Key::conn(0, 0, 0),
            Key::Linger { index: 65535 },
            Key::Listener { index: 7 },
            Key::Control,
            Key::Client { index: 15 },
            Key::Signals,
            Key::Waker,
            Key::Kernel,
        ] {
            assert_eq!(Key::of(key.token()), Some(key));
        }
    }

    #[test]
    fn generations_wrap() {
        assert_eq!(Key::conn(1, 2, 33), Key::conn(1, 2, 1));
        assert_ne!(Key::conn(1, 2, 2), Key::conn(1, 2, 1));
    }

    #[test]
    fn what_is_no_token_of_ours_is_no_key() {
        assert_eq!(Key::of(Token(1 << 40)), None);
    }
}
