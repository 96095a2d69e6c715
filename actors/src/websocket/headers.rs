//! Headers: the fields of a request, or of an answer, as they came.

use bytes::Bytes;

/// How many a head may have.
pub(super) const HEADERS_MAX: usize = 100;

/// The headers of a request, in the order in which they came. Names are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Bytes)>);

impl Headers {
    pub(super) fn of(parsed: &[httparse::Header<'_>]) -> Self {
        let field = |header: &httparse::Header<'_>| {
            (header.name.to_owned(), Bytes::copy_from_slice(header.value))
        };
        Self(parsed.iter().map(field).collect())
    }

    /// The value of the first one with this name, if it is text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all with this name that are text.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.named(name).filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// All of them: names as they came, values as bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many have this name, text or not.
    pub(super) fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// What the lists in all with this name have in them. (RFC 9110, section 5.6.1.)
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let items = self.all(name).flat_map(|value| value.split(','));
        items.map(|item| item.trim_matches([' ', '\t'])).filter(|item| !item.is_empty())
    }

    /// Whether one of those lists has `word`.
    pub(super) fn has(&self, name: &str, word: &str) -> bool {
        self.list(name).any(|item| item.eq_ignore_ascii_case(word))
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Bytes> {
        let fields = self.0.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value)
    }
}

/// Whether it can be the name of a header, or a method, or a subprotocol: a token. (RFC 9110, section 5.6.2.)
pub(super) fn is_token(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_part)
}

/// A value as it may be sent: what would end its line, or is no text, is a space.
pub(super) fn clean(value: &str) -> String {
    value.trim().replace(|c: char| c.is_ascii_control() && c != '\t', " ")
}
