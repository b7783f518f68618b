//! What comes out of pasted text, kind by kind.

use crate::pasted::{Kind, Surroundings, secret};

const KEY: &str = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";

/// `text` with `{}` in place of the key.
fn around(text: &str) -> String {
    text.replace("{}", KEY)
}

#[test]
fn a_secret_comes_out_of_what_is_around_it() {
    for text in [
        "{}",
        " {}\r\n",
        "\t{}\u{a0}",
        "\u{feff}{}",
        "\u{200b}{}\u{200b}",
        "\u{200e}{}\u{200f}",
        "\u{2066}{}\u{2069}",
        "\u{3000}{}\u{2003}",
        "\"{}\"",
        "'{}'",
        "`{}`",
        "“{}”",
        "‘{}’",
        "„{}“",
        "«{}»",
        "“{}",
        "{}\"",
        "\"{}\",",
        "'{}';",
        "<{}>",
        "({})",
        "[{}]",
        "{{}}",
        "(\"{}\")",
        "Bearer {}",
        "bearer  {}",
        "Token {}",
        "Authorization: Bearer {}",
        "authorization: bearer {}",
        "\"Authorization: Bearer {}\"",
        "X-API-Key: {}",
        "api_key: \"{}\"",
        "API_KEY={}",
        "export STRIPE_SECRET_KEY='{}'",
    ] {
        assert_eq!(secret(&around(text)), KEY, "{text:?}");
    }
}

#[test]
fn nothing_that_nobody_sees_stays_inside_a_secret() {
    for inside in [
        "\u{200b}", "\u{feff}", "\u{ad}", "\u{2060}", "\u{200d}", "\u{200e}", "\u{202e}", "\u{fe0f}", "\0",
        "\u{7f}", "\n", "\r\n", "\n  ", " \n",
    ] {
        let text = format!("{}{inside}{}", &KEY[..12], &KEY[12..]);
        assert_eq!(secret(&text), KEY, "{inside:?}");
    }
    let wide: String = KEY.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    assert_eq!(secret(&wide), KEY);
    assert_eq!(secret("ab\u{2011}cd\u{2010}ef"), "ab-cd-ef");
}

#[test]
fn what_may_belong_to_a_secret_stays() {
    for text in [
        "dGVzdA==",
        "AB_CD=",
        "AB_CD==",
        "user:pass",
        "a.b-c_d~e+f/g=",
        "two words",
        "Basic dXNlcjpwYXNz",
        "…",
        "xoxb-1-2-3",
        "00D!a.b",
        "a=b",
        "",
    ] {
        assert_eq!(secret(text), text);
    }
    let read = |text: &str| Kind::Passphrase.read(text, &[], |_| true);
    assert_eq!(read(" \u{feff}\"my secret: x\u{200b}y\"\n"), "\"my secret: xy\"");
}

fn shop(text: &str) -> String {
    let places = [Surroundings { before: "https://admin.shop.example/store/".into(), after: String::new() }];
    let accepts = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    Kind::Label(vec![".shop.example".into()]).read(text, &places, accepts)
}

#[test]
fn the_first_part_of_a_host_comes_out_of_its_addresses() {
    for text in [
        "acme",
        " acme ",
        "ACME",
        "acme/",
        "https://acme",
        "acme.shop.example",
        "ACME.shop.example",
        "acme.SHOP.example.",
        "https://acme.shop.example",
        "HTTPS://ACME.Shop.Example/",
        "http://acme.shop.example/admin",
        "https:/acme.shop.example",
        "//acme.shop.example",
        "acme.shop.example:443",
        "http://acme.shop.example:80/",
        "https://acme.shop.example/admin/products?x=1#y",
        "acme.shop.example/admin",
        "acme.shop.example?x",
        "https://user:pw@acme.shop.example/",
        "<https://acme.shop.example>",
        "“acme.shop.example”",
        "\u{feff}acme\u{200b}.shop.example\u{200e}",
        "ac\u{ad}me",
        "ａｃｍｅ",
        "ａｃｍｅ．ｓｈｏｐ．ｅｘａｍｐｌｅ",
        "https://admin.shop.example/store/acme",
        "admin.shop.example/store/acme/settings?x=1",
        "https://ADMIN.shop.example/store/ACME",
    ] {
        assert_eq!(shop(text), "acme", "{text:?}");
    }
}

#[test]
fn what_leads_to_another_host_is_never_taken_for_a_part_of_ours() {
    for text in [
        "evil.com",
        "evil.com/",
        "https://evil.com/acme.shop.example",
        "https://evil.com/.shop.example",
        "https://evil.com#.shop.example",
        "https://evil.com?.shop.example",
        "https://evil.com\\.shop.example",
        "https://acme.shop.example@evil.com",
        "https://acme.shop.example:443@evil.com",
        "https://acme.shop.example.evil.com",
        "https://acme.shop.example\\@evil.com",
        "acme.shop.example:8443",
        "acme.shop.exampl",
        "a.b.shop.example",
        "shop.example",
        ".shop.example",
        "a@b",
        "a:1",
        "..",
        "%2f",
        "[::1]",
        "acme。evil",
        "acme evil",
        "acme\nevil",
        "acme/admin",
        "ftp://acme.shop.example",
        "javascript://acme.shop.example",
        "https://evil.com/admin.shop.example/store/acme",
        "https://admin.shop.example.evil.com/store/acme",
        "",
    ] {
        let read = shop(text);
        let is_label = !read.is_empty() && read.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        assert!(!is_label || text == "shop.example", "{text:?} was read as {read:?}");
    }
}

