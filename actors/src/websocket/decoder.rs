//! The decoder: bytes of a peer made into messages and controls.
//!
//! Called by a [`Host`](super::host) with what comes over its connection, and by users with transports of their own. It does no
//! I/O, keeps no time, and answers nothing.

use std::mem;

use bytes::{Buf, Bytes};

use super::frame::{CONTROL_MAX, HEAD_MAX, Opcode};
use super::mask::Mask;
use super::text::{Text, wastes};
use super::{Close, Message, Options, ProtocolError};

/// What is unmasked at once, when what comes is copied anyway.
const SCRATCH: usize = 4 * 1024;

/// Makes messages and controls of the bytes that a peer sends. (RFC 6455, section 5.)
///
/// [`Socket`](super::Socket) has one; it is public for whoever has another way to move bytes.
///
/// - Fragments are put together, and controls that come between them are given out as they come.
/// - Text is checked as it comes: what is no UTF-8 fails with the byte that shows it, wherever frames and blocks are cut.
/// - So is everything else: a frame that is not allowed fails as soon as its head says so, before its payload comes.
/// - It holds at most one message of [`message_max`](Options::message_max) and one control of 125 bytes. A length alone makes it
///   hold nothing.
/// - After a Close or an error it gives out nothing more, and takes what comes without looking at it.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use roundsman::websocket::{Decoder, Event, Message, Options};
///
/// // What a server sends has no mask: a ping between the two frames of a text.
/// let mut bytes = Bytes::from_static(b"\x01\x03Hel\x89\x00\x80\x02lo");
/// let mut decoder = Decoder::of_client(&Options::new());
/// assert_eq!(decoder.decode(&mut bytes)?, Some(Event::Ping(Bytes::new())));
/// assert_eq!(decoder.decode(&mut bytes)?, Some(Event::Message(Message::from("Hello"))));
/// assert_eq!(decoder.decode(&mut bytes)?, None);
/// # Ok::<(), roundsman::websocket::ProtocolError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// Whether what comes has a mask.
    masked: bool,
    frame_max: u64,
    message_max: usize,
    state: State,
    /// The message of which something has come.
    message: Option<Partial>,
    /// The payload of a control that comes.
    control: Vec<u8>,
}

/// What has come from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A message, whole.
    Message(Message),
    /// It wants to have this sent back in a pong.
    Ping(Bytes),
    /// It answers a ping, or says that it is there.
    Pong(Bytes),
    /// It sends nothing more.
    Close(Close),
}

#[derive(Debug)]
enum State {
    /// Within a head, of which so much has come.
    Head([u8; HEAD_MAX], usize),
    Payload(Frame),
    /// A Close has come, or an error.
    Over,
}

const BEGIN: State = State::Head([0; HEAD_MAX], 0);

/// A frame whose payload comes.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    is_last: bool,
    /// Bytes of it that have not come.
    left: u64,
    mask: Option<Mask>,
}

/// A message of which more comes.
#[derive(Debug)]
enum Partial {
    Text(Text),
    Binary(Vec<u8>),
}

impl Decoder {
    /// Reads what clients send: every frame has a mask.
    #[must_use]
    pub fn of_server(options: &Options) -> Self {
        Self::new(true, options)
    }

    /// Reads what servers send: no frame has a mask.
    #[must_use]
    pub fn of_client(options: &Options) -> Self {
        Self::new(false, options)
    }

    fn new(masked: bool, options: &Options) -> Self {
        let Options { frame_max, message_max, .. } = *options;
        let (message, control) = (None, Vec::new());
        Self { masked, frame_max, message_max, state: BEGIN, message, control }
    }

