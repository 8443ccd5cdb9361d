//! Tasks over a connection of a server whose spans and metrics somebody takes, beside the same where nobody does.

use measure::{Peer, Workers};

use crate::{
    Effort,
    duel::Duel,
    table::{Row, Table, Verdict},
};

/// Tasks of each side in a round.
const TASKS: u32 = 400;

pub(crate) fn measure(_: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    // A process each: what one leaves in its memory is not to help the other.
    let (mut observed, mut plain) = (Peer::start("peer-observed", 1)?, Peer::start("peer-observed", 1)?);
    for (with, without, name, is_budget) in [
        ("both", "plain", "task over a connection, with spans (OpenTelemetry) and metrics", true),
        ("spans", "plain", "the same, with spans alone", false),
        ("metrics", "plain", "the same, with metrics alone", false),
        ("http-both", "http-plain", "task over HTTP, with spans (OpenTelemetry) and metrics", true),
    ] {
        let mut duel = Duel::default();
        for round in 0..=effort.of(60, 20) {
            let other = observed.one(&format!("{with} {TASKS}"))?;
            let one = plain.one(&format!("{without} {TASKS}"))?;
            // The first round warms up.
            if round > 0 {
                duel.round(one, other);
            }
        }
        let ratio = duel.ratio();
        let budget = Verdict::Budget { text: "≤ 1.1x", met: ratio.median <= 1.1 };
        table.add(Row {
            name: name.to_owned(),
            ours: duel.other().times(),
            peer: format!("without {}", duel.one().times()),
            ratio: ratio.factors(),
            verdict: if is_budget { budget } else { Verdict::None },
        });
    }
    Ok(())
}
