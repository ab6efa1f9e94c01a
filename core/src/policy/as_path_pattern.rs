//! Patterns over the AS numbers of an AS_PATH: their language, and fitting them to a path.

use core::fmt;
use core::iter::Peekable;
use core::str::SplitWhitespace;

use nom::branch::alt;
use nom::character::complete::{char, u32 as number};
use nom::combinator::{all_consuming, opt, value};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use crate::attrs::edit::Prepend;
use crate::wire::as_path::Kind;

/// Most tokens in a pattern.
pub(super) const MAX_TOKENS: usize = 255;

/// Bytes of a compiled token: 0 for `*`, else 1 and the range's ends.
pub(super) const TOKEN_BYTES: usize = 9;

/// The language of AS_PATH patterns.
///
/// A pattern is a list of tokens with spaces between them, and fits the *whole* path, the nearest AS first:
///
/// | token       | stands for                                                       |
/// |-------------|------------------------------------------------------------------|
/// | `65001`     | this AS                                                          |
/// | `64512-65534` | one AS of this range                                           |
/// | `.`         | any one AS                                                       |
/// | `*`         | any number of ASes, none as well                                 |
///
/// With two abbreviations: a number or a range *alone* means that such an AS is somewhere in the path, and the empty
/// pattern (or the word `empty`) means the path without an AS.
///
/// | pattern             | fits                                                       |
/// |---------------------|------------------------------------------------------------|
/// | `65001`             | paths that contain AS 65001                                |
/// | `64512-65534`       | paths that contain a private AS                            |
/// | `65001 *`           | paths whose first AS, the neighbor's, is 65001             |
/// | `* 65001`           | paths originated by AS 65001                               |
/// | `65001 65001`       | 65001, prepended once, and nothing behind it               |
/// | `65001 * 65010-65019` | received from 65001, originated by one of the ten        |
/// | `. .`               | paths of two ASes                                          |
/// | `empty`             | routes originated in this AS                               |
///
/// To mean exactly the path of the one AS 65001, use `65001` along with `as-path-length = 1`.
///
/// An AS_SET stands at its place as one element; a token fits it if it fits any of its members. Segments of
/// confederations (RFC 5065) are left out. Matching takes time proportional to tokens times path length at the very
/// worst: `*` keeps one place to return to and never more.
#[derive(Clone, Copy, Debug)]
pub struct AsPathPattern;

impl AsPathPattern {
    /// Whether `text` is a pattern.
    pub fn check(text: &str) -> Result<(), AsPathPatternError> {
        let mut count = 0;
        for token in tokens(text) {
            token?;
            count += 1;
        }
        if count > MAX_TOKENS { Err(AsPathPatternError::TooLong) } else { Ok(()) }
    }
}

/// Why a text is no AS_PATH pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsPathPatternError {
    /// A token is none; it begins at this byte of the text.
    Token {
        /// Offset in bytes.
        at: usize,
    },
    /// A range whose first number exceeds the last.
    EmptyRange {
        /// First number.
        first: u32,
        /// Last number.
        last: u32,
    },
    /// `empty` stands along with other tokens.
    EmptyNotAlone,
    /// There are more than 255 tokens.
    TooLong,
}

impl AsPathPatternError {
    /// The error as a constant text.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Token { .. } => {
                "an as-path pattern has AS numbers, ranges `N-M`, `.` for one AS and `*` for any, with spaces between"
            }
            Self::EmptyRange { .. } => {
                "a range in an as-path pattern goes from the lower number to the higher"
            }
            Self::EmptyNotAlone => "`empty` in an as-path pattern stands alone",
            Self::TooLong => "an as-path pattern has at most 255 tokens",
        }
    }
}

impl fmt::Display for AsPathPatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { at } => write!(f, "{}; not so at character {}", self.reason(), at + 1),
            Self::EmptyRange { first, last } => write!(f, "{}, not {first}-{last}", self.reason()),
            _ => f.write_str(self.reason()),
        }
    }
}

impl core::error::Error for AsPathPatternError {}

/// A token of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Any number of elements.
    Run,
    /// One element with an AS in this range.
    One { first: u32, last: u32 },
}

impl Token {
    const ANY: Self = Self::One { first: 0, last: u32::MAX };

    /// Its compiled form.
    pub(super) fn compiled(self) -> [u8; TOKEN_BYTES] {
        let mut bytes = [0; TOKEN_BYTES];
        if let Self::One { first, last } = self {
            let ends = (u64::from(first) << 32 | u64::from(last)).to_be_bytes();
            if let Some((kind, rest)) = bytes.split_first_mut() {
                *kind = 1;
                rest.copy_from_slice(&ends);
            }
        }
        bytes
    }

    fn from_compiled(bytes: &[u8; TOKEN_BYTES]) -> Self {
        match *bytes {
            [0, ..] => Self::Run,
            [_, a, b, c, d, e, f, g, h] => {
                Self::One { first: u32::from_be_bytes([a, b, c, d]), last: u32::from_be_bytes([e, f, g, h]) }
            }
        }
    }
}

