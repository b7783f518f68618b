//! Bytes that are written as text. Both readers are strict: what is not exactly the encoding is nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The bytes of hexadecimal digits, in either case. `None`: these are none, or an odd number of them.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pair = |pair: &[u8]| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?);
    text.as_bytes().chunks(2).map(pair).collect()
}

/// The bytes of standard base64 (RFC 4648, section 4). `None`: another alphabet, characters between, no padding, or
/// bits left over.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Bytes as hexadecimal digits in lower case.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_whole_or_not_at_all() {
        assert_eq!(hex("00fFa1"), Some(vec![0, 255, 161]));
        assert_eq!(hex(""), Some(Vec::new()));
        for bad in ["0", "0g", "+1", " 00", "00 ", "0x00", "é0"] {
            assert_eq!(hex(bad), None, "{bad:?}");
        }
        assert_eq!(to_hex(&[0, 255, 161]), "00ffa1");
    }

    #[test]
    fn base64_is_read_whole_or_not_at_all() {
        assert_eq!(base64("+/8="), Some(vec![251, 255]));
        for bad in ["+/8", "-_8=", "+/8=\n", " +/8=", "+/9=", "+/8==", "v1,+/8="] {
            assert_eq!(base64(bad), None, "{bad:?}");
        }
    }
}
