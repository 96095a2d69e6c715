//! The head of a request, or of an answer, while it comes: bytes up to the first empty line, no more than are allowed.
//!
//! It is parsed once, when it is whole: looking at each byte once is all that a peer can make us do that sends them one by one.

use bytes::{Buf, Bytes};

use super::HandshakeError;

/// A head that comes.
#[derive(Debug)]
pub(super) struct Head {
    bytes: Vec<u8>,
    max: usize,
}

impl Head {
    pub(super) fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), max }
    }

    /// Whether nothing of it has come.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes what belongs to it off `input`. The head, once it is whole.
    pub(super) fn take(&mut self, input: &mut Bytes) -> Result<Option<Vec<u8>>, HandshakeError> {
        if self.bytes.is_empty() {
            // Empty lines before a request are let pass. (RFC 9112, section 2.2.)
            let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            input.advance(blank);
            // What begins otherwise is another protocol, TLS mostly: it needs not be waited for.
            if input.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
                return Err(HandshakeError::BadHead("it does not begin as HTTP does"));
            }
        }
        let before = self.bytes.len();
        let most = (self.max - before).min(input.len());
        self.bytes.extend_from_slice(&input[..most]);
        match empty_line(&self.bytes, before) {
            Some(end) => {
                input.advance(end - before);
                self.bytes.truncate(end);
                Ok(Some(std::mem::take(&mut self.bytes)))
            }
            None if self.bytes.len() == self.max => {
                Err(HandshakeError::HeadTooLarge { max: self.max })
            }
            None => {
                input.advance(most);
                Ok(None)
            }
        }
    }
}

/// Where the first empty line ends, if that is behind `from`.
fn empty_line(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = memchr::memchr(b'\n', &bytes[at..]) {
        at += found + 1;
        let line = &bytes[..at - 1];
        if line.ends_with(b"\n") || line.ends_with(b"\n\r") {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    //! Heads, however they are cut.

    use super::*;

    #[test]
    fn a_head_ends_with_its_empty_line_and_leaves_the_rest() {
        for (head, rest) in [("GET / HTTP/1.1\r\na: b\r\n\r\n", "\x01\x02"), ("A\n\n", "\n\nB")] {
            let all = format!("\r\n{head}{rest}");
            for cut in 0..=all.len() {
                let (mut taken, mut whole, mut left) = (Head::new(100), None, Vec::new());
                for half in [&all[..cut], &all[cut..]] {
                    let mut half = Bytes::copy_from_slice(half.as_bytes());
                    if whole.is_none() {
                        whole = taken.take(&mut half).expect("it is short");
                    }
                    left.extend_from_slice(&half);
                }
                assert_eq!(whole.as_deref(), Some(head.as_bytes()), "cut at {cut}");
                assert_eq!(left, rest.as_bytes(), "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_head_may_be_as_long_as_allowed_and_no_longer() {
        let head = "GET\r\n\r\n";
        let take = |max| Head::new(max).take(&mut Bytes::from_static(head.as_bytes()));
        assert_eq!(take(head.len()).ok().flatten().as_deref(), Some(head.as_bytes()));
        let max = head.len() - 1;
        let error = take(max).expect_err("it is longer");
        assert!(matches!(error, HandshakeError::HeadTooLarge { max: at } if at == max), "{error}");
    }

    #[test]
    fn what_is_no_http_is_refused_by_its_first_byte() {
        assert!(Head::new(100).take(&mut Bytes::from_static(b"\x16")).is_err());
    }
}
