//! Values of every form against schemas of every keyword.

use serde_json::json;

use super::*;

/// What comes out of a value, and what is wrong with it.
fn read(schema: &Value, mut value: Value) -> (Value, Option<String>) {
    let mistakes = Compiled::new(schema).unwrap().read(&mut value);
    (value, mistakes.any().map(|mistake| format!("{}: {mistake}", mistake.at)))
}

#[test]
fn equal_values_are_what_the_schema_means() {
    let integer = json!({ "type": "integer" });
    let list = json!({ "type": "array", "items": integer });
    let object = json!({ "type": "object", "properties": { "n": integer, "list": list }, "required": ["n"] });
    let nullable = json!({ "anyOf": [object, { "type": "null" }] });
    for (schema, given, meant) in [
        (&integer, json!(3.0), json!(3)),
        (&integer, json!(-2e3), json!(-2000)),
        (&json!({ "type": ["integer", "null"] }), json!(3.0), json!(3)),
        (&json!({ "enum": [1, 2] }), json!(2.0), json!(2)),
        (&json!({ "type": "number" }), json!(3.0), json!(3.0)),
        (&json!({ "anyOf": [{ "type": "integer" }, { "type": "number" }] }), json!(3.0), json!(3.0)),
        (&list, json!([1.0, 2]), json!([1, 2])),
        (&list, json!("[1, 2.0]"), json!([1, 2])),
        (&list, json!(" [] "), json!([])),
        (&object, json!("{\"n\": 1.0}"), json!({ "n": 1 })),
        (&object, json!({ "n": 1, "list": "[1]" }), json!({ "n": 1, "list": [1] })),
        (&object, json!({ "n": 1, "list": null }), json!({ "n": 1 })),
        (&nullable, json!({ "n": 1.0, "list": null }), json!({ "n": 1 })),
        (&nullable, json!(null), json!(null)),
        (&json!({ "type": "string" }), json!("[1]"), json!("[1]")),
        (&json!({ "type": ["string", "array"] }), json!("[1]"), json!("[1]")),
        (&json!({ "anyOf": [{ "type": "string" }, list] }), json!("[1]"), json!("[1]")),
        (&json!(true), json!({ "a": ["[1]", 3.0, null] }), json!({ "a": ["[1]", 3.0, null] })),
        (&json!({ "type": "object", "additionalProperties": integer }), json!({ "a": 1.0 }), json!({ "a": 1 })),
        (
            &json!({ "prefixItems": [integer, { "type": "string" }], "items": list }),
            json!([1.0, "1", "[2.0]"]),
            json!([1, "1", [2]]),
        ),
    ] {
        assert_eq!(read(schema, given.clone()), (meant, None), "{given} as {schema}");
    }
}

#[test]
fn what_is_something_else_is_left_and_refused() {
    let integer = json!({ "type": "integer" });
    let list = json!({ "type": "array", "items": integer });
    let several = json!({ "anyOf": [list, { "type": "array", "minItems": 1 }] });
    for (schema, given, mistake) in [
        (&integer, json!(3.5), ": 3.5 is not of the type integer"),
        (&integer, json!("3"), ": \"3\" is not of the type integer"),
        (&integer, json!(1e300), ": 1e+300 is not of the type integer"),
        (&list, json!("[1"), ": \"[1\" is not of the type array"),
        (&list, json!("{}"), ": \"{}\" is not of the type array"),
        (&list, json!([1, 2.5]), "[1]: 2.5 is not of the type integer"),
        (&several, json!("[1]"), ": \"[1]\" is not of the type array"),
        (&json!({ "enum": ["a", 1] }), json!("b"), ": \"b\" is none of \"a\", 1"),
        (
            &json!({ "oneOf": [{ "const": "a", "title": "A" }, { "const": "b" }] }),
            json!("c"),
            ": \"c\" is none of \"a\", \"b\"",
        ),
        (&json!({ "not": { "type": "string" } }), json!("a"), ": \"a\" is what must not be"),
        (&json!(false), json!(1), ": 1 is not of the type "),
    ] {
        let (read, found) = read(schema, given.clone());
        // Of two readings of a text neither is taken.
        if *schema == several {
            assert_eq!(found, None, "both read it alike");
            assert_eq!(read, json!([1]));
            continue;
        }
        assert_eq!((found.as_deref(), &read), (Some(mistake), &given), "{schema}");
    }
}

