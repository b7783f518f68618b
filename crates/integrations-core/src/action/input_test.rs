//! What is taken as input, and what is not.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::sample::{action, input, list, money, object, required, text, text_shape, with_default};
use super::{Money, amounts, input_schema, read_input};
use crate::catalog::Pattern;
use crate::catalog::action::{
    ActionInput, Default, Left, MoneyCurrency, MoneyUnit, Shape, TextFormat, TextShape,
};

fn read(inputs: &[ActionInput], given: Value) -> Result<Value, Vec<String>> {
    let settings = object(json!({"channel": "C1", "team": null}));
    let read = read_input(&action(inputs.to_vec()), &given, &settings);
    read.map(Value::Object).map_err(|issues| issues.iter().map(ToString::to_string).collect())
}

fn refused(inputs: &[ActionInput], given: Value) -> Vec<String> {
    read(inputs, given).unwrap_err()
}

fn left() -> ActionInput {
    let left = Left { of: "paid".into(), less: Some("refunded".into()) };
    with_default(money("amount", MoneyUnit::Minor), Default::Left(left))
}

#[test]
fn only_a_key_that_is_absent_takes_a_default() {
    let inputs = [
        required(text("charge")),
        left(),
        with_default(input("notify", Shape::Boolean), Default::Value(json!(false))),
        with_default(text("channel"), Default::Setting("channel".into())),
        with_default(text("team"), Default::Setting("team".into())),
    ];
    let read_in = read(&inputs, json!({"charge": "ch_1"})).unwrap();
    assert_eq!(read_in, json!({"charge": "ch_1", "notify": false, "channel": "C1"}));
    let amount = "input.amount: Expected an integer of the currency's smallest unit, at least 1, \
                  such as 500 for 5.00 USD";
    for absent in
        [json!(null), json!(""), json!("null"), json!(0), json!(-1), json!(1.5), json!("500"), json!(5e300)]
    {
        assert_eq!(refused(&inputs, json!({"charge": "ch_1", "amount": absent})), [amount], "{absent}");
    }
    assert_eq!(
        refused(&inputs, json!({"charge": null, "notify": "false", "channel": ""})),
        [
            "input.charge: Expected string",
            "input.notify: Expected true or false",
            "input.channel: Must not be empty. Leave it out instead",
        ]
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let line = input(
        "",
        Shape::Object(vec![
            required(text("id")),
            input("quantity", Shape::Integer { minimum: 1, maximum: 9 }),
        ]),
    );
    let names = Pattern::parse("^[a-z]{1,3}$").unwrap();
    let inputs =
        [required(text("charge")), list("lines", line), input("tags", Shape::Map { names, max_members: 2 })];
    let given = json!({
        "lines": [{"id": 7_300_000_000_000_000_123_i64, "quantity": 10}, {"quantity": "3", "more": 1}, 5],
        "tags": {"a": 1, "No": "x"},
        "x.y": 1
    });
    assert_eq!(
        refused(&inputs, given),
        [
            "input.charge: Required",
            "input.lines.0.id: Expected string",
            "input.lines.0.quantity: Must be from 1 to 9",
            "input.lines.1.id: Required",
            "input.lines.1.quantity: Expected integer, such as 1",
            "input.lines.1.more: Unknown input",
            "input.lines.2: Expected object",
            "input.tags.a: Expected string",
            "input.tags.No: This name cannot be used here",
            "input.x.y: Unknown input",
        ]
    );
    assert_eq!(refused(&inputs, json!([])), ["input: Expected object"]);
    let sizes = json!({"charge": "a", "lines": [], "tags": {"a": "1", "b": "2", "c": "3"}});
    assert_eq!(
        refused(&inputs, sizes),
        ["input.lines: Must have 1 to 3 items", "input.tags: Must have 1 to 2 members"]
    );
}

#[test]
fn a_text_has_its_form() {
    let shaped = |shape: TextShape| [input("x", Shape::Text(shape))];
    let is_taken = |shape: &TextShape, value: &str| read(&shaped(shape.clone()), json!({"x": value})).is_ok();
    let charge = TextShape {
        pattern: Some(Pattern::parse("^ch_[0-9]+$").unwrap()),
        mismatch: Some("Expected the id of a charge, such as ch_1".into()),
        ..text_shape()
    };
    assert!(is_taken(&charge, "ch_1"));
    for wrong in ["ch_1\n", "ch_১", "xch_1", "ch_"] {
        assert!(!is_taken(&charge, wrong), "{wrong:?}");
    }
    assert_eq!(
        refused(&shaped(charge), json!({"x": "SECRET"})),
        ["input.x: Expected the id of a charge, such as ch_1"]
    );
    let lines = TextShape { lines: true, ..text_shape() };
    assert!(is_taken(&lines, "a\r\n\tb") && !is_taken(&lines, "a\u{8}b") && !is_taken(&lines, "a\u{0}"));
    for wrong in ["a\nb", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{1b}[1m"] {
        assert!(!is_taken(&text_shape(), wrong), "{wrong:?}");
    }
    assert!(is_taken(&text_shape(), &"é".repeat(40)) && !is_taken(&text_shape(), &"é".repeat(41)));
    let options = TextShape { options: vec!["all".into(), "some".into()], ..text_shape() };
    assert_eq!(refused(&shaped(options), json!({"x": "All"})), ["input.x: Expected one of: all, some"]);
}

#[test]
fn a_format_is_exact() {
    for (format, good, bad) in [
        (
            TextFormat::Email,
            &["a@shop.test", "A.b+c@x-y.example.com"][..],
            &[
                "a@shop.test, b@evil.test",
                "A <a@shop.test>",
                "<a@shop.test>",
                "a@shop",
                "a@@b.test",
                "@b.test",
                "a b@c.test",
                "a@b.test\u{a0}",
                "\"a\"@b.test",
                "a@-b.test",
                "a..b@c.test",
                "a@[1.2.3.4]",
                "a@b.test,",
                "é@b.test",
                "a@b..test",
                "a",
            ][..],
        ),
        (
            TextFormat::Url,
            &["https://a.example/x?y=z#w"][..],
            &[
                "http://a.example",
                "https://u@evil.example",
                "https://a.example\\@b",
                "//a.example",
                "https://",
                "a",
            ][..],
        ),
        (
            TextFormat::Date,
            &["2026-03-01"][..],
            &["2026-3-1", "2026-02-30", "01.03.2026", "2026-03-01T00:00:00Z"][..],
        ),
        (
            TextFormat::DateTime,
            &["2026-03-01T10:00:00Z", "2026-03-01T10:00:00.5+02:00"][..],
            &["2026-03-01T10:00:00", "2026-03-01", "now"][..],
        ),
    ] {
        let inputs = [input("x", Shape::Text(TextShape { format: Some(format), ..text_shape() }))];
        for value in good {
            assert!(read(&inputs, json!({"x": value})).is_ok(), "{value}");
        }
        for value in bad {
            assert!(read(&inputs, json!({"x": value})).is_err(), "{value}");
        }
    }
}

/// The input with its amount, and the amount.
type WithAmount = (Map<String, Value>, Option<Money>);

fn amount_of(input: &ActionInput, given: Value, evidence: Value) -> Result<WithAmount, Vec<String>> {
    let mut given = object(given);
    let action = action(vec![input.clone()]);
    match amounts(&action, &mut given, &object(evidence), &Map::new()) {
        Ok(amounts) => Ok((given, amounts.get(&input.key).copied())),
        Err(issues) => Err(issues.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn what_is_left_is_worked_out_once() {
    let paid = json!({"currency": "usd", "paid": 2000, "refunded": 500});
    let (given, amount) = amount_of(&left(), json!({}), paid).unwrap();
    assert_eq!((given["amount"].clone(), amount.unwrap().to_string()), (json!(1500), "15.00 USD".to_owned()));
    // What was asked stays what it is, whatever is left later.
    let later = json!({"currency": "usd", "paid": 2000, "refunded": 1900});
    let (given, amount) = amount_of(&left(), Value::Object(given), later).unwrap();
    assert_eq!((given["amount"].clone(), amount.unwrap().minor), (json!(1500), 1500));
    for (evidence, why) in [
        (json!({"currency": "usd", "paid": 500, "refunded": 500}), "Nothing is left, so there is no amount"),
        (json!({"currency": "usd", "paid": 500, "refunded": 600}), "Nothing is left, so there is no amount"),
        (json!({"currency": "usd", "paid": 500}), "What is left is not known, so the amount must be given"),
        (
            json!({"currency": "usd", "paid": "5.00", "refunded": 0}),
            "What is left is not known, so the amount must be given",
        ),
        (json!({"currency": "doge", "paid": 500, "refunded": 0}), "Its currency is not known"),
        (json!({"paid": 500, "refunded": 0}), "Its currency is not known"),
    ] {
        assert_eq!(amount_of(&left(), json!({}), evidence).unwrap_err(), [format!("input.amount: {why}")]);
    }
}

#[test]
fn decimal_evidence_is_read_in_its_currency() {
    let of = Left { of: "total".into(), less: Some("refunded".into()) };
    let total = with_default(money("amount", MoneyUnit::Decimal), Default::Left(of));
    for (currency, total_text, refunded, minor, words) in [
        ("USD", json!("60.00"), json!("0.0"), 6000, "60.00 USD"),
        ("JPY", json!("60000.00"), json!("0"), 60_000, "60000 JPY"),
        ("KWD", json!("60.005"), json!("0.005"), 60_000, "60.000 KWD"),
        ("EUR", json!(60.5), json!(0), 6050, "60.50 EUR"),
    ] {
        let evidence = json!({"currency": currency, "total": total_text, "refunded": refunded});
        let (given, amount) = amount_of(&total, json!({}), evidence).unwrap();
        assert_eq!((&given["amount"], amount.unwrap().to_string().as_str()), (&json!(minor), words));
    }
    let fraction = json!({"currency": "JPY", "total": "60000.50", "refunded": "0"});
    assert!(amount_of(&total, json!({}), fraction).is_err());
}

#[test]
fn an_amount_without_a_default_may_be_left_out() {
    let fixed = MoneyCurrency::Fixed("eur".into());
    let tip = input("tip", Shape::Money { currency: fixed, unit: MoneyUnit::Minor });
    assert_eq!(amount_of(&tip, json!({}), json!({})).unwrap(), (Map::new(), None));
    let given = amount_of(&tip, json!({"tip": 5}), json!({})).unwrap().1;
    assert_eq!(given.unwrap().to_string(), "0.05 EUR");
}

#[test]
fn a_schema_is_flat() {
    let line = input(
        "",
        Shape::Object(vec![
            required(text("id")),
            input("quantity", Shape::Integer { minimum: 1, maximum: 9 }),
        ]),
    );
    let options = TextShape { options: vec!["all".into()], ..text_shape() };
    let described = ActionInput { description: "The charge to pay back.".into(), ..required(text("charge")) };
    let names = Pattern::parse("^[a-z]$").unwrap();
    let inputs = vec![
        described,
        left(),
        list("lines", line),
        input("which", Shape::Text(options)),
        input("tags", Shape::Map { names, max_members: 2 }),
    ];
    assert_eq!(
        input_schema(&action(inputs)),
        json!({
            "type": "object",
            "properties": {
                "charge": {"type": "string", "description": "The charge to pay back."},
                "amount": {
                    "type": "integer",
                    "description": "An integer of the currency's smallest unit: 500 is 5.00 USD or 500 JPY. \
                                    All that is left if left out."
                },
                "lines": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": {"type": "string"},
                            "quantity": {"type": "integer", "description": "From 1 to 9."}
                        },
                        "required": ["id"]
                    },
                    "description": "1 to 3 items."
                },
                "which": {"type": "string", "enum": ["all"]},
                "tags": {
                    "type": "object", "additionalProperties": {"type": "string"}, "description": "1 to 2 members."
                }
            },
            "required": ["charge"]
        })
    );
    assert_eq!(input_schema(&action(Vec::new())), json!({"type": "object", "properties": {}}));
}

proptest! {
    #[test]
    fn what_is_taken_is_what_was_given(charge in ".{0,50}", quantity in any::<i64>()) {
        let quantity_of = input("quantity", Shape::Integer { minimum: -5, maximum: 5 });
        let inputs = [required(text("charge")), quantity_of];
        let given = json!({"charge": charge, "quantity": quantity});
        match read(&inputs, given.clone()) {
            Ok(read) => {
                prop_assert_eq!(read, given);
                prop_assert!((-5..=5).contains(&quantity));
                prop_assert!(!charge.is_empty() && !charge.contains(char::is_control));
            }
            Err(issues) => {
                // No fault repeats a value.
                let value = if charge.len() > 12 { charge.as_str() } else { "\u{0}" };
                prop_assert!(issues.iter().all(|issue| !issue.contains(value)));
            }
        }
    }
}
