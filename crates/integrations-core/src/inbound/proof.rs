//! Whether a request comes from its provider: the signature schemes.
//!
//! Secrets and signatures are compared in constant time. A time is believed only after what signs it was verified.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::delivery::{Delivery, Document, Header, text};
use super::reason::Reason;
use super::signed::{Message, decoded_url};
use super::written_time::signed_moment;
use crate::catalog::{
    Carrier, Encoding, EventKey, Events, JsonPointer, Part, Place, Scheme, SignedTime, TimePlace,
};
use crate::encodings;

/// The most signatures that are looked at. Providers send one for each secret that is being replaced.
const MAX_SIGNATURES: usize = 16;

/// What a verified request proves.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// When it was signed.
    pub(super) time: Option<OffsetDateTime>,
    /// A digest of what may be used only once: of all that is signed, or of the token in its place.
    pub(super) once: Option<[u8; 32]>,
    /// Which of the keys verified it.
    pub(super) key: usize,
}

/// Verifies a request.
pub(super) fn prove(
    events: &Events,
    delivery: &Delivery<'_>,
    document: &Document<'_>,
    keys: &[EventKey],
    now: OffsetDateTime,
) -> Result<Proof, Reason> {
    let request = Request { delivery, document, keys, time: events.signature.time.as_ref() };
    let proof = match &events.signature.scheme {
        Scheme::Hmac { carrier, encoding, signs } => request.hmac(carrier, *encoding, signs)?,
        Scheme::Ed25519 { header, signs } => request.ed25519(header, signs)?,
        Scheme::HmacFields { token, signatures } => request.fields(token, signatures)?,
        Scheme::Basic => request.basic()?,
        Scheme::Token(place) => request.token(place)?,
    };
    let Some(window) = events.window else { return Ok(Proof { once: None, ..proof }) };
    let time = proof.time.ok_or(Reason::NoTime)?;
    if now - time > window {
        return Err(Reason::Stale);
    }
    if time - now > window {
        return Err(Reason::Early);
    }
    Ok(proof)
}

struct Request<'a, 'd> {
    delivery: &'a Delivery<'a>,
    document: &'a Document<'d>,
    keys: &'a [EventKey],
    time: Option<&'a SignedTime>,
}