#[test]
fn every_bound_holds() {
    for (schema, good, bad, mistake) in [
        (json!({ "minimum": 1 }), json!(1.0), json!(0), "0 is less than the minimum, 1"),
        (json!({ "maximum": 1.5 }), json!(1.5), json!(2), "2 is more than the maximum, 1.5"),
        (
            json!({ "maximum": u64::MAX - 1 }),
            json!(u64::MAX - 1),
            json!(u64::MAX),
            "18446744073709551615 is more than the maximum, 18446744073709551614",
        ),
        (json!({ "exclusiveMinimum": 0 }), json!(0.1), json!(0), "0 is not more than 0"),
        (json!({ "exclusiveMaximum": 9 }), json!(8), json!(9.0), "9.0 is not less than 9"),
        (json!({ "multipleOf": 0.1 }), json!(0.3), json!(0.35), "0.35 is no multiple of 0.1"),
        (json!({ "minLength": 2 }), json!("üü"), json!("ü"), "it has 1 characters, fewer than 2"),
        (json!({ "maxLength": 1 }), json!("ü"), json!("ab"), "it has 2 characters, more than 1"),
        (json!({ "pattern": "^a\\d$" }), json!("a1"), json!("ab"), "\"ab\" does not match the pattern `^a\\d$`"),
        (json!({ "format": "email" }), json!("a.b@c.d"), json!("a@.d"), "\"a@.d\" is not an email address"),
        (json!({ "format": "uri" }), json!("x:y"), json!("y"), "\"y\" is not a URI"),
        (
            json!({ "format": "date" }),
            json!("2024-02-29"),
            json!("2023-02-29"),
            "\"2023-02-29\" is not a date (YYYY-MM-DD)",
        ),
        (
            json!({ "format": "date-time" }),
            json!("2024-02-29T00:00:00Z"),
            json!("2024-02-29"),
            "\"2024-02-29\" is not a date and time (RFC 3339)",
        ),
        (json!({ "minItems": 1 }), json!([1]), json!([]), "it has 0 items, fewer than 1"),
        (json!({ "maxItems": 1 }), json!([1]), json!([1, 2]), "it has 2 items, more than 1"),
        (json!({ "uniqueItems": true }), json!([1, "1"]), json!([1, 2, 1]), "1 is in it twice"),
        (json!({ "minProperties": 1 }), json!({ "a": 1 }), json!({}), "it has 0 names, fewer than 1"),
        (json!({ "maxProperties": 1 }), json!({ "a": 1 }), json!({ "a": 1, "b": 2 }), "it has 2 names, more than 1"),
    ] {
        let other = json!({ "anyOf": [schema, { "type": "boolean" }] });
        for schema in [&schema, &json!({ "allOf": [schema] }), &other] {
            assert_eq!(read(schema, good.clone()).1, None, "{schema}");
            let mut value = bad.clone();
            let mistakes = Compiled::new(schema).unwrap().read(&mut value);
            assert_eq!(mistakes.bound().map(|mistake| mistake.to_string()).as_deref(), Some(mistake), "{schema}");
        }
        for value in [json!(null), json!(true)] {
            assert_eq!(read(&schema, value.clone()), (value, None), "what the bound is not about");
        }
    }
}

#[test]
fn a_mistake_says_where_it_is() {
    let count = json!({ "type": "integer", "minimum": 1 });
    let variant = |tag: &str, field: &Value| json!({ "type": "object", "properties": { "kind": { "const": tag }, "by": field }, "required": ["kind", "by"] });
    let schema = json!({
        "type": "object",
        "properties": { "rows": { "type": "array", "items": { "oneOf": [variant("a", &count), variant("b", &json!({}))] } } },
    });
    let rows = json!({ "rows": [{ "kind": "b", "by": 0 }, { "kind": "a", "by": 0.0 }] });
    let (read_rows, mistake) = read(&schema, rows);
    assert_eq!(mistake.as_deref(), Some("rows[1].by: 0 is less than the minimum, 1"));
    assert_eq!(read_rows["rows"][1]["by"], json!(0));
    let (_, mistake) = read(&schema, json!({ "rows": [{ "kind": "c" }] }));
    assert_eq!(mistake.as_deref(), Some("rows[0]: {\"kind\":\"c\"} fits none of its alternatives"));
}

#[test]
fn recursive_types_are_read_at_every_depth() {
    let schema = json!({ "$ref": "#/$defs/Tree", "$defs": { "Tree": {
        "type": "object",
        "properties": { "leaf": { "type": ["integer", "null"] }, "children": { "type": "array", "items": { "$ref": "#/$defs/Tree" } } },
        "required": ["children"],
    } } });
    let given = json!({ "children": "[{\"leaf\": 1.0, \"children\": []}]", "leaf": null });
    let meant = json!({ "children": [{ "leaf": 1, "children": [] }], "leaf": null });
    assert_eq!(read(&schema, given), (meant, None));
}

#[test]
fn a_text_in_a_text_stays_a_text() {
    let schema = json!({ "type": "array", "items": { "$ref": "#" } });
    assert_eq!(read(&schema, json!("[[]]")), (json!([[]]), None));
    let (read, mistake) = read(&schema, json!("[\"[]\"]"));
    assert_eq!((read, mistake.as_deref()), (json!(["[]"]), Some("[0]: \"[]\" is not of the type array")));
}

