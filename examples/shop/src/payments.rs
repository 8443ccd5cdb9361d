//! The webhook of the payment provider. It signs what it tells, and tells it again until it is answered 2xx.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use pmcp_tasks::operate::{Delivery, SignalError};
use ring::hmac;
use serde::Deserialize;
use serde_json::json;

use crate::{
    order::{PAID, Payment},
    serve::{App, Failed},
    stock::OrderState,
};

/// The header with the signature: the HMAC-SHA256 of the body, in base64.
const SIGNATURE: &str = "x-shop-signature";

/// The largest body that is read, in bytes.
const LARGEST: usize = 16 << 10;

/// A payment of an order.
#[derive(Deserialize)]
struct Paid {
    order: String,
    #[serde(flatten)]
    payment: Payment,
}

/// The route, for whoever signs with this key.
pub(crate) fn routes(key: hmac::Key) -> Router<App> {
    let webhook = async move |State(app): State<App>, headers: HeaderMap, body: Bytes| {
        let signature = headers.get(SIGNATURE).and_then(|signature| BASE64_STANDARD.decode(signature).ok());
        // In a time that does not tell how much of it is right.
        if signature.is_none_or(|signature| hmac::verify(&key, &body, &signature).is_err()) {
            return Ok(StatusCode::UNAUTHORIZED.into_response());
        }
        take(&app, &body).await
    };
    Router::new().route("/payments", post(webhook)).layer(DefaultBodyLimit::max(LARGEST))
}

/// Takes what the provider tells. That it may come twice, or out of time, is no matter: a signal is delivered once, and a payment has an id.
async fn take(app: &App, body: &[u8]) -> Result<Response, Failed> {
    let Ok(Paid { order, payment }) = serde_json::from_slice(body) else {
        return Ok(StatusCode::UNPROCESSABLE_ENTITY.into_response());
    };
    let order = match order.parse() {
        Ok(id) => app.stock.order(id).await?,
        Err(_) => None,
    };
    let Some(order) = order else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    if payment.cents != order.cents {
        return Ok(told(StatusCode::UNPROCESSABLE_ENTITY, "it is another amount: give it back"));
    }
    // A second payment looks like the first one that comes again, but for its id: whoever paid twice gets the second one back.
    if !app.stock.pay(order.id, payment.id.clone()).await? {
        return Ok(told(StatusCode::CONFLICT, "the order is paid by another payment: give this one back"));
    }
    let answer = match app.store.task(&order.owner, order.id).signal(PAID, &payment).await {
        Ok(Delivery::Delivered | Delivery::Kept) => told(StatusCode::ACCEPTED, "the order goes on"),
        Ok(Delivery::Again) => told(StatusCode::OK, "it is known"),
        // The task may have expired since it took the payment.
        Ok(_) if matches!(order.state, OrderState::Sent | OrderState::Owed) => told(StatusCode::OK, "it is known"),
        Ok(_) => told(StatusCode::GONE, "the order is over: give it back"),
        Err(SignalError::Store(error)) => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, order = %order.id, "a payment does not fit");
            told(StatusCode::UNPROCESSABLE_ENTITY, "it does not fit the order")
        }
    };
    Ok(answer)
}

fn told(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}
