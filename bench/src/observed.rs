//! Tasks over a connection of a server whose spans and metrics somebody takes, beside the same where nobody does.

use measure::{Peer, Workers};

use crate::{
    Effort,
    duel::Duel,
    table::{Row, Table, Verdict},
};

/// Tasks of each side in a round.
const TASKS: u32 = 60;

pub(crate) fn measure(_: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let mut peer = Peer::start("peer-observed", 1)?;
    for (command, name, is_budget) in [
        ("both", "task over a connection, with spans (OpenTelemetry) and metrics", true),
        ("spans", "the same, with spans alone", false),
        ("metrics", "the same, with metrics alone", false),
    ] {
        let mut duel = Duel::default();
        for round in 0..=effort.of(200, 60) {
            let with = peer.one(&format!("{command} {TASKS}"))?;
            let without = peer.one(&format!("plain {TASKS}"))?;
            // The first round warms up.
            if round > 0 {
                duel.round(without, with);
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