#[test]
fn what_refers_to_itself_ends() {
    for schema in [
        json!({ "properties": { "a": { "$ref": "#/properties/a" } } }),
        json!({ "properties": { "a": { "allOf": [{ "$ref": "#/properties/a" }] } } }),
        json!({ "properties": { "a": { "anyOf": [{ "$ref": "#/properties/a" }, { "$ref": "#/properties/a", "type": "null" }] } } }),
    ] {
        let (_, mistake) = read(&schema, json!({ "a": 1 }));
        assert!(mistake.is_some(), "{schema}");
    }
}

#[test]
fn what_nests_alternatives_has_its_limit() {
    let tree = |name: &str| json!({ "type": "object", "properties": { "in": { "$ref": "#" }, name: { "type": "integer" } }, "required": ["in"] });
    let schema = json!({ "anyOf": [tree("a"), tree("b"), { "type": "boolean" }] });
    let mut value = json!(7);
    for _ in 0..100 {
        value = json!({ "in": value });
    }
    let (_, mistake) = read(&schema, value);
    assert!(mistake.unwrap().contains("too many readings"));
}

/// Definitions of which each stands for this many of the next.
fn doubling(width: usize) -> Value {
    let refers = |to: usize| json!({ "allOf": vec![json!({ "$ref": format!("#/$defs/d{to}") }); width] });
    let defs: Map<_, _> =
        (0..20).map(|n| (format!("d{n}"), refers(n + 1))).chain([("d20".into(), json!({}))]).collect();
    json!({ "$defs": defs, "properties": { "a": { "$ref": "#/$defs/d0" } } })
}

#[test]
fn what_stands_for_two_at_every_level_has_its_limit() {
    for width in [2, 100] {
        for value in [json!(1), json!({ "b": [1] }), Value::Null] {
            let (_, mistake) = read(&doubling(width), json!({ "a": value }));
            assert!(mistake.is_some_and(|mistake| mistake.contains("too many parts")), "{width} {value}");
        }
    }
    let itself = json!({ "$ref": "#/properties/a" });
    let schema = json!({ "properties": { "a": { "allOf": [itself, itself] } } });
    assert!(read(&schema, json!({ "a": 1 })).1.is_some());
    let either = json!({ "anyOf": [{ "$ref": "#/$defs/d0" }, { "$ref": "#/$defs/d1" }] });
    let schema = json!({ "$defs": doubling(300)["$defs"], "items": either });
    assert!(read(&schema, json!([1, 2, 3])).1.is_some());
}

#[test]
fn patterns_take_so_much_memory_together() {
    let of = |pattern: &str, count: usize| {
        let properties: Map<_, _> = (0..count).map(|n| (format!("p{n}"), json!({ "pattern": pattern }))).collect();
        Compiled::new(&json!({ "properties": properties })).map(drop)
    };
    assert_eq!(of("^[a-z0-9_-]{1,64}$", 400), Ok(()));
    assert_eq!(of("^.{1,4000}$", 20), Ok(()));
    let error = of("(a{100}){300}", 40).unwrap_err();
    assert!(error.starts_with("the pattern `(a{100}){300}` of its argument `p"), "{error}");
}

#[test]
fn what_cannot_be_checked_is_said() {
    for (schema, reason) in [
        (
            json!({ "properties": { "a": { "properties": { "b": { "pattern": "(" } } } } }),
            "the pattern `(` of its argument `a.b` cannot be checked",
        ),
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/B" } } }),
            "its argument `a` refers to `#/$defs/B`, which is nowhere",
        ),
    ] {
        let error = Compiled::new(&schema).unwrap_err();
        assert!(error.starts_with(reason), "{error}");
    }
}

#[test]
fn a_long_list_of_alternatives_is_read_however_small_its_first_one_is() {
    let tagged =
        |name: &str| json!({ "type": "object", "properties": { name: { "type": "integer" } }, "required": [name] });
    let shapes: Vec<Value> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(tagged).into();
    let schema = json!({ "type": "array", "items": { "oneOf": shapes } });
    let list = json!(vec![json!({ "j": 1 }); 10_000]);
    assert_eq!(read(&schema, list.clone()), (list.clone(), None));
    assert_eq!(read(&schema, json!(list.to_string())), (list, None));
}

#[test]
fn an_integer_beyond_those_of_doubles_is_no_choice_beside_it() {
    let schema = json!({ "enum": [9_007_199_254_740_992_u64] });
    assert!(read(&schema, json!(9_007_199_254_740_993_u64)).1.is_some());
    assert_eq!(read(&schema, json!(9_007_199_254_740_992_u64)).1, None);
}
