//! `/v1/openapi.json`: what may be asked, in OpenAPI 3.1, made from the table and the manifests.
//!
//! Without a token it tells what every tenant has; with one, also the verbs of its tenant's
//! modules that this token may use.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use cordboard_dialplan::schema::{Field, FieldKind};
use cordboard_host::manifest::Operation;
use serde_json::{Map, Value, json};

use super::Door;
use super::access::bearer;
use super::connections::Peer;
use super::problem::Problem;
use crate::tokens::{Actor, PERMISSIONS, tenant_of};
use crate::verbs::{Argument, Kind, Line, TABLE};

pub(super) async fn answer(
    State(door): State<Arc<Door>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Result<Response, Problem> {
    let actor = match bearer(request.headers()) {
        Some(shown) => {
            let tenant = tenant_of(shown).unwrap_or_default();
            let entered = door
                .access
                .enter(&door.operator, peer.0, (tenant, Some(shown)));
            Some(entered.await?)
        }
        None => None,
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, format!("{:#}\n", document(&door, actor.as_ref()))).into_response())
}

fn document(door: &Door, actor: Option<&Actor>) -> Value {
    let tenant = actor.map_or("{tenant}", |actor| actor.tenant.as_str());
    let mut paths = Map::new();
    let mut put = |path: String, method: &str, operation: Value| {
        let of = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(of) = of.as_object_mut() {
            of.insert(method.to_ascii_lowercase(), operation);
        }
    };
    let base = format!("/v1/tenants/{tenant}");
    for line in TABLE {
        let operation = of_line(line, actor.is_none());
        put(format!("{base}/{}", line.path), line.method, operation);
    }
    for (path, about) in [
        (
            "events",
            "The journal as server-sent events; `Last-Event-ID` or `after` resumes, `topics` chooses",
        ),
        (
            "stream",
            "A WebSocket of JSON texts: subscribe, and ask with an id; `ticket` is for browsers",
        ),
    ] {
        put(format!("{base}/{path}"), "get", plain(about, "read"));
    }
    let about = "A ticket for `stream?ticket=`: good once, for 30 s";
    put(format!("{base}/tickets"), "post", plain(about, "any"));
    match actor {
        None => put(
            format!("{base}/modules/{{module}}/{{verb}}"),
            "post",
            plain(
                "A verb of a module; with a token this document lists them",
                "the verb's",
            ),
        ),
        Some(actor) => {
            for (module, operation) in door.operator.modules.operations(&actor.tenant) {
                if actor.may(&operation.permission, Some(&module)) {
                    let path = format!("{base}/modules/{module}/{}", operation.verb);
                    put(path, "post", of_operation(&module, &operation));
                }
            }
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Cordboard", "version": env!("CARGO_PKG_VERSION") },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": format!("`cordboard token new TENANT NAME --allow ...`. {}", permissions()),
            }},
            "schemas": { "problem": {
                "type": "object", "description": "RFC 9457",
                "properties": {
                    "type": { "type": "string" }, "title": { "type": "string" },
                    "status": { "type": "integer" }, "detail": { "type": "string" },
                    "cure": { "type": "string" }, "place": { "type": "string" },
                    "errors": { "type": "array", "items": { "type": "object", "properties": {
                        "argument": { "type": "string" }, "detail": { "type": "string" },
                    }}},
                },
            }},
        },
    })
}

fn permissions() -> String {
    let each = PERMISSIONS
        .iter()
        .map(|(name, about)| format!("`{name}`: {about}"));
    each.collect::<Vec<_>>().join("; ")
}

fn answers() -> Value {
    json!({
        "200": { "description": "Done" },
        "default": {
            "description": "Why not",
            "content": { "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/problem" },
            }},
        },
    })
}

fn plain(about: &str, permission: &str) -> Value {
    json!({ "summary": about, "x-permission": permission, "responses": answers() })
}

fn of_line(line: &Line, any_tenant: bool) -> Value {
    let in_path = |a: &&Argument| line.path.contains(&format!("{{{}}}", a.name));
    let mut parameters: Vec<Value> = Vec::new();
    if any_tenant {
        parameters.push(parameter(
            "tenant",
            "path",
            (true, "The tenant"),
            json!({ "type": "string" }),
        ));
    }
    let mut of_body = Vec::new();
    for argument in line.arguments {
        let schema = schema_of(argument.kind);
        let is_path = in_path(&argument);
        let told = (argument.required, argument.about);
        match (is_path, line.method) {
            (true, _) => parameters.push(parameter(argument.name, "path", told, schema)),
            (false, "GET" | "DELETE") => {
                parameters.push(parameter(argument.name, "query", told, schema));
            }
            _ => of_body.push((argument.name.to_owned(), told.0, described(schema, told.1))),
        }
    }
    let mut operation = plain(line.about, line.permission);
    if let Some(members) = operation.as_object_mut() {
        members.insert("operationId".into(), line.name.into());
        members.insert("parameters".into(), parameters.into());
        if !of_body.is_empty() {
            members.insert("requestBody".into(), body(of_body));
        }
    }
    operation
}

fn parameter(name: &str, place: &str, (required, about): (bool, &str), schema: Value) -> Value {
    json!({
        "name": name, "in": place, "required": required, "description": about, "schema": schema,
    })
}

fn described(mut schema: Value, about: &str) -> Value {
    if let Some(members) = schema.as_object_mut()
        && !about.is_empty()
    {
        members.insert("description".into(), about.into());
    }
    schema
}

fn body(properties: Vec<(String, bool, Value)>) -> Value {
    let required: Vec<&String> = properties.iter().filter(|p| p.1).map(|p| &p.0).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false });
    if let Some(members) = schema.as_object_mut() {
        if !required.is_empty() {
            members.insert("required".into(), json!(required));
        }
        let all: Map<String, Value> = properties.into_iter().map(|p| (p.0, p.2)).collect();
        members.insert("properties".into(), all.into());
    }
    json!({ "content": { "application/json": { "schema": schema } } })
}

fn schema_of(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string", "maxLength": 4096 }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Texts => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
    }
}

fn of_operation(module: &str, operation: &Operation) -> Value {
    let permission = match operation.permission.as_str() {
        "" => "operate",
        named => named,
    };
    let mut shown = plain(&operation.about, permission);
    if let Some(members) = shown.as_object_mut() {
        let id = format!("{module}.{}", operation.verb);
        members.insert("operationId".into(), id.into());
        if !operation.arguments.is_empty() {
            let fields = operation.arguments.iter();
            let fields = fields.map(|field| (field.name.clone(), field.required, of_field(field)));
            members.insert("requestBody".into(), body(fields.collect()));
        }
    }
    shown
}

fn of_field(field: &Field) -> Value {
    let mut one = match &field.kind {
        FieldKind::Number { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        FieldKind::Flag => json!({ "type": "boolean" }),
        FieldKind::Duration => {
            json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h)$", "examples": ["20s"] })
        }
        FieldKind::Word(words) => json!({ "type": "string", "enum": words }),
        _ => json!({ "type": "string", "maxLength": 4096 }),
    };
    if let (Some(members), Some(default)) = (one.as_object_mut(), &field.default) {
        members.insert("default".into(), default.to_json());
    }
    match field.list {
        true => described(json!({ "type": "array", "items": one }), &field.about),
        false => described(one, &field.about),
    }
}
