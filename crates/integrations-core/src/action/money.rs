//! Amounts of money. They are whole numbers of a currency's smallest unit. The table of exponents here is the only
//! place that knows how large that unit is: guards, requests and sentences for people all use it.

use std::fmt;
use std::str::FromStr;

/// A currency (ISO 4217), and how many decimals its amounts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    decimals: u8,
}

/// The active codes of ISO 4217 by their number of decimals, funds among them. Those without a unit of their own
/// (metals, tests, "no currency") are left out.
///
/// Three stand where Stripe counts them (docs.stripe.com/currencies): ISK and UGX have no decimals in ISO 4217, but
/// amounts are given with two; MGA has two, but amounts are given with none. A decimal amount means the same either
/// way.
const CODES: [(u8, &str); 4] = [
    (0, "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW \
         CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
         IDR ILS INR IRR ISK JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK \
         MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP \
         SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH UGX USD USN UYU UZS VED VES WST XAD XCD \
         XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// A text that is no code of a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Expected a code of ISO 4217, such as USD")]
pub struct UnknownCurrency;

impl FromStr for Currency {
    type Err = UnknownCurrency;

    /// Reads a code in upper or lower case.
    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let of = |(decimals, codes): (u8, &'static str)| {
            let code = codes.split_ascii_whitespace().find(|code| code.eq_ignore_ascii_case(text));
            code.map(|code| Self { code, decimals })
        };
        CODES.into_iter().find_map(of).ok_or(UnknownCurrency)
    }
}

impl Currency {
    /// The code, in upper case.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Writes an amount of the smallest unit as a decimal number: 500 is `5.00` of USD, `500` of JPY, `0.500` of KWD.
    pub(super) fn decimal(self, minor: i64) -> String {
        let decimals = usize::from(self.decimals);
        let sign = if minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Reads a decimal number that is not negative as an amount of the smallest unit, exactly. `None`: it is no such
    /// number, or has more decimals than the currency, other than zeros.
    pub(super) fn minor(self, decimal: &str) -> Option<i64> {
        let decimals = usize::from(self.decimals);
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
        let are_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        (fraction.len() <= decimals).then(|| format!("{whole}{fraction:0<decimals$}").parse().ok()).flatten()
    }
}

/// An amount of money, more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount in the currency's smallest unit, at least 1.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of the currency's smallest unit. `None`: it is nothing, or less.
    pub fn new(minor: i64, currency: Currency) -> Option<Self> {
        (minor > 0).then_some(Self { minor, currency })
    }

    /// The amount as a decimal number with all decimals of its currency: `5.00`.
    pub fn to_decimal(self) -> String {
        self.currency.decimal(self.minor)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, currency(code)).unwrap()
    }

    #[test]
    fn an_amount_is_written_with_the_decimals_of_its_currency() {
        for (minor, code, text) in [
            (500, "USD", "5.00 USD"),
            (5, "usd", "0.05 USD"),
            (500, "JPY", "500 JPY"),
            (500, "Kwd", "0.500 KWD"),
            (12_345, "bhd", "12.345 BHD"),
            (12_345, "CLF", "1.2345 CLF"),
            (500, "ISK", "5.00 ISK"),
            (500, "UGX", "5.00 UGX"),
            (500, "MGA", "500 MGA"),
            (i64::MAX, "EUR", "92233720368547758.07 EUR"),
        ] {
            assert_eq!(money(minor, code).to_string(), text);
        }
    }

    #[test]
    fn a_decimal_number_is_read_exactly_or_not() {
        let usd = currency("USD");
        for (text, minor) in [("5", 500), ("5.0", 500), ("5.00", 500), ("5.000", 500), ("0.05", 5), ("0", 0)]
        {
            assert_eq!(usd.minor(text), Some(minor), "{text}");
        }
        for text in
            ["", ".", "5.", ".5", "5.005", "-5", "+5", "1e3", "5,00", " 5", "5 ", "٥", "92233720368547758.08"]
        {
            assert_eq!(usd.minor(text), None, "{text}");
        }
        assert_eq!(currency("JPY").minor("60000.00"), Some(60_000));
        assert_eq!(currency("JPY").minor("60000.5"), None);
        assert_eq!(currency("TND").minor("1.5"), Some(1500));
    }

    #[test]
    fn nothing_is_no_amount() {
        assert_eq!(Money::new(0, currency("USD")), None);
        assert_eq!(Money::new(-1, currency("USD")), None);
    }

    #[test]
    fn each_code_is_in_the_table_once() {
        let mut codes: Vec<&str> =
            CODES.iter().flat_map(|(_, codes)| codes.split_ascii_whitespace()).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), all), (165, 165));
        assert!(codes.iter().all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())));
        for unknown in ["", "XXX", "XAU", "US", "USDX", "DEM", "USD EUR"] {
            assert_eq!(unknown.parse::<Currency>(), Err(UnknownCurrency), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            minor in 1_i64..=i64::MAX,
            code in prop::sample::select(vec!["JPY", "USD", "KWD", "CLF", "ISK", "MGA"]),
        ) {
            let currency = currency(code);
            let decimal = Money::new(minor, currency).unwrap().to_decimal();
            prop_assert_eq!(currency.minor(&decimal), Some(minor));
            let longer = if decimal.contains('.') { format!("{decimal}0") } else { format!("{decimal}.0") };
            prop_assert_eq!(currency.minor(&longer), Some(minor));
        }

        #[test]
        fn a_number_is_larger_if_its_amount_is(a in 1_i64..1_000_000, b in 1_i64..1_000_000) {
            for code in ["JPY", "USD", "KWD"] {
                let as_number = |minor| money(minor, code).to_decimal().parse::<f64>().unwrap();
                prop_assert_eq!(as_number(a) < as_number(b), a < b);
            }
        }
    }
}
