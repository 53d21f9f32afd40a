//! What a module's step is given: its arguments, typed as the manifest says, templates filled in.

use cordboard_dialplan::schema::{Field, FieldKind, FieldValue, ModuleSchema, ModuleStep};
use serde_json::{Map, Value};

use crate::caller::Cx;
use crate::vars::Reader;

/// The arguments as one JSON object.
///
/// # Errors
/// What a template came to that its field cannot be.
pub(super) fn arguments(
    step: &ModuleStep,
    schema: &ModuleSchema,
    reader: &Reader<'_>,
) -> Result<Value, String> {
    let schema = schema.steps.get(&step.step);
    let mut out = Map::new();
    for (name, value) in &step.arguments {
        let field = schema.and_then(|schema| schema.field(name));
        out.insert(name.clone(), fill(name, value, field, reader)?);
    }
    Ok(Value::Object(out))
}

fn fill(
    name: &str,
    value: &FieldValue,
    field: Option<&Field>,
    reader: &Reader<'_>,
) -> Result<Value, String> {
    let template = match value {
        FieldValue::Template(template) => template,
        FieldValue::List(list) => {
            let all = list.iter().map(|value| fill(name, value, field, reader));
            return all.collect();
        }
        fixed => return Ok(fixed.to_json()),
    };
    let filled = reader.fill(template);
    let Some(FieldKind::Number { min, max }) = field.map(|field| &field.kind) else {
        return Ok(Value::String(filled.text));
    };
    let number = filled.text.trim().parse::<i64>().ok();
    match number.filter(|number| (min..=max).contains(&number)) {
        Some(number) => Ok(Value::from(number)),
        None => Err(format!(
            "`{name}` is a number from {min} to {max}, and `{}` came to `{}`",
            template.source(),
            filled.shown()
        )),
    }
}

/// The arguments as they may be shown: positional ones, then what differs from its default.
pub(super) fn detail(step: &ModuleStep, cx: &Cx<'_>) -> String {
    let module = cx.world.dialplan().modules.get(&step.module);
    let Some(schema) = module.and_then(|module| module.schema.steps.get(&step.step)) else {
        return String::new();
    };
    let reader = cx.reader();
    let mut words: Vec<String> = Vec::new();
    for field in &schema.positional {
        let value = step.arguments.get(&field.name);
        words.extend(value.map(|value| shown(value, &reader)));
    }
    for field in &schema.named {
        let value = step.arguments.get(&field.name);
        let value = value.filter(|value| field.default.as_ref() != Some(value));
        if let Some(text) = value
            .map(|value| shown(value, &reader))
            .filter(|t| !t.is_empty())
        {
            words.push(format!("{}={text}", field.name));
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn shown(value: &FieldValue, reader: &Reader<'_>) -> String {
    match value {
        FieldValue::Text(text) => text.clone(),
        FieldValue::Template(template) => reader.fill(template).shown().to_owned(),
        FieldValue::Duration(time) => format!("{time:?}"),
        FieldValue::List(list) => {
            let all: Vec<String> = list.iter().map(|value| shown(value, reader)).collect();
            all.join(" ")
        }
        other => other.to_json().to_string(),
    }
}
