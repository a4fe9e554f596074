//! The tokens that a `tokenizer.json` puts in front of every text.

use super::normal::kind;
use crate::shown::shown;
use serde_json::Value;

/// The most that a template may put in, in parts; published ones have one or two.
const MOST: usize = 64;

/// The tokens in front of a text, from the post-processor. What it puts behind a text is left out: texts go on.
///
/// # Errors
/// In words.
pub(super) fn read(value: Option<&Value>) -> Result<Vec<u32>, String> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let id = |value: Option<&Value>| {
        value
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| "a post-processor without ids".to_owned())
    };
    match kind(value, "post-processor")? {
        "ByteLevel" => Ok(Vec::new()),
        "Sequence" => {
            let list = value.get("processors").and_then(Value::as_array);
            let mut all = Vec::new();
            for part in list.into_iter().flatten().take(MOST) {
                if kind(part, "post-processor")? != "Sequence" {
                    // Later ones are put in front of what is there.
                    all.splice(0..0, read(Some(part))?);
                }
            }
            Ok(all)
        }
        "BertProcessing" | "RobertaProcessing" => Ok(vec![id(value.pointer("/cls/1"))?]),
        "TemplateProcessing" => template(value),
        other => Err(format!(
            "its post-processor {} is not known here",
            shown(other)
        )),
    }
}

fn template(value: &Value) -> Result<Vec<u32>, String> {
    let list = value.get("single").and_then(Value::as_array);
    let list = list.ok_or("a template without parts")?;
    if list.len() > MOST {
        return Err(format!(
            "a template of {} parts, at most {MOST} expected",
            list.len()
        ));
    }
    let mut all = Vec::new();
    for part in list {
        if part.get("Sequence").is_some() {
            break;
        }
        let name = part.pointer("/SpecialToken/id").and_then(Value::as_str);
        let name = name.ok_or("a template with a part that is neither a token nor the text")?;
        let token = value
            .get("special_tokens")
            .and_then(|tokens| tokens.get(name));
        let ids = token
            .and_then(|token| token.get("ids"))
            .and_then(Value::as_array);
        for id in ids.ok_or_else(|| format!("a template without the ids of {}", shown(name)))? {
            let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
            all.push(id.ok_or("a template with an id that is no whole number")?);
            if all.len() > MOST {
                return Err(format!("a template that puts in more than {MOST} tokens"));
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stands_in_front_is_read() {
        let template = json!({"type": "TemplateProcessing", "single": [
            {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "</s>", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1, 7]}}});
        assert_eq!(read(Some(&template)).unwrap(), [1, 7]);
        let both = json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]});
        assert_eq!(read(Some(&both)).unwrap(), [1, 7]);
        let roberta = json!({"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]});
        assert_eq!(read(Some(&roberta)).unwrap(), [0]);
        let mut many = template.clone();
        many["special_tokens"]["<s>"]["ids"] = json!(vec![1; 1000]);
        for refused in [
            many,
            json!({"type": "X"}),
            json!({"type": "TemplateProcessing"}),
            json!(1),
        ] {
            assert!(read(Some(&refused)).is_err(), "{refused}");
        }
        assert_eq!(read(None).unwrap(), [0_u32; 0]);
    }
}
