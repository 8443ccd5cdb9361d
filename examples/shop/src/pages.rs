//! Pages for people: the catalogue, and an order for whoever has its link.

use std::fmt::Write as _;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
};
use pmcp_tasks::task::TaskId;

use crate::{
    guard::not_kept,
    serve::{App, Failed},
    stock::{OrderState, euros},
};

/// A text in HTML, in an element or between the quotes of an attribute.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, character| {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
        html
    })
}

/// A page with this title, a text, and this content, which is HTML.
fn page(title: &str, content: &str) -> Html<String> {
    let title = escaped(title);
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=width=device-width>\
         <title>{title}</title><style>body{{font:1.1rem/1.6 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem;\
         color-scheme:light dark}}td{{padding:.2rem 2rem .2rem 0}}</style><h1>{title}</h1>{content}</html>"
    ))
}

/// The catalogue.
pub(crate) async fn catalogue(State(app): State<App>) -> Result<Html<String>, Failed> {
    let mut rows = String::new();
    for goods in app.stock.goods().await? {
        let _ = write!(rows, "<tr><td>{}<td>{}<td>{} left", escaped(&goods.name), euros(goods.cents), goods.left);
    }
    Ok(page("Shop", &format!("<table>{rows}</table>")))
}

/// An order, for whoever has its link: its id is 122 random bits, and opens nothing else.
pub(crate) async fn order(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failed> {
    let order = match id.parse::<TaskId>() {
        Ok(id) => app.stock.order(id).await?,
        Err(_) => None,
    };
    let Some(order) = order else {
        return Ok((StatusCode::NOT_FOUND, page("No such order", "<p>The link is wrong.")).into_response());
    };
    let state = match order.state {
        OrderState::Reserved => "put aside until they are paid",
        OrderState::Sent => "paid, and on their way",
        OrderState::Released => "not ordered any more",
        OrderState::Owed => "paid: somebody of the shop is looking into it",
    };
    let title = format!("{} {}", order.quantity, order.goods);
    // Whoever has the link sees it: a proxy is not to hand it to others.
    Ok(not_kept(page(&title, &format!("<p>{}: {state}.", euros(order.cents))).into_response()))
}
