//! Claims of an access token (RFC 7519, RFC 9068), as a principal.

use std::{collections::HashSet, time::Duration};

use pmcp_tasks::{security::Principal, time::Millis};
use serde_json::{Map, Value};

use super::refused::Refused;

/// Everything that claims are compared with.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    /// A token is for one of them.
    pub(super) audiences: HashSet<String>,
    /// The amount by which clocks may differ.
    pub(super) leeway: Duration,
}

impl Expected {
    /// The caller that the claims name, if they hold now.
    pub(super) fn read(&self, claims: Map<String, Value>, now: Millis) -> Result<Principal, Refused> {
        if text(&claims, "iss") != Some(&self.issuer) {
            return Err(Refused::Issuer);
        }
        let is_ours = |audience: &Value| audience.as_str().is_some_and(|audience| self.audiences.contains(audience));
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        if !is_for_us {
            return Err(Refused::Audience);
        }
        let leeway = self.leeway.as_secs_f64();
        let now = Duration::from_millis(now.0).as_secs_f64();
        // One that never expires is not taken (RFC 9068, 2.2).
        let expires = time(&claims, "exp")?.ok_or(Refused::Malformed)?;
        if now >= expires + leeway {
            return Err(Refused::Expired);
        }
        if time(&claims, "nbf")?.is_some_and(|begins| now + leeway < begins) {
            return Err(Refused::Early);
        }
        let named = |name| text(&claims, name).filter(|text| !text.is_empty()).map(str::to_owned);
        // Some issuers name the client as OpenID Connect does.
        let (subject, client) = (named("sub"), named("client_id").or_else(|| named("azp")));
        if subject.is_none() && client.is_none() {
            return Err(Refused::Nobody);
        }
        Ok(Principal { issuer: self.issuer.clone(), subject, client, scopes: scopes(&claims), claims })
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// A time in seconds; one of another form is no time that anybody could have meant.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, Refused> {
    claims.get(name).map(|time| time.as_f64().ok_or(Refused::Malformed)).transpose()
}

/// The scopes: `scope` as a text (RFC 8693, 4.2), or `scp` as some issuers have them, a text or a list.
fn scopes(claims: &Map<String, Value>) -> std::collections::BTreeSet<String> {
    let given = claims.get("scope").or_else(|| claims.get("scp"));
    let listed = given.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let written = given.and_then(Value::as_str).unwrap_or_default().split(' ');
    listed.chain(written).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(changes: &Value) -> Result<Principal, Refused> {
        let expected = Expected {
            issuer: "https://auth.example.com".into(),
            audiences: ["https://mcp.example.com/mcp".to_owned()].into(),
            leeway: Duration::from_secs(30),
        };
        let mut claims = json!({
            "iss": "https://auth.example.com",
            "aud": "https://mcp.example.com/mcp",
            "exp": 2_000,
            "sub": "ann",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        expected.read(claims.as_object().unwrap().clone(), Millis(1_000_000))
    }

    #[test]
    fn claims_become_a_principal() {
        let ann = read(&json!({ "client_id": "app", "scope": "files:read  files:write", "team": "blue" })).unwrap();
        assert_eq!((&*ann.issuer, ann.subject.as_deref()), ("https://auth.example.com", Some("ann")));
        assert_eq!((ann.client.as_deref(), &ann.claims["team"]), (Some("app"), &json!("blue")));
        assert!(ann.has_scope("files:read") && ann.has_scope("files:write") && ann.scopes.len() == 2);
        assert!(read(&json!({ "scp": ["a", "b"] })).unwrap().has_scope("b"));
        assert!(read(&json!({ "scp": "a b" })).unwrap().has_scope("b"));
        let app = read(&json!({ "sub": null, "azp": "app" })).unwrap();
        assert_eq!((app.subject, app.client.as_deref()), (None, Some("app")));
    }

    #[test]
    fn whom_a_token_is_by_and_for_is_compared_exactly() {
        for issuer in [json!("https://auth.example.com/"), json!("https://AUTH.example.com"), json!(["x"]), json!(null)]
        {
            assert_eq!(read(&json!({ "iss": issuer })), Err(Refused::Issuer), "{issuer}");
        }
        for audience in [json!("https://mcp.example.com"), json!(["x", 1]), json!([]), json!(null), json!({ "a": 1 })] {
            assert_eq!(read(&json!({ "aud": audience })), Err(Refused::Audience), "{audience}");
        }
        assert!(read(&json!({ "aud": ["https://other", "https://mcp.example.com/mcp"] })).is_ok());
        assert_eq!(read(&json!({ "sub": "" })), Err(Refused::Nobody));
    }

    #[test]
    fn times_hold_within_the_leeway() {
        assert!(read(&json!({ "exp": 970.5 })).is_ok());
        assert_eq!(read(&json!({ "exp": 970 })), Err(Refused::Expired));
        assert_eq!(read(&json!({ "exp": -1e300 })), Err(Refused::Expired));
        assert!(read(&json!({ "nbf": 1_030 })).is_ok());
        assert_eq!(read(&json!({ "nbf": 1_031 })), Err(Refused::Early));
        for time in [json!("2000"), json!(null), json!([2_000])] {
            assert_eq!(read(&json!({ "exp": time })), Err(Refused::Malformed), "{time}");
            assert_eq!(read(&json!({ "nbf": time })), Err(Refused::Malformed), "{time}");
        }
    }
}
