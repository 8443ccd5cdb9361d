//! The statements, with the schema in their texts: a `search_path` would leak from one user of a pooler to the next.
//!
//! A statement reads by a snapshot from before it waited. So where a decision needs a lock, the lock is a statement of its own before
//! it, in the same transaction.

use tokio_postgres::types::Type;

use super::texts::{
    CLAIMED, LOCKED, NAME, NO_VICTIMS, PARTS_OF_GONE, RECORD, SEALED_SIZE, STATE, claim, create, keep_step, merge, put,
    record, seal, seal_evicting, sealed_size_with_step, victims,
};

/// A statement and the types of its parameters.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: String,
    pub(super) types: &'static [Type],
}

const BYTES: Type = Type::BYTEA;
const ID: Type = Type::UUID;
const NUMBER: Type = Type::INT8;
const SMALL: Type = Type::INT2;

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident($($type:expr),*) = $text:expr;)*) => {
        /// Every statement of the store, for one schema.
        #[derive(Debug)]
        pub(super) struct Statements {
            $($(#[$doc])* pub(super) $name: Query,)*
        }

        impl Statements {
            /// The statements for a schema, whose name is quoted.
            pub(super) fn new(schema: &str) -> Self {
                let named = |text: &str| text.replace('@', &format!("{schema}."));
                Self { $($name: Query { text: named(&$text), types: const { &[$($type),*] } },)* }
            }
        }
    };
}

statements! {
    /// Locks the row of a task, and notes which one it is for the next statement of the transaction.
    lock_task(BYTES, ID) =
        "SELECT set_config('pmcp.locked', n::text, true) FROM @task WHERE owner = $1 AND id = $2 FOR NO KEY UPDATE";

    /// Creates a task if its owner's live tasks leave a place, and all of his the room.
    create(BYTES, ID, NUMBER, NUMBER, NUMBER, ID, Type::BOOL, BYTES, BYTES, BYTES, BYTES, NUMBER, NUMBER, NUMBER, ID) =
        create(NO_VICTIMS);
    /// The same where sealed tasks of the owner may have to make room.
    create_evicting(
        BYTES, ID, NUMBER, NUMBER, NUMBER, ID, Type::BOOL, BYTES, BYTES, BYTES, BYTES, NUMBER, NUMBER, NUMBER, ID
    ) = create(&victims());

    /// A task with the parts whose bits are set.
    get(BYTES, ID, SMALL, NUMBER) = format!(
        "SELECT {RECORD}, \
             CASE WHEN $3 & 1 <> 0 THEN t.body END AS body, \
             CASE WHEN $3 & 8 <> 0 THEN t.outcome END AS outcome, \
             variables.names, variables.contents, steps.names, steps.contents \
         FROM @task t \
         CROSS JOIN LATERAL (SELECT array_agg({NAME}) AS names, array_agg(value) AS contents \
             FROM @variable WHERE task = t.n AND $3 & 2 <> 0) variables \
         CROSS JOIN LATERAL (SELECT array_agg({NAME}) AS names, array_agg(value) AS contents \
             FROM @step WHERE task = t.n AND $3 & 4 <> 0) steps \
         WHERE t.owner = $1 AND t.id = $2 AND t.expires > $4"
    );

    /// Writes the head of an open task; no row if that was refused. Gives whom to tell of a write by somebody else.
    put(BYTES, ID, NUMBER, NUMBER, BYTES, SMALL, ID, ID, NUMBER) = put("version, fence");
    /// The same with a step, if none of its name was recorded before.
    put_step(BYTES, ID, NUMBER, NUMBER, BYTES, SMALL, ID, ID, NUMBER, BYTES, BYTES, BYTES) = format!(
        "WITH done AS ({}), kept AS ( \
             INSERT INTO @step (task, name, label, value) SELECT n, $10, $11, $12 FROM done \
             ON CONFLICT (task, name) DO NOTHING RETURNING task \
         ), noted AS ( \
             INSERT INTO @grown AS g (task, variables, steps, writes) \
             SELECT task, 0, octet_length(coalesce($11, $10)) + octet_length($12), '{{}}' FROM kept \
             ON CONFLICT (task) DO UPDATE SET steps = g.steps + excluded.steps \
         ) \
         SELECT version, fence, holder FROM done",
        put("n, version, fence")
    );
    /// The task that a write of the head was refused for, and whether that write was made before.
    put_refused(BYTES, ID, ID, NUMBER) = format!(
        "SELECT {RECORD}, $3 = ANY (t.writes) FROM @task t WHERE t.owner = $1 AND t.id = $2 AND t.expires > $4"
    );
    /// Seals an open task if that leaves its owner far more room than it takes; no row if not, or if that was refused. The room is
    /// there for tasks that end at the same moment, which this snapshot does not show: 127 as large as this one, and 8 MiB. Nor
    /// does it show variables that are being written.
    seal(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID) = seal(SEALED_SIZE, "");
    /// The same with a step, if none of its name was recorded before.
    seal_step(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID, BYTES, BYTES, BYTES) =
        seal(&sealed_size_with_step(), &keep_step("done"));
    /// Seals the task that is locked whatever it takes, and removes sealed tasks of the owner for it.
    seal_evicting(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID) = seal_evicting(SEALED_SIZE, "");
    /// The same with a step, if none of its name was recorded before.
    seal_step_evicting(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID, BYTES, BYTES, BYTES) =
        seal_evicting(&sealed_size_with_step(), &keep_step("found"));

    /// Changes variables of the task that is locked.
    merge(BYTES, ID, NUMBER, Type::BYTEA_ARRAY, Type::INT2_ARRAY, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, NUMBER, ID, NUMBER, Type::BYTEA_ARRAY) =
        merge();
    /// Records a step of the task that is locked, and changes variables with it.
    record(
        BYTES, ID, NUMBER, Type::BYTEA_ARRAY, Type::INT2_ARRAY, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, NUMBER, ID, NUMBER,
        Type::BYTEA_ARRAY, BYTES, BYTES, BYTES
    ) = record();

    /// Removes the task that is locked, or only if it has expired by a time.
    delete(BYTES, ID, NUMBER) = format!(
        "WITH gone AS ( \
             DELETE FROM @task WHERE owner = $1 AND id = $2 AND ($3 IS NULL OR expires <= $3) AND n = {LOCKED} \
             RETURNING n, holder, open, bytes \
         ), less AS ( \
             INSERT INTO @taken (owner, bytes) SELECT $1, -bytes FROM gone WHERE NOT open \
         ), {PARTS_OF_GONE} \
         SELECT holder FROM gone"
    );
    /// Locks the rows of expired tasks that nobody is writing, and notes for the next statement where they are.
    lock_due(NUMBER, NUMBER) =
        "SELECT set_config('pmcp.due', coalesce(array_agg(ctid)::text, '{}'), true) FROM ( \
             SELECT ctid FROM @task WHERE expires <= $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED \
         ) due";
    /// Removes the tasks whose rows were locked; tells how many, and of which owners sealed ones were among them.
    sweep() = format!(
        "WITH gone AS ( \
             DELETE FROM @task WHERE ctid = ANY (nullif(current_setting('pmcp.due', true), '')::tid[]) \
             RETURNING n, owner, open, bytes \
         ), less AS ( \
             INSERT INTO @taken (owner, bytes) \
             SELECT owner, -sum(bytes)::bigint FROM gone WHERE NOT open GROUP BY owner \
         ), {PARTS_OF_GONE} \
         SELECT count(*), array_agg(DISTINCT owner) FILTER (WHERE NOT open) FROM gone"
    );
    /// Puts the rows of these owners together. Each row is removed by one transaction, which puts in what it removed, and those
    /// that another one works on are left to it.
    fold(Type::BYTEA_ARRAY) =
        "WITH old AS ( \
             DELETE FROM @taken WHERE ctid = ANY (ARRAY( \
                 SELECT ctid FROM @taken WHERE owner = ANY ($1) FOR UPDATE SKIP LOCKED \
             )) RETURNING owner, bytes \
         ) \
         INSERT INTO @taken (owner, bytes) \
         SELECT owner, sum(bytes)::bigint FROM old GROUP BY owner HAVING sum(bytes) <> 0";

    /// Tasks of a list before a place.
    page(BYTES, NUMBER, ID, NUMBER, NUMBER) = format!(
        "SELECT {RECORD}, t.id FROM @task t \
         WHERE t.owner = $1 AND t.listed AND (t.stamp, t.id) < ($2, $3) AND t.expires > $5 \
         ORDER BY t.stamp DESC, t.id DESC LIMIT $4"
    );
    /// Tasks of a holder in the order of their keys. Sorts what the holder has: never the table in the order of its key.
    held(ID, BYTES, ID, NUMBER) =
        "WITH held AS MATERIALIZED (SELECT owner, id FROM @task WHERE holder = $1) \
         SELECT owner, id FROM held WHERE (owner, id) > ($2, $3) ORDER BY owner, id LIMIT $4";

    /// Takes tasks over, and waits for writes of them that are under way: what they wrote is read afterwards.
    claim(ID, ID, NUMBER, NUMBER) = claim("");
    /// The same, but passes tasks that somebody writes or claims: who comes second takes others.
    claim_free(ID, ID, NUMBER, NUMBER) = claim("SKIP LOCKED");
    /// Tells whether a worker is buried, and whether a holder has a task to claim.
    after_claim(ID, ID, NUMBER) =
        "SELECT EXISTS (SELECT FROM @worker WHERE id = $2 AND state > 0), \
             EXISTS (SELECT FROM @task WHERE holder = $1 AND open AND expires > $3)";
    /// The variables and steps of the tasks that the statement before has taken over.
    claimed() = format!(
        "SELECT true, task, {NAME}, value FROM @variable WHERE task = ANY ({CLAIMED}) \
         UNION ALL SELECT false, task, {NAME}, value FROM @step WHERE task = ANY ({CLAIMED})"
    );

    beat(ID, NUMBER, NUMBER) =
        "INSERT INTO @worker AS w (id, counter, period, clock, state) VALUES ($1, 1, $2, $3, 0) \
         ON CONFLICT (id) DO UPDATE SET counter = w.counter + 1, period = $2, clock = $3 WHERE w.state = 0 \
         RETURNING counter";
    workers() = "SELECT id, counter, period, clock FROM @worker WHERE state = 0";
    bury(ID, NUMBER) =
        "UPDATE @worker SET state = greatest(state, 1::smallint) WHERE id = $1 AND (state > 0 OR counter = $2) RETURNING true";
    is_buried(ID) = "SELECT true FROM @worker WHERE id = $1 AND state > 0";
    buried() = "SELECT id FROM @worker WHERE state = 1";
    settle(ID) =
        "UPDATE @worker SET state = 2 \
         WHERE id = $1 AND state = 1 AND NOT EXISTS (SELECT FROM @task WHERE holder = $1) RETURNING true";

    /// Tells listeners.
    notify(Type::TEXT, Type::TEXT_ARRAY) = "SELECT pg_notify($1, payload) FROM unnest($2) AS payload";
    /// The states of tasks somebody waits for.
    look_at_awaited(Type::BYTEA_ARRAY, Type::UUID_ARRAY) = format!(
        "SELECT t.owner, t.id, {STATE} FROM unnest($1, $2) AS awaited (owner, id) \
         JOIN @task t ON t.owner = awaited.owner AND t.id = awaited.id"
    );
    /// The states of the tasks a worker holds, and of queued ones.
    look_at_held(ID, ID, NUMBER) = format!(
        "(SELECT t.owner, t.id, {STATE} FROM @task t WHERE t.holder = $1) \
         UNION ALL (SELECT t.owner, t.id, {STATE} FROM @task t WHERE t.holder = $2 ORDER BY t.stamp LIMIT $3)"
    );
}