    /// Takes bytes off the beginning of `input` until they make an event, or there are none left.
    ///
    /// # Errors
    /// The peer breaks the protocol, or a limit. It is said once.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Option<Event>, ProtocolError> {
        let decoded = self.step(input);
        if matches!(decoded, Err(_) | Ok(Some(Event::Close(_)))) {
            self.state = State::Over;
            self.message = None;
        }
        decoded
    }

    fn step(&mut self, input: &mut Bytes) -> Result<Option<Event>, ProtocolError> {
        loop {
            match &mut self.state {
                State::Head(..) => {
                    let Some(frame) = self.take_head(input)? else { return Ok(None) };
                    self.begin(&frame)?;
                    self.state = State::Payload(frame);
                }
                State::Payload(Frame { left: 0, opcode, is_last, .. }) => {
                    let (opcode, is_last) = (*opcode, *is_last);
                    self.state = BEGIN;
                    if let Some(event) = self.end(opcode, is_last)? {
                        return Ok(Some(event));
                    }
                }
                State::Payload(_) if input.is_empty() => return Ok(None),
                State::Payload(frame) => {
                    let most = usize::try_from(frame.left).unwrap_or(usize::MAX).min(input.len());
                    let piece = input.split_to(most);
                    frame.left -= piece.len() as u64;
                    if frame.opcode.is_control() {
                        append(&mut self.control, &piece, &mut frame.mask);
                    } else if let Some(message) = &mut self.message {
                        message.push(&piece, &mut frame.mask)?;
                    }
                }
                State::Over => {
                    input.clear();
                    return Ok(None);
                }
            }
        }
    }

    /// Takes a head. Each byte is looked at as it comes.
    fn take_head(&mut self, input: &mut Bytes) -> Result<Option<Frame>, ProtocolError> {
        while !input.is_empty() {
            let State::Head(head, have) = &mut self.state else { return Ok(None) };
            head[*have] = input.get_u8();
            *have += 1;
            let (head, have) = (*head, *have);
            if have == 1 {
                self.check_first(head[0])?;
            } else if have == 2 {
                self.check_second(head[0], head[1])?;
            }
            let width = match head[1] & 0x7f {
                126 => 2,
                127 => 8,
                _ => 0,
            };
            let key = if self.masked { 4 } else { 0 };
            if have >= 2 && have == 2 + width {
                // Said before the mask comes.
                self.check_length(length(&head, width)?)?;
            }
            if have >= 2 && have == 2 + width + key {
                let opcode = Opcode::parse(head[0] & 0x0f)?;
                let left = length(&head, width)?;
                let key: Option<[u8; 4]> = head[2 + width..have].try_into().ok();
                let (is_last, mask) = (head[0] & 0x80 != 0, key.map(Mask::new));
                return Ok(Some(Frame { opcode, is_last, left, mask }));
            }
        }
        Ok(None)
    }

    fn check_first(&self, byte: u8) -> Result<(), ProtocolError> {
        if byte & 0x70 != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        let (opcode, is_last) = (Opcode::parse(byte & 0x0f)?, byte & 0x80 != 0);
        match (opcode, &self.message) {
            (Opcode::Continuation, None) => Err(ProtocolError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => Err(ProtocolError::MessageWithin),
            _ if opcode.is_control() && !is_last => Err(ProtocolError::FragmentedControl),
            _ => Ok(()),
        }
    }

    fn check_second(&self, first: u8, byte: u8) -> Result<(), ProtocolError> {
        match (self.masked, byte & 0x80 != 0) {
            (true, false) => return Err(ProtocolError::NotMasked),
            (false, true) => return Err(ProtocolError::Masked),
            _ => {}
        }
        let is_control = Opcode::parse(first & 0x0f)?.is_control();
        if is_control && usize::from(byte & 0x7f) > CONTROL_MAX {
            return Err(ProtocolError::LongControl);
        }
        Ok(())
    }

    fn check_length(&self, len: u64) -> Result<(), ProtocolError> {
        if len > self.frame_max {
            return Err(ProtocolError::FrameTooLarge { len, max: self.frame_max });
        }
        Ok(())
    }

    /// A frame begins.
    fn begin(&mut self, frame: &Frame) -> Result<(), ProtocolError> {
        match frame.opcode {
            Opcode::Text => self.message = Some(Partial::Text(Text::default())),
            Opcode::Binary => self.message = Some(Partial::Binary(Vec::new())),
            Opcode::Continuation => {}
            Opcode::Close | Opcode::Ping | Opcode::Pong => return Ok(()),
        }
        let before = self.message.as_ref().map_or(0, Partial::len) as u64;
        let max = self.message_max;
        if before.saturating_add(frame.left) > max as u64 {
            return Err(ProtocolError::MessageTooLarge { max });
        }
        Ok(())
    }

    /// A frame has ended.
    fn end(&mut self, opcode: Opcode, is_last: bool) -> Result<Option<Event>, ProtocolError> {
        if opcode.is_control() {
            let payload = mem::take(&mut self.control);
            return Ok(Some(match opcode {
                Opcode::Close => Event::Close(Close::parse(&payload)?),
                Opcode::Ping => Event::Ping(payload.into()),
                _ => Event::Pong(payload.into()),
            }));
        }
        if !is_last {
            return Ok(None);
        }
        let Some(message) = self.message.take() else { return Ok(None) };
        message.finish().map(|message| Some(Event::Message(message)))
    }
}

impl Partial {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, piece: &[u8], mask: &mut Option<Mask>) -> Result<(), ProtocolError> {
        match (self, mask) {
            (Self::Binary(bytes), mask) => append(bytes, piece, mask),
            (Self::Text(text), None) => text.push(piece)?,
            (Self::Text(text), Some(mask)) => {
                let mut scratch = [0; SCRATCH];
                for part in piece.chunks(SCRATCH) {
                    let plain = &mut scratch[..part.len()];
                    plain.copy_from_slice(part);
                    mask.apply(plain);
                    text.push(plain)?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Message, ProtocolError> {
        Ok(match self {
            Self::Text(text) => Message::Text(text.finish()?),
            Self::Binary(mut bytes) => {
                if wastes(bytes.capacity(), bytes.len()) {
                    bytes.shrink_to_fit();
                }
                Message::Binary(bytes.into())
            }
        })
    }
}

/// Appends a piece of a payload, without its mask.
fn append(to: &mut Vec<u8>, piece: &[u8], mask: &mut Option<Mask>) {
    let begin = to.len();
    to.extend_from_slice(piece);
    if let Some(mask) = mask {
        mask.apply(&mut to[begin..]);
    }
}

/// The length in a head, in so many bytes behind the first two.
fn length(head: &[u8; HEAD_MAX], width: usize) -> Result<u64, ProtocolError> {
    let short = u64::from(head[1] & 0x7f);
    let (len, least) = match width {
        0 => (short, 0),
        _ => {
            let len = head[2..2 + width].iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
            (len, if width == 2 { 126 } else { 1 << 16 })
        }
    };
    if len < least || len >> 63 != 0 {
        return Err(ProtocolError::BadLength);
    }
    Ok(len)
}