impl<'a> Request<'a, '_> {
    fn hmac(&self, carrier: &Carrier, encoding: Encoding, signs: &'a [Part]) -> Result<Proof, Reason> {
        let sent = self.required(carrier.header())?;
        let decode = |text: &str| match encoding {
            Encoding::Base64 => encodings::base64(text),
            Encoding::Hex | Encoding::Text => encodings::hex(text),
        };
        let signatures: Vec<Vec<u8>> =
            signatures(carrier, sent).take(MAX_SIGNATURES).filter_map(decode).collect();
        if signatures.is_empty() {
            return Err(Reason::MalformedSignature);
        }
        let timestamp = self.timestamp(carrier, sent)?;
        let message = self.message(signs, timestamp)?;
        let key = self.verifying(&message, &signatures)?;
        Ok(Proof { time: self.moment(timestamp), once: Some(message.digest()), key })
    }

    fn ed25519(&self, header: &str, signs: &'a [Part]) -> Result<Proof, Reason> {
        let sent = self.required(header)?;
        let signature = encodings::hex(sent).ok_or(Reason::MalformedSignature)?;
        let signature = Ed25519Signature::from_slice(&signature).map_err(|_| Reason::MalformedSignature)?;
        let timestamp = match self.time.map(|time| &time.place) {
            Some(TimePlace::Header(name)) => Some(self.timestamp_header(name)?),
            _ => None,
        };
        let message = self.message(signs, timestamp)?;
        let whole = message.whole();
        let verifies = |key: &EventKey| {
            let key = VerifyingKey::try_from(key.as_bytes());
            key.is_ok_and(|key| key.verify_strict(&whole, &signature).is_ok())
        };
        let key = self.keys()?.iter().position(verifies).ok_or(Reason::WrongSignature)?;
        Ok(Proof { time: self.moment(timestamp), once: Some(message.digest()), key })
    }

    /// Verifies a token and a time that stand in the body, with their signatures.
    fn fields(&self, token: &JsonPointer, places: &[JsonPointer]) -> Result<Proof, Reason> {
        let body = self.document.value().ok_or(Reason::NotSigned)?;
        let sent: Vec<&str> = places.iter().filter_map(|place| place.of(body)?.as_str()).collect();
        if sent.is_empty() {
            return Err(Reason::NotSigned);
        }
        let signatures: Vec<Vec<u8>> = sent.into_iter().filter_map(encodings::hex).collect();
        let token = token.of(body).and_then(text).ok_or(Reason::MalformedSignature)?;
        let place = match self.time.map(|time| &time.place) {
            Some(TimePlace::Body(pointer)) => pointer,
            _ => return Err(Reason::NoTime),
        };
        let timestamp = place.of(body).and_then(text).ok_or(Reason::NoTime)?;
        let message = Message::of([timestamp.as_bytes(), token.as_bytes()]);
        let key = self.verifying(&message, &signatures)?;
        let once = Sha256::digest(token.as_bytes()).into();
        Ok(Proof { time: self.moment(Some(&timestamp)), once: Some(once), key })
    }

    /// Compares user name and password as one text (RFC 7617, section 2).
    fn basic(&self) -> Result<Proof, Reason> {
        let sent = self.required("authorization")?;
        let (scheme, encoded) = sent.split_once(' ').ok_or(Reason::MalformedSignature)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Reason::NotSigned);
        }
        let credentials = STANDARD.decode(encoded.trim()).map_err(|_| Reason::MalformedSignature)?;
        self.same(&credentials)
    }

    fn token(&self, place: &Place) -> Result<Proof, Reason> {
        let sent = match place {
            Place::Header(name) => self.required(name)?,
            Place::Body(pointer) => {
                let sent = self.document.value().and_then(|body| pointer.of(body)?.as_str());
                sent.ok_or(Reason::NotSigned)?
            }
        };
        self.same(sent.as_bytes())
    }

    /// The key that is exactly this.
    fn same(&self, sent: &[u8]) -> Result<Proof, Reason> {
        // Digests have one length, so the time says nothing of the length either.
        let sent = Sha256::digest(sent);
        let is_same = |key: &EventKey| bool::from(Sha256::digest(key.as_bytes()).ct_eq(&sent));
        let key = self.keys()?.iter().position(is_same).ok_or(Reason::WrongSignature)?;
        Ok(Proof { key, ..Proof::default() })
    }

    /// The key under which one of the signatures is right. Any signature counts under any key.
    fn verifying(&self, message: &Message<'_>, signatures: &[Vec<u8>]) -> Result<usize, Reason> {
        let verifies = |key: &EventKey| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return false };
            message.parts().for_each(|part| mac.update(part));
            let tag = mac.finalize().into_bytes();
            signatures
                .iter()
                .fold(false, |found, signature| found | bool::from(tag.as_slice().ct_eq(signature)))
        };
        self.keys()?.iter().position(verifies).ok_or(Reason::WrongSignature)
    }

    fn keys(&self) -> Result<&'a [EventKey], Reason> {
        if self.keys.is_empty() { Err(Reason::NoSecret) } else { Ok(self.keys) }
    }

    /// The value of the header that has the proof.
    fn required(&self, name: &str) -> Result<&'a str, Reason> {
        match self.delivery.header(name) {
            Header::Once("") | Header::Missing => Err(Reason::NotSigned),
            Header::Once(value) => Ok(value),
            Header::Repeated => Err(Reason::MalformedSignature),
        }
    }

    fn timestamp_header(&self, name: &str) -> Result<&'a str, Reason> {
        match self.delivery.header(name) {
            Header::Once("") | Header::Missing => Err(Reason::NoTime),
            Header::Once(value) => Ok(value),
            Header::Repeated => Err(Reason::MalformedSignature),
        }
    }

    /// The time as it is written beside the signature, which `sent` is the header of.
    fn timestamp(&self, carrier: &Carrier, sent: &'a str) -> Result<Option<&'a str>, Reason> {
        match (self.time.map(|time| &time.place), carrier) {
            (Some(TimePlace::Header(name)), _) => self.timestamp_header(name).map(Some),
            (Some(TimePlace::Pair(name)), Carrier::Pairs { .. }) => {
                let mut times = pairs(sent).filter(|(other, _)| other == name).map(|(_, value)| value);
                match (times.next(), times.next()) {
                    (Some(time), None) => Ok(Some(time)),
                    (None, _) => Err(Reason::NoTime),
                    (Some(_), Some(_)) => Err(Reason::MalformedSignature),
                }
            }
            _ => Ok(None),
        }
    }

    /// What is signed.
    fn message(&self, signs: &'a [Part], timestamp: Option<&'a str>) -> Result<Message<'a>, Reason> {
        let part = |part: &'a Part| {
            Ok(match part {
                Part::Literal(text) => text.as_bytes().into(),
                Part::Body => self.delivery.body.into(),
                Part::Timestamp => timestamp.ok_or(Reason::NoTime)?.as_bytes().into(),
                Part::Header(name) => self.required(name)?.as_bytes().into(),
                Part::Method => self.delivery.method.as_bytes().into(),
                Part::Url => decoded_url(self.delivery.url).into_bytes().into(),
            })
        };
        signs.iter().map(part).collect()
    }

    /// The signed time: as it was written beside the signature, or else from the signed body.
    fn moment(&self, timestamp: Option<&str>) -> Option<OffsetDateTime> {
        let time = self.time?;
        let in_body = || match &time.place {
            TimePlace::Body(pointer) => pointer.of(self.document.value()?).and_then(text),
            TimePlace::Header(_) | TimePlace::Pair(_) => None,
        };
        match timestamp {
            Some(timestamp) => signed_moment(timestamp, time.unit),
            None => signed_moment(&in_body()?, time.unit),
        }
    }
}

/// The signatures that a header holds, as they are written. Other versions are none.
fn signatures<'h>(carrier: &'h Carrier, sent: &'h str) -> Box<dyn Iterator<Item = &'h str> + 'h> {
    match carrier {
        Carrier::Whole { prefix, .. } => Box::new(sent.strip_prefix(prefix.as_str()).into_iter()),
        Carrier::Pairs { version, .. } => {
            Box::new(pairs(sent).filter(move |(name, _)| name == version).map(|(_, value)| value))
        }
        Carrier::Versions { version, .. } => {
            let versioned = sent.split_ascii_whitespace().filter_map(|one| one.split_once(','));
            Box::new(versioned.filter(move |(name, _)| name == version).map(|(_, value)| value))
        }
    }
}

/// The named values of a header: `t=…,v1=…`.
fn pairs(sent: &str) -> impl Iterator<Item = (&str, &str)> {
    sent.split(',').filter_map(|pair| pair.trim().split_once('='))
}
