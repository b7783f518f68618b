//! The bodies of answers to requests that callers wrote. What a provider compressed, although it was asked not to, is
//! unpacked: the credential could not be found in it.

use std::{io, pin::Pin};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, HeaderName, header};
use integrations_core::health::NoAnswer;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::io::StreamReader;

use super::streaming::Received;

/// How much is unpacked at once, in bytes. So a small answer that unpacks to a huge one takes no more memory than any.
const PART: usize = 16 * 1024;
/// The headers that say something of the compressed bytes.
const OF_THE_BYTES: [HeaderName; 5] = [
    header::CONTENT_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// A content coding that is unpacked (RFC 9110, section 8.4.1; RFC 7932).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    /// The format of zlib, in spite of its name.
    Deflate,
    Brotli,
}

/// The body of an answer.
pub(super) enum Parts {
    /// As it comes.
    Plain(Received),
    /// Unpacked.
    Unpacked(Pin<Box<dyn AsyncRead + Send>>),
}

impl Parts {
    /// The body of an answer with these headers. If it is unpacked, they say no more that it is compressed.
    pub(super) fn of(body: Received, headers: &mut HeaderMap) -> Result<Self, NoAnswer> {
        // An answer to HEAD, or one without content, may name the coding of what it does not have.
        if body.is_empty() {
            return Ok(Self::Plain(body));
        }
        let Some(coding) = coding(headers)? else { return Ok(Self::Plain(body)) };
        for name in &OF_THE_BYTES {
            headers.remove(name);
        }
        let parts = stream::unfold(body, async |mut body| {
            let part = body.next().await.transpose()?;
            Some((part, body))
        });
        let packed = StreamReader::new(parts.map_err(io::Error::other).boxed());
        Ok(Self::Unpacked(match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(packed);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            Coding::Deflate => Box::pin(ZlibDecoder::new(packed)),
            Coding::Brotli => Box::pin(BrotliDecoder::new(packed)),
        }))
    }

    /// The next part. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, NoAnswer> {
        match self {
            Self::Plain(body) => body.next().await,
            Self::Unpacked(unpacked) => {
                let mut part = BytesMut::with_capacity(PART);
                let length = unpacked.read_buf(&mut part).await.map_err(|error| why(&error))?;
                Ok((length > 0).then(|| part.freeze()))
            }
        }
    }
}

/// Why a body could not be unpacked: the connection broke, or it is not what its coding says.
fn why(error: &io::Error) -> NoAnswer {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<NoAnswer>());
    cause.copied().unwrap_or(NoAnswer::Broken)
}

/// The coding of a body, if it has one.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, NoAnswer> {
    let said = |name, none: [&'static str; 2]| {
        let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
        let words = values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
        words.filter(move |word| !none.contains(&word.as_str()))
    };
    // A body can be compressed for the way only, too.
    let content = said(header::CONTENT_ENCODING, ["", "identity"]);
    let codings: Vec<String> = content.chain(said(header::TRANSFER_ENCODING, ["", "chunked"])).collect();
    match codings.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        ["gzip" | "x-gzip"] => Ok(Some(Coding::Gzip)),
        ["deflate"] => Ok(Some(Coding::Deflate)),
        ["br"] => Ok(Some(Coding::Brotli)),
        _ => Err(NoAnswer::Compressed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_known_coding_is_unpacked_and_no_other_is_passed_on() {
        let of = |pairs: &[(HeaderName, &'static str)]| {
            let value = |value: &&'static str| value.parse().unwrap();
            coding(&pairs.iter().map(|(name, text)| (name.clone(), value(text))).collect())
        };
        for (text, expected) in [
            ("identity", Ok(None)),
            ("Identity, ", Ok(None)),
            ("GZIP", Ok(Some(Coding::Gzip))),
            ("x-gzip", Ok(Some(Coding::Gzip))),
            ("deflate, identity", Ok(Some(Coding::Deflate))),
            ("br", Ok(Some(Coding::Brotli))),
            ("zstd", Err(NoAnswer::Compressed)),
            ("gzip, br", Err(NoAnswer::Compressed)),
            ("aes128gcm", Err(NoAnswer::Compressed)),
        ] {
            assert_eq!(of(&[(header::CONTENT_ENCODING, text)]), expected, "{text}");
        }
        assert_eq!(of(&[]), Ok(None));
        let twice = [(header::CONTENT_ENCODING, "identity"), (header::CONTENT_ENCODING, "gzip")];
        assert_eq!(of(&twice), Ok(Some(Coding::Gzip)));
        assert_eq!(of(&[(header::TRANSFER_ENCODING, "chunked")]), Ok(None));
        let both = [(header::TRANSFER_ENCODING, "gzip, chunked"), (header::CONTENT_ENCODING, "gzip")];
        assert_eq!(of(&both), Err(NoAnswer::Compressed));
    }
}
