//! The browsers that messengers and networks have built in. Providers refuse to sign people in there, and cookies get
//! lost.

/// What they call themselves in `User-Agent`, in lower case: Facebook and Messenger, Instagram, Threads, LINE,
/// LinkedIn, Snapchat, TikTok, WeChat, X, Pinterest, Slack and WhatsApp, and any WebView of Android.
const NAMES: [&str; 18] = [
    "fban/",
    "fbav/",
    "fb_iab",
    "fbios",
    "instagram",
    "barcelona",
    " line/",
    "linkedinapp",
    "snapchat",
    "musical_ly",
    "bytedancewebview",
    "tiktok",
    "micromessenger",
    "twitter for",
    "[pinterest/",
    "slack_ssb",
    "whatsapp/",
    "; wv)",
];

/// How a page is opened in the real browser of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealBrowser {
    /// By an address of Android's (`intent:`).
    Android,
    /// By an address of Safari's on iOS.
    Ios,
    /// By hand.
    Unknown,
}

/// How a page gets out of a built-in browser. `None`: the browser is a real one, as far as it says.
pub fn way_out(user_agent: &str) -> Option<RealBrowser> {
    let agent = user_agent.to_ascii_lowercase();
    let has = |name: &&str| agent.contains(*name);
    NAMES.iter().any(has).then(|| match () {
        () if agent.contains("android") => RealBrowser::Android,
        () if agent.contains("iphone") || agent.contains("ipad") => RealBrowser::Ios,
        () => RealBrowser::Unknown,
    })
}

impl RealBrowser {
    /// What opens an `address` (`https://HOST/…`) there.
    pub fn address(self, address: &str) -> Option<String> {
        let (scheme, rest) = address.split_once("://")?;
        match self {
            Self::Android => Some(format!("intent://{rest}#Intent;scheme={scheme};end")),
            Self::Ios => Some(format!("x-safari-{address}")),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_browsers_are_told_from_real_ones() {
        let android = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Version/4.0 Chrome/120.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/440.0;]";
        let ios = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                   Mobile/15E148 Instagram 312.0 (iPhone14,2; iOS 17_2; en_US)";
        assert_eq!(way_out(android), Some(RealBrowser::Android));
        assert_eq!(way_out(ios), Some(RealBrowser::Ios));
        assert_eq!(way_out("Mozilla/5.0 [FBAN/FBIOS;FBAV/1]"), Some(RealBrowser::Unknown));
        for real in [
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 \
             Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
            "",
        ] {
            assert_eq!(way_out(real), None, "{real}");
        }
    }

    #[test]
    fn the_way_out_is_an_address_of_the_device() {
        let address = "https://a.example/x?session=y";
        assert_eq!(
            RealBrowser::Android.address(address).as_deref(),
            Some("intent://a.example/x?session=y#Intent;scheme=https;end")
        );
        assert_eq!(
            RealBrowser::Ios.address(address).as_deref(),
            Some("x-safari-https://a.example/x?session=y")
        );
        assert_eq!(RealBrowser::Unknown.address(address), None);
    }
}