#[test]
fn a_host_comes_out_of_an_address() {
    let read = |text: &str| Kind::Host.read(text, &[], |host| host.ends_with(".desk.example"));
    for text in [
        "acme.desk.example",
        "ACME.Desk.Example.",
        "https://acme.desk.example/x?y#z",
        "http://u@acme.desk.example:80",
        "'acme.desk.example'",
        "acme\u{200b}.desk.example",
    ] {
        assert_eq!(read(text), "acme.desk.example", "{text:?}");
    }
    for text in
        ["acme.desk.example@evil.com", "evil.com/acme.desk.example", "acme.desk.example:8080", "10.0.0.1"]
    {
        assert!(!read(text).ends_with(".desk.example") || read(text) == text, "{text:?}: {:?}", read(text));
    }
}

#[test]
fn a_url_loses_what_comes_after_it() {
    let accepts = |url: &str| {
        url.strip_prefix("https://hooks.example/in/")
            .is_some_and(|rest| rest.split('/').count() == 2 && !rest.contains(['?', '#']))
    };
    let read = |text: &str| Kind::Url.read(text, &[], accepts);
    for text in [
        "https://hooks.example/in/1/Tok-en",
        "http://hooks.example/in/1/Tok-en",
        "hooks.example/in/1/Tok-en",
        "HTTPS://Hooks.Example:443/in/1/Tok-en",
        "https://hooks.example./in/1/Tok-en/",
        "https://hooks.example/in/1/Tok-en?thread_id=9&wait=true",
        "https://hooks.example/in/1/Tok-en#top",
        "https://hooks.example/in/1/Tok-en/slack?wait=true",
        "<https://hooks.example/in/1/Tok-en>",
        "\"https://hooks.example/in/1/Tok-en\",",
        "https://hooks.example/in/1/\nTok-en",
        "https://hooks.example/in/1/Tok\u{200b}-en",
        "https://hooks.example/in/1/Tok-en.",
    ] {
        assert_eq!(read(text), "https://hooks.example/in/1/Tok-en", "{text:?}");
    }
    for text in [
        "https://evil.example/in/1/t",
        "https://hooks.example@evil.example/in/1/t",
        "https://u:p@hooks.example/in/1/t",
        "https://hooks.example:8443/in/1/t",
        "ftp://hooks.example/in/1/t",
    ] {
        assert!(!accepts(&read(text)), "{text:?}");
    }
}

#[test]
fn an_e_mail_address_comes_out_of_what_programs_write_around_it() {
    let read = |text: &str| Kind::Email.read(text, &[], |text| text.ends_with("@acme.example"));
    for text in [
        "Help.Desk@acme.example",
        " Help.Desk@ACME.example. ",
        "mailto:Help.Desk@acme.example?subject=x",
        "Acme <Help.Desk@acme.example>",
        "\"Acme, Inc.\" <Help.Desk@Acme.example>",
        "<Help.Desk@acme.example>",
        "Help.Desk@acme\u{200b}.example",
    ] {
        assert_eq!(read(text), "Help.Desk@acme.example", "{text:?}");
    }
}

#[test]
fn another_value_is_changed_only_if_that_makes_it_acceptable() {
    let read = |text: &str| Kind::Plain.read(text, &[], |text| text.bytes().all(|b| b.is_ascii_lowercase()));
    assert_eq!(read("“Outbound”"), "outbound");
    let tag = |text: &str| Kind::Plain.read(text, &[], |text| !text.contains(' '));
    assert_eq!(tag("ＶＩＰ"), "ＶＩＰ");
    assert_eq!(tag(" VIP\u{200b} "), "VIP");
    let place = Surroundings { before: "https://git.example/".into(), after: ".git".into() };
    let of_git =
        |text: &str| Kind::Plain.read(text, std::slice::from_ref(&place), |text| !text.contains(':'));
    assert_eq!(of_git("https://git.example/acme/shop.git"), "acme/shop");
    assert_eq!(
        Kind::Free.read("\u{feff} a  b\u{200b} ❤\u{fe0f} \n", &[], |_| true),
        "a  b\u{200b} ❤\u{fe0f}"
    );
}

#[test]
fn reading_twice_changes_nothing_more() {
    for text in ["Authorization: Bearer \"abc\"", "export A_B='c'", "“acme.shop.example/x”", "[[a]]"] {
        assert_eq!(secret(&secret(text)), secret(text), "{text}");
        assert_eq!(shop(&shop(text)), shop(text), "{text}");
    }
}
