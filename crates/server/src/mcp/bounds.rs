//! Keeps results within what models' clients take.

use serde_json::Value;

/// How often something is cut before the whole is given up.
const MOST_CUTS: usize = 50;

/// What was left out of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// How many items of lists.
    pub(super) items: usize,
    /// Whether a text was shortened, or the whole left out.
    pub(super) texts: bool,
}

/// Leaves out items at the ends of the longest lists until the value has at most `limit` bytes as JSON. Each list keeps
/// its first item. If that is not enough, the longest texts are shortened.
pub(super) fn cut(value: &mut Value, limit: usize) -> Cut {
    let mut cut = Cut::default();
    for _ in 0..MOST_CUTS {
        let Some(mut excess) = length(value).checked_sub(limit).filter(|excess| *excess > 0) else {
            return cut;
        };
        if let Some((_, list)) = longest_list(value) {
            while excess > 0
                && list.len() > 1
                && let Some(item) = list.pop()
            {
                excess = excess.saturating_sub(length(&item) + 1);
                cut.items += 1;
            }
        } else if let Some(text) = longest_text(value).filter(|text| text.len() > 8) {
            let kept = text.floor_char_boundary(text.len().saturating_sub(excess + 3));
            text.truncate(kept);
            text.push('…');
            cut.texts = true;
        } else {
            break;
        }
    }
    if length(value) > limit {
        *value = Value::Null;
        cut.texts = true;
    }
    cut
}

/// The length of a value as JSON, in bytes.
pub(super) fn length(value: &Value) -> usize {
    value.to_string().len()
}

/// The longest list of at least two items, with its length in bytes. One that is within such a list is shorter.
fn longest_list(value: &mut Value) -> Option<(usize, &mut Vec<Value>)> {
    let own = length(value);
    match value {
        Value::Array(items) => {
            if items.len() > 1 {
                Some((own, items))
            } else {
                longest_list(items.first_mut()?)
            }
        }
        Value::Object(members) => {
            members.values_mut().filter_map(longest_list).max_by_key(|(length, _)| *length)
        }
        _ => None,
    }
}

fn longest_text(value: &mut Value) -> Option<&mut String> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter_mut().filter_map(longest_text).max_by_key(|text| text.len()),
        Value::Object(members) => members.values_mut().filter_map(longest_text).max_by_key(|text| text.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_items_are_left_out_from_the_end() {
        let orders: Vec<Value> = (0..250).map(|id| json!({"id": id, "note": "x".repeat(4_000)})).collect();
        let mut value = json!({"orders": orders, "cursor": "next"});
        let cut = cut(&mut value, 24 * 1024);
        let kept = value["orders"].as_array().unwrap();
        assert!(length(&value) <= 24 * 1024);
        assert_eq!((kept.len(), cut), (6, Cut { items: 244, texts: false }));
        assert_eq!((&kept[5]["id"], &value["cursor"]), (&json!(5), &json!("next")));
    }

    #[test]
    fn a_list_within_a_list_and_a_long_text_are_cut_too() {
        let mut one = json!([{"lines": (0..500).map(|_| "y".repeat(50)).collect::<Vec<_>>()}]);
        assert!(cut(&mut one, 5_000).items > 300);
        assert!(length(&one) <= 5_000 && one[0]["lines"].as_array().unwrap().len() > 50);
        let mut text = json!({"id": "a", "text": "é\"".repeat(5_000)});
        assert_eq!(cut(&mut text, 1_000), Cut { items: 0, texts: true });
        assert!(length(&text) <= 1_000 && text["text"].as_str().unwrap().ends_with('…'));
        assert_eq!(text["id"], "a");
    }

    #[test]
    fn what_is_short_is_left_and_what_cannot_be_cut_goes() {
        let mut short = json!({"a": [1, 2]});
        assert_eq!((cut(&mut short, 100), short), (Cut::default(), json!({"a": [1, 2]})));
        let mut many: Value =
            (0..9_000).map(|id| (format!("k{id}"), json!(id))).collect::<serde_json::Map<_, _>>().into();
        assert!(cut(&mut many, 1_000).texts);
        assert_eq!(many, Value::Null);
    }
}
