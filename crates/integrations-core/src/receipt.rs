//! The receipt of an import: the proof for the server that exported that another one has the credentials now.
//!
//! The export holds the key that signs (Ed25519, RFC 8032), sealed with everything else, and the source keeps only the
//! key that verifies. So only who could open the export can have made a receipt for it, and it says what was imported.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ids::{ExportId, ProjectId};

/// The newest form of receipts.
const FORM: u32 = 1;

/// What a server says that imported an export, as JSON in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The form.
    riq_receipt: u32,
    /// The export.
    pub export: ExportId,
    /// The project that has the integrations now.
    pub project: ProjectId,
    /// How many they are.
    pub integrations: u64,
    /// When they were imported.
    #[serde(with = "time::serde::rfc3339")]
    pub imported_at: OffsetDateTime,
    /// Over all of the above, in base 64.
    signature: String,
}

/// A text is no receipt that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It cannot be read.
    #[error("this is not a receipt, or only a part of one: give the file that the import wrote, as it is")]
    NotAReceipt,
    /// A newer server made it.
    #[error(
        "this receipt is of a newer form than this version reads: use the version of the server that imported"
    )]
    Newer,
    /// It was not made from the export, or was changed.
    #[error(
        "this receipt does not belong to the export {0}, or was changed: nothing was ended. Give the file that the \
         import wrote, as it is"
    )]
    NotSigned(ExportId),
}

impl Receipt {
    /// The receipt for an import, signed with the export's key.
    pub fn sign(
        key: &[u8; 32],
        export: ExportId,
        project: ProjectId,
        integrations: u64,
        imported_at: OffsetDateTime,
    ) -> Self {
        let mut receipt =
            Self { riq_receipt: FORM, export, project, integrations, imported_at, signature: String::new() };
        let signature = SigningKey::from_bytes(key).sign(&receipt.signed());
        receipt.signature = BASE64.encode(signature.to_bytes());
        receipt
    }

    /// The key that verifies what this one signs.
    pub fn verifying_key(key: &[u8; 32]) -> [u8; 32] {
        SigningKey::from_bytes(key).verifying_key().to_bytes()
    }

    /// Reads a receipt. It is not verified yet.
    pub fn read(text: &str) -> Result<Self, ReceiptError> {
        #[derive(Deserialize)]
        struct Form {
            riq_receipt: u32,
        }

        let form: Form = serde_json::from_str(text).map_err(|_| ReceiptError::NotAReceipt)?;
        if form.riq_receipt > FORM {
            return Err(ReceiptError::Newer);
        }
        serde_json::from_str(text).map_err(|_| ReceiptError::NotAReceipt)
    }

    /// Checks that it was made from the export whose receipts `key` verifies, and says what it said then.
    pub fn verify(&self, key: &[u8]) -> Result<(), ReceiptError> {
        let verified = || {
            let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
            let signature = Signature::from_slice(&BASE64.decode(&self.signature).ok()?).ok()?;
            key.verify_strict(&self.signed(), &signature).ok()
        };
        verified().ok_or(ReceiptError::NotSigned(self.export))
    }

    fn signed(&self) -> Vec<u8> {
        let Self { riq_receipt, export, project, integrations, imported_at, .. } = self;
        let at = imported_at.unix_timestamp_nanos();
        format!("riq receipt {riq_receipt}\n{export}\n{project}\n{integrations}\n{at}").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn only_who_has_the_key_signs_and_nothing_can_be_changed() {
        let key = [7; 32];
        let at = datetime!(2026-03-01 10:00:00.000001 UTC);
        let receipt = Receipt::sign(&key, ExportId::from_bits(1), ProjectId::from_bits(2), 3, at);
        let verifying = Receipt::verifying_key(&key);
        let text = serde_json::to_string(&receipt).unwrap();
        assert_eq!(Receipt::read(&text).unwrap().verify(&verifying), Ok(()));
        let not_signed = Err(ReceiptError::NotSigned(ExportId::from_bits(1)));
        assert_eq!(receipt.verify(&Receipt::verifying_key(&[8; 32])), not_signed);
        assert_eq!(receipt.verify(&[]), not_signed);
        for changed in [
            Receipt { project: ProjectId::from_bits(3), ..receipt.clone() },
            Receipt { integrations: 4, ..receipt.clone() },
            Receipt { imported_at: datetime!(2026-03-02 10:00 UTC), ..receipt.clone() },
            Receipt { signature: String::new(), ..receipt.clone() },
        ] {
            assert_eq!(changed.verify(&verifying), not_signed, "{changed:?}");
        }
        let other = Receipt { export: ExportId::from_bits(9), ..receipt.clone() };
        assert_eq!(other.verify(&verifying), Err(ReceiptError::NotSigned(ExportId::from_bits(9))));
        assert_eq!(Receipt::read(&text[..text.len() - 1]), Err(ReceiptError::NotAReceipt));
        assert_eq!(Receipt::read("{}"), Err(ReceiptError::NotAReceipt));
        let newer = text.replace("\"riq_receipt\":1", "\"riq_receipt\":2");
        assert_eq!(Receipt::read(&newer), Err(ReceiptError::Newer));
    }
}
