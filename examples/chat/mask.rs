//! Masks with `*` and `?`, as bans, WHO and LIST take them.
//!
//! Nothing here knows what a mask is held against.

#[cfg(test)]
mod tests;

/// Whether `mask` stands for all of `text`: `*` for any characters, `?` for one; ASCII case does not count.
///
/// It looks at each pair of characters once at most, however many stars there are.
pub fn matches(mask: &str, text: &str) -> bool {
    let (mask, text) = (mask.as_bytes(), text.as_bytes());
    let (mut at, mut m) = (0, 0);
    // Where the last star stands, and where in the text what follows it was tried last.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match mask.get(m) {
            Some(b'*') => {
                star = Some((m, at));
                m += 1;
            }
            Some(b'?') => {
                // One character, not one byte.
                at += 1;
                while text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    at += 1;
                }
                m += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[at]) => {
                at += 1;
                m += 1;
            }
            _ => {
                let Some((stands, tried)) = star else { return false };
                star = Some((stands, tried + 1));
                (m, at) = (stands + 1, tried + 1);
            }
        }
    }
    mask[m..].iter().all(|byte| *byte == b'*')
}

/// A mask of a person with all three of its parts: `nick` means `nick!*@*`, and `user@host` means `*!user@host`.
pub fn complete(mask: &str) -> String {
    let or_any = |part: &str| if part.is_empty() { "*".to_owned() } else { part.to_owned() };
    let (nick, rest) = match (mask.split_once('!'), mask.contains('@')) {
        (Some((nick, rest)), _) => (nick, rest),
        (None, true) => ("", mask),
        (None, false) => (mask, ""),
    };
    let (user, host) = rest.split_once('@').unwrap_or((rest, ""));
    format!("{}!{}@{}", or_any(nick), or_any(user), or_any(host))
}
