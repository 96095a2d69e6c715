//! Frames: what their heads look like. Read by the [`decoder`](super::decoder), written by [`outgoing`](super::outgoing).
//! (RFC 6455, section 5.2.)

use super::ProtocolError;

/// The longest head: two bytes, eight of the length, four of the mask.
pub(super) const HEAD_MAX: usize = 14;
/// The longest payload of a control frame.
pub(super) const CONTROL_MAX: usize = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn parse(number: u8) -> Result<Self, ProtocolError> {
        Ok(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return Err(ProtocolError::ReservedOpcode(number)),
        })
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Appends the head of a frame that is a message, or a control, of its own.
pub(super) fn write_head(opcode: Opcode, len: usize, key: Option<[u8; 4]>, into: &mut Vec<u8>) {
    let masked = if key.is_some() { 0x80 } else { 0 };
    into.push(0x80 | opcode.number());
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short @ 0..=125), _) => into.push(masked | short),
        (_, Ok(medium)) => {
            into.push(masked | 126);
            into.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            into.push(masked | 127);
            into.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    into.extend(key.into_iter().flatten());
}
