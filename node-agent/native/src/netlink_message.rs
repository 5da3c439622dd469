//! Netlink messages: a header, then attributes of a length, a type and a value, some of which hold attributes again. What the kernel
//! says is read as if anybody had said it: nothing beyond a message's own octets is looked at.

const HEADER_BYTES: usize = 16;
const ATTRIBUTE_BYTES: usize = 4;
/// Of an attribute's type; the rest are flags.
const TYPE_MASK: u16 = 0x3fff;
const NESTED: u16 = 0x8000;
pub const REQUEST: u16 = 0x01;
/// NLMSG_ERROR, also an acknowledgement.
const ERROR: u16 = 2;

const fn padded(length: usize) -> usize {
    (length + 3) & !3
}

/// A message in the making.
pub struct Builder(Vec<u8>);

impl Builder {
    /// `body`: what stands between the header and the attributes, a multiple of 4 octets.
    pub fn new(kind: u16, sequence: u32, body: &[u8]) -> Self {
        let mut octets = vec![0; 4];
        octets.extend(kind.to_ne_bytes());
        octets.extend(REQUEST.to_ne_bytes());
        octets.extend(sequence.to_ne_bytes());
        octets.extend([0; 4]);
        octets.extend(body);
        Self(octets)
    }

    pub fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.0.extend(((ATTRIBUTE_BYTES + value.len()) as u16).to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(padded(self.0.len()), 0);
        self
    }

    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.0.len();
        self.attribute(kind | NESTED, &[]);
        fill(self);
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }

    pub fn finish(mut self) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0
    }
}

#[derive(Debug, PartialEq)]
pub enum Message<'a> {
    /// An errno; 0 acknowledges.
    Error(i32),
    Data {
        kind: u16,
        body: &'a [u8],
    },
}

/// The messages of one datagram that answer `sequence`. What is cut or malformed ends it.
pub fn messages(datagram: &[u8], sequence: u32) -> impl Iterator<Item = Message<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || loop {
        let length = word(rest, 0)? as usize;
        let body = rest.get(HEADER_BYTES..length)?;
        let (kind, answers) = (half(rest, 4)?, word(rest, 8)?);
        rest = rest.get(padded(length)..).unwrap_or(&[]);
        if answers == sequence {
            return Some(match kind {
                ERROR => Message::Error(word(body, 0)?.cast_signed().wrapping_neg()),
                _ => Message::Data { kind, body },
            });
        }
    })
}

/// Types and values of attributes. What is cut or malformed ends them.
pub fn attributes(octets: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let length = usize::from(half(rest, 0)?);
        let value = rest.get(ATTRIBUTE_BYTES..length)?;
        let kind = half(rest, 2)? & TYPE_MASK;
        rest = rest.get(padded(length)..).unwrap_or(&[]);
        Some((kind, value))
    })
}

pub fn half(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

pub fn word(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_read_again() {
        let mut builder = Builder::new(30, 7, &[1, 2, 3, 4]);
        builder.attribute(1, b"odd").nest(5, |inner| {
            inner.attribute(2, &9u32.to_ne_bytes());
        });
        let octets = builder.finish();
        let all: Vec<_> = messages(&octets, 7).collect();
        let [Message::Data { kind: 30, body }] = all[..] else { panic!("{all:?}") };
        let found: Vec<_> = attributes(&body[4..]).collect();
        assert_eq!(found[0], (1, &b"odd"[..]));
        assert_eq!(attributes(found[1].1).next(), Some((2, &9u32.to_ne_bytes()[..])));
        assert_eq!(messages(&octets, 8).count(), 0);
    }

    #[test]
    fn lengths_that_cannot_be_end_the_reading() {
        for length in [0u16, 1, 3, 5, 9, u16::MAX] {
            let mut octets = length.to_ne_bytes().to_vec();
            octets.extend([1, 0]);
            assert_eq!(attributes(&octets).count(), 0);
        }
        for length in [0u32, 15, 17, u32::MAX] {
            let mut octets = length.to_ne_bytes().to_vec();
            octets.resize(16, 0);
            assert_eq!(messages(&octets, 0).count(), 0);
        }
    }
}