/// The tokens of a pattern with abbreviations written out and never two runs in a row.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Result<Token, AsPathPatternError>> + Clone {
    let mut words = text.split_whitespace();
    let only = words.next().filter(|_| words.next().is_none());
    let contains = only.is_some_and(|word| matches!(token(word), Some(Token::One { .. })) && word != ".");
    let words = if only == Some("empty") { "" } else { text }.split_whitespace().peekable();
    Tokens { text, words, open: contains, close: contains }
}

#[derive(Clone)]
struct Tokens<'t> {
    text: &'t str,
    words: Peekable<SplitWhitespace<'t>>,
    /// A run is due before the words.
    open: bool,
    /// A run is due after the words.
    close: bool,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, AsPathPatternError>;

    fn next(&mut self) -> Option<Self::Item> {
        if core::mem::take(&mut self.open) {
            return Some(Ok(Token::Run));
        }
        let Some(word) = self.words.next() else {
            return core::mem::take(&mut self.close).then_some(Ok(Token::Run));
        };
        if word == "empty" {
            return Some(Err(AsPathPatternError::EmptyNotAlone));
        }
        Some(match token(word) {
            Some(Token::One { first, last }) if first > last => {
                Err(AsPathPatternError::EmptyRange { first, last })
            }
            Some(Token::Run) => {
                while self.words.next_if_eq(&"*").is_some() {}
                Ok(Token::Run)
            }
            Some(token) => Ok(token),
            None => {
                let at = (word.as_ptr().addr()).saturating_sub(self.text.as_ptr().addr());
                Err(AsPathPatternError::Token { at })
            }
        })
    }
}

fn token(word: &str) -> Option<Token> {
    let range = (number, opt(preceded(char('-'), number)))
        .map(|(first, last)| Token::One { first, last: last.unwrap_or(first) });
    let parsed: IResult<&str, _> =
        all_consuming(alt((value(Token::Run, char('*')), value(Token::ANY, char('.')), range))).parse(word);
    parsed.ok().map(|(_, token)| token)
}

/// Whether a compiled pattern fits a path.
pub(super) fn fits(pattern: &[[u8; TOKEN_BYTES]], path: Elements<'_>) -> bool {
    let (mut pattern, mut path) = (pattern, path);
    // Behind the last run: what must follow it, and where in the path that was tried last.
    let mut retry: Option<(&[[u8; TOKEN_BYTES]], Elements<'_>)> = None;
    loop {
        let mut ahead = path;
        match pattern.split_first().map(|(token, rest)| (Token::from_compiled(token), rest)) {
            Some((Token::Run, [])) => return true,
            Some((Token::Run, rest)) => {
                retry = Some((rest, path));
                pattern = rest;
                continue;
            }
            Some((Token::One { first, last }, rest)) => match ahead.next() {
                // However a run is stretched, it leaves less of the path, never more.
                None => return false,
                Some(element) if element.has(first, last) => {
                    (pattern, path) = (rest, ahead);
                    continue;
                }
                Some(_) => {}
            },
            None if ahead.next().is_none() => return true,
            None => {}
        }
        let Some((rest, from)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        (pattern, path) = (rest, *from);
    }
}

/// The elements of an AS_PATH, nearest first.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    prepend: Prepend,
    sequence: &'a [[u8; 4]],
    rest: &'a [u8],
}

/// One place in a path: an AS, or the members of an AS_SET.
#[derive(Clone, Copy)]
pub(super) enum Element<'a> {
    One(u32),
    Set(&'a [[u8; 4]]),
}

impl Element<'_> {
    fn has(&self, first: u32, last: u32) -> bool {
        match self {
            Self::One(asn) => (first..=last).contains(asn),
            Self::Set(members) => {
                members.iter().any(|asn| (first..=last).contains(&u32::from_be_bytes(*asn)))
            }
        }
    }
}

impl<'a> Elements<'a> {
    /// What is prepended, then the attribute's value.
    pub(super) fn new((prepend, value): (Prepend, &'a [u8])) -> Self {
        Self { prepend, sequence: &[], rest: value }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        const AS_SET: u8 = Kind::Set as u8;
        const AS_SEQUENCE: u8 = Kind::Sequence as u8;
        if let Some(left) = self.prepend.count.checked_sub(1) {
            self.prepend.count = left;
            return Some(Element::One(self.prepend.asn));
        }
        loop {
            if let Some((asn, rest)) = self.sequence.split_first() {
                self.sequence = rest;
                return Some(Element::One(u32::from_be_bytes(*asn)));
            }
            let (&[kind, count], rest) = self.rest.split_first_chunk()?;
            let (members, rest) = rest.split_at_checked(4 * usize::from(count))?;
            self.rest = rest;
            let members = members.as_chunks().0;
            match kind {
                AS_SET => return Some(Element::Set(members)),
                AS_SEQUENCE => self.sequence = members,
                _ => {}
            }
        }
    }
}
