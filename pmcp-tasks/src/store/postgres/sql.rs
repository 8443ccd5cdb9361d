//! The statements, with the schema in their texts: a `search_path` would leak from one user of a pooler to the next.
//!
//! A statement reads by a snapshot from before it waited. So where a decision needs a lock, the lock is a statement of its own before
//! it, in the same transaction.

use tokio_postgres::types::Type;

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
    /// Waits until no other transaction holds this lock.
    lock(NUMBER) = "SELECT pg_advisory_xact_lock($1)";
    /// The same, shared with others that want it so.
    lock_shared(NUMBER) = "SELECT pg_advisory_xact_lock_shared($1)";
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
         CROSS JOIN LATERAL (SELECT array_agg(name) AS names, array_agg(value) AS contents \
             FROM @variable WHERE task = t.n AND $3 & 2 <> 0) variables \
         CROSS JOIN LATERAL (SELECT array_agg(name) AS names, array_agg(value) AS contents \
             FROM @step WHERE task = t.n AND $3 & 4 <> 0) steps \
         WHERE t.owner = $1 AND t.id = $2 AND t.expires > $4"
    );

    /// Writes the head of an open task; no row if that was refused. Gives whom to tell of a write by somebody else.
    put(BYTES, ID, NUMBER, NUMBER, BYTES, SMALL, ID, ID, NUMBER) = put("version, fence");
    /// The same with a step, if none of its name was recorded before.
    put_step(BYTES, ID, NUMBER, NUMBER, BYTES, SMALL, ID, ID, NUMBER, BYTES, BYTES) = format!(
        "WITH done AS ({}), kept AS ( \
             INSERT INTO @step (task, name, value) SELECT n, $10, $11 FROM done ON CONFLICT (task, name) DO NOTHING RETURNING task \
         ), noted AS ( \
             INSERT INTO @grown AS g (task, variables, steps, writes) \
             SELECT task, 0, octet_length($10) + octet_length($11), '{{}}' FROM kept \
             ON CONFLICT (task) DO UPDATE SET steps = g.steps + excluded.steps \
         ) \
         SELECT version, fence, holder FROM done",
        put("n, version, fence")
    );
    /// The task that a write of the head was refused for, and whether that write was made before.
    put_refused(BYTES, ID, ID, NUMBER) = format!(
        "SELECT {RECORD}, $3 = ANY (t.writes) FROM @task t WHERE t.owner = $1 AND t.id = $2 AND t.expires > $4"
    );
    /// Seals an open task if that leaves its owner the room he may take; no row if not, or if that was refused. Of variables that
    /// are written at the same moment, all that are kept with it, those may not count which this snapshot does not show.
    seal(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID) = seal(SEALED_SIZE, "");
    /// The same with a step, if none of its name was recorded before.
    seal_step(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID, BYTES, BYTES) =
        seal(&sealed_size_with_step(), &keep_step("done"));
    /// Seals the task that is locked whatever it takes, and removes sealed tasks of the owner for it.
    seal_evicting(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID) = seal_evicting(SEALED_SIZE, "");
    /// The same with a step, if none of its name was recorded before.
    seal_step_evicting(BYTES, ID, NUMBER, NUMBER, BYTES, BYTES, ID, NUMBER, NUMBER, ID, BYTES, BYTES) =
        seal_evicting(&sealed_size_with_step(), &keep_step("found"));

    /// Changes variables of the task that is locked.
    merge(BYTES, ID, NUMBER, Type::BYTEA_ARRAY, Type::INT2_ARRAY, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, NUMBER, ID, NUMBER) =
        merge();
    /// Records a step of the task that is locked, and changes variables with it.
    record(
        BYTES, ID, NUMBER, Type::BYTEA_ARRAY, Type::INT2_ARRAY, Type::BYTEA_ARRAY, Type::BYTEA_ARRAY, NUMBER, ID, NUMBER,
        BYTES, BYTES
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
    /// Removes expired tasks; tells how many, and of which owners sealed ones were among them.
    sweep(NUMBER, NUMBER) = format!(
        "WITH due AS MATERIALIZED ( \
             SELECT owner, id FROM @task WHERE expires <= $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED \
         ), gone AS ( \
             DELETE FROM @task t USING due WHERE t.owner = due.owner AND t.id = due.id \
             RETURNING t.n, t.owner, t.open, t.bytes \
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
    /// The variables and steps of tasks.
    parts(Type::INT8_ARRAY) =
        "SELECT true, task, name, value FROM @variable WHERE task = ANY ($1) \
         UNION ALL SELECT false, task, name, value FROM @step WHERE task = ANY ($1)";

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

/// Columns that a task without its parts is read from, of a table `t`.
const RECORD: &str = "t.version, t.fence, t.holder, t.open, t.stamp, t.expires, t.head";

/// What changes with every write of a task's head or variables.
const STATE: &str = "t.version, (SELECT g.writes[1] FROM @grown g WHERE g.task = t.n)";

/// The task whose row the statement before has locked.
const LOCKED: &str = "nullif(current_setting('pmcp.locked', true), '')::bigint";

/// Removes what else there is of tasks in `gone`.
const PARTS_OF_GONE: &str = "gone_variables AS (DELETE FROM @variable WHERE task = ANY (ARRAY(SELECT n FROM gone))), \
     gone_steps AS (DELETE FROM @step WHERE task = ANY (ARRAY(SELECT n FROM gone))), \
     gone_grown AS (DELETE FROM @grown WHERE task = ANY (ARRAY(SELECT n FROM gone)))";

/// Bytes that an open task `live` takes.
const SIZE: &str = "1024 + octet_length(live.head) + octet_length(live.body) \
     + coalesce((SELECT g.variables + g.steps FROM @grown g WHERE g.task = live.n), 0)";

/// Bytes that a task `t` takes once it is sealed with the head `$5` and the outcome `$6`.
const SEALED_SIZE: &str = "1024 + octet_length($5) + octet_length(t.body) + coalesce(octet_length($6), 0) \
     + coalesce((SELECT g.variables + g.steps FROM @grown g WHERE g.task = t.n), 0)";

/// Bytes that the other tasks of the owner of a task `t` take at the time `$8`.
const OTHERS: &str = "coalesce((SELECT sum(taken.bytes) FROM @taken WHERE taken.owner = $1), 0)::bigint \
     + coalesce((SELECT sum(1024 + octet_length(live.head) + octet_length(live.body) \
         + coalesce((SELECT g.variables + g.steps FROM @grown g WHERE g.task = live.n), 0)) FROM @task live \
         WHERE live.owner = $1 AND live.open AND live.expires > $8 AND live.n <> t.n), 0)::bigint";

/// Removes nothing.
const NO_VICTIMS: &str = "";

/// Removes sealed tasks of the owner (`$1`) until the bytes in `excess` are free if the code of the verdict is 0, those that were
/// sealed first. Each takes 1 KiB at least, which bounds how many are looked at.
fn victims() -> String {
    format!(
        ", wanted AS MATERIALIZED ( \
             SELECT CASE WHEN (SELECT code FROM verdict) = 0 THEN (SELECT bytes FROM excess) ELSE 0 END AS bytes \
         ), \
         victim AS MATERIALIZED ( \
             SELECT id, n FROM ( \
                 SELECT id, n, sum(bytes) OVER (ORDER BY sealed, id) - bytes AS freed_before FROM ( \
                     SELECT id, n, sealed, bytes FROM @task \
                     WHERE owner = $1 AND NOT open \
                     ORDER BY sealed, id LIMIT (SELECT CASE WHEN bytes > 0 THEN bytes / 1024 + 1 ELSE 0 END FROM wanted) \
                 ) earliest \
             ) summed WHERE freed_before < (SELECT bytes FROM wanted) \
         ), gone AS ( \
             DELETE FROM @task t USING victim WHERE t.owner = $1 AND t.id = victim.id AND t.n = victim.n AND NOT t.open \
             RETURNING t.n, t.bytes \
         ), less AS ( \
             INSERT INTO @taken (owner, bytes) SELECT $1, -sum(bytes)::bigint FROM gone HAVING count(*) > 0 \
         ), {PARTS_OF_GONE}"
    )
}

/// Codes: 0 created, 1 replayed, 2 the same, 3 differs, 4 full, 5 an expired task is under the key, 6 buried, 7 no room, 8 others
/// have to make room.
fn create(victims: &str) -> String {
    // Removing others is left to a statement that does.
    let crowded = if victims.is_empty() { "(SELECT bytes FROM excess) > 0" } else { "false" };
    format!(
        "WITH old AS MATERIALIZED ( \
             SELECT expires > $12 AS lives FROM @task WHERE owner = $1 AND id = $2 \
         ), twin AS MATERIALIZED ( \
             SELECT id, payload = $11 AS same FROM @task WHERE owner = $1 AND key = $10 AND expires > $12 LIMIT 1 \
         ), living AS MATERIALIZED ( \
             SELECT count(*) AS tasks, coalesce(sum(size), 0)::bigint AS bytes FROM ( \
                 SELECT {SIZE} AS size FROM @task live WHERE live.owner = $1 AND live.open AND live.expires > $12 LIMIT $5 \
             ) counted \
         ), sealed AS MATERIALIZED ( \
             SELECT coalesce(sum(bytes), 0)::bigint AS bytes, count(*) AS summands FROM @taken WHERE owner = $1 \
         ), excess AS MATERIALIZED ( \
             SELECT (SELECT bytes FROM living) + (SELECT bytes FROM sealed) - ($13 - $14) AS bytes \
         ), verdict AS MATERIALIZED ( \
             SELECT CASE \
                 WHEN (SELECT lives FROM old) THEN 1 \
                 WHEN (SELECT same FROM twin) THEN 2 \
                 WHEN EXISTS (SELECT FROM twin) THEN 3 \
                 WHEN EXISTS (SELECT FROM @worker WHERE id = $6 AND state > 0) THEN 6 \
                 WHEN (SELECT tasks FROM living) >= $5 THEN 4 \
                 WHEN (SELECT bytes FROM living) > $13 - $14 THEN 7 \
                 WHEN EXISTS (SELECT FROM old) THEN 5 \
                 WHEN {crowded} THEN 8 \
                 ELSE 0 END AS code \
         ), made AS ( \
             INSERT INTO @task \
                 (owner, id, stamp, expires, version, fence, room, holder, open, listed, writes, key, payload, head, body) \
             SELECT $1, $2, $3, $4, 1, 1, $13, $6, true, $7, ARRAY[$15], $10, $11, $8, $9 FROM verdict WHERE code = 0 \
         ){victims} \
         SELECT code::smallint, (SELECT id FROM twin), \
             CASE WHEN code IN (0, 8) THEN (SELECT summands FROM sealed) ELSE 0 END FROM verdict"
    )
}

/// Writes the head, and gives columns, then the holder if somebody else writes.
fn put(columns: &str) -> String {
    format!(
        "UPDATE @task SET version = version + 1, head = $5, \
             fence = fence + CASE WHEN $6 = 1 THEN 1 ELSE 0 END, \
             holder = CASE $6 WHEN 1 THEN $7 WHEN 2 THEN NULL ELSE holder END, \
             writes = (array_prepend($8, writes))[1:8] \
         WHERE owner = $1 AND id = $2 AND version = $3 AND ($4 IS NULL OR fence = $4) AND open AND expires > $9 \
             AND $8 <> ALL (writes) \
             AND NOT ($6 = 1 AND EXISTS (SELECT FROM @worker WHERE worker.id = $7 AND state > 0)) \
         RETURNING {columns}, \
             CASE WHEN $4 IS NULL THEN (SELECT before.holder FROM @task before WHERE before.owner = $1 AND before.id = $2) END \
                 AS holder"
    )
}

/// Bytes that a task `t` takes once it is sealed with a step `$11` of the value `$12`.
fn sealed_size_with_step() -> String {
    format!(
        "{SEALED_SIZE} + CASE WHEN EXISTS (SELECT FROM @step s WHERE s.task = t.n AND s.name = $11) THEN 0 \
             ELSE octet_length($11) + octet_length($12) END"
    )
}

/// Keeps a step of the task whose `n` a table has.
fn keep_step(task: &str) -> String {
    format!(
        ", kept AS ( \
             INSERT INTO @step (task, name, value) SELECT n, $11, $12 FROM {task} ON CONFLICT (task, name) DO NOTHING \
         )"
    )
}

/// Seals a task that comes to so many bytes.
fn seal(size: &str, step: &str) -> String {
    format!(
        "WITH done AS ( \
             UPDATE @task t SET version = version + 1, fence = fence + $9, holder = NULL, open = false, sealed = $8, \
                 bytes = {size}, head = $5, outcome = $6, writes = (array_prepend($7, writes))[1:8] \
             WHERE owner = $1 AND id = $2 AND version = $3 AND ($4 IS NULL OR fence = $4) AND open AND expires > $8 \
                 AND $7 <> ALL (writes) AND NOT EXISTS (SELECT FROM @worker WHERE worker.id = $10 AND state > 0) \
                 AND {size} + {OTHERS} <= room \
             RETURNING n, version, fence, bytes, \
                 CASE WHEN $4 IS NULL THEN (SELECT before.holder FROM @task before \
                     WHERE before.owner = $1 AND before.id = $2) END AS holder \
         ), more AS ( \
             INSERT INTO @taken (owner, bytes) SELECT $1, bytes FROM done \
         ){step} \
         SELECT version, fence, holder FROM done"
    )
}

/// Seals the task that is locked; no row if that is refused.
fn seal_evicting(size: &str, step: &str) -> String {
    let victims = victims();
    format!(
        "WITH found AS MATERIALIZED ( \
             SELECT n, holder, room, {size} AS takes FROM @task t \
             WHERE owner = $1 AND id = $2 AND version = $3 AND ($4 IS NULL OR fence = $4) AND open AND expires > $8 \
                 AND $7 <> ALL (writes) AND NOT EXISTS (SELECT FROM @worker WHERE worker.id = $10 AND state > 0) \
                 AND n = {LOCKED} \
         ), excess AS MATERIALIZED ( \
             SELECT takes + {OTHERS} - room AS bytes FROM found t \
         ), verdict AS MATERIALIZED ( \
             SELECT CASE WHEN EXISTS (SELECT FROM found) THEN 0 ELSE 2 END AS code \
         ), done AS ( \
             UPDATE @task t SET version = t.version + 1, fence = t.fence + $9, holder = NULL, open = false, \
                 sealed = $8, bytes = found.takes, head = $5, outcome = $6, writes = (array_prepend($7, t.writes))[1:8] \
             FROM found WHERE t.owner = $1 AND t.id = $2 RETURNING t.version, t.fence \
         ), more AS ( \
             INSERT INTO @taken (owner, bytes) SELECT $1, takes FROM found \
         ){step}{victims} \
         SELECT done.version, done.fence, CASE WHEN $4 IS NULL THEN found.holder END FROM done, found"
    )
}

/// What is common to merges and records: the task, what it has, the variables that are to change and what they come to. The task
/// is `held` by whoever writes under the fence `$3`. Kinds of changes: 0 set, 1 remove, 2 set if.
fn cells(begin: &str) -> String {
    format!(
        "WITH found AS MATERIALIZED ( \
             SELECT n, holder, open AND ($3 IS NULL OR fence = $3) AS held FROM @task \
             WHERE owner = $1 AND id = $2 AND expires > $10 AND n = {LOCKED} \
         ), before AS MATERIALIZED ( \
             SELECT variables, steps, $9 = ANY (writes) AS known FROM @grown WHERE task = (SELECT n FROM found) \
         ), change AS MATERIALIZED ( \
             SELECT given.*, v.value AS old \
             FROM unnest($4, $5, $6, $7) WITH ORDINALITY AS given (name, kind, value, was, place) \
             LEFT JOIN @variable v ON v.task = (SELECT n FROM found) AND v.name = given.name \
         ), changed AS MATERIALIZED ( \
             SELECT name FROM change WHERE kind = 2 AND was IS DISTINCT FROM old ORDER BY place LIMIT 1 \
         ), total AS MATERIALIZED ( \
             SELECT coalesce((SELECT variables FROM before), 0) \
                 + coalesce(sum(CASE WHEN kind = 1 THEN 0 ELSE octet_length(name) + octet_length(value) END \
                     - CASE WHEN old IS NULL THEN 0 ELSE octet_length(name) + octet_length(old) END), 0) AS bytes, \
                 count(*) AS changes \
             FROM change \
         ), {begin}, stored AS ( \
             INSERT INTO @variable (task, name, value) \
             SELECT (SELECT n FROM found), name, value FROM change, verdict WHERE code = 0 AND kind <> 1 \
             ON CONFLICT (task, name) DO UPDATE SET value = excluded.value \
         ), removed AS ( \
             DELETE FROM @variable v USING change, verdict \
             WHERE code = 0 AND kind = 1 AND v.task = (SELECT n FROM found) AND v.name = change.name \
         )"
    )
}

/// Codes: 0 done, 1 replayed, 2 changed, 3 lost, 4 too large, 5 missing.
fn merge() -> String {
    let cells = cells(
        "verdict AS MATERIALIZED ( \
             SELECT CASE \
                 WHEN NOT EXISTS (SELECT FROM found) THEN 5 \
                 WHEN (SELECT known FROM before) THEN 1 \
                 WHEN NOT (SELECT held FROM found) THEN 3 \
                 WHEN EXISTS (SELECT FROM changed) THEN 2 \
                 WHEN (SELECT bytes FROM total) > $8 THEN 4 \
                 ELSE 0 END AS code \
         )",
    );
    format!(
        "{cells}, noted AS ( \
             INSERT INTO @grown AS g (task, variables, steps, writes) \
             SELECT found.n, total.bytes, 0, ARRAY[$9] FROM found, total, verdict WHERE code = 0 \
             ON CONFLICT (task) DO UPDATE SET variables = excluded.variables, \
                 writes = (array_prepend(excluded.writes[1], g.writes))[1:64] \
         ) \
         SELECT code::smallint, (SELECT name FROM changed), (SELECT holder FROM found) FROM verdict"
    )
}

/// Codes: 0 recorded, 2 changed, 3 lost, 4 too large, 5 missing, 6 another value stands.
fn record() -> String {
    let cells = cells(
        "standing AS MATERIALIZED ( \
             SELECT value FROM @step WHERE task = (SELECT n FROM found) AND name = $11 \
         ), verdict AS MATERIALIZED ( \
             SELECT CASE \
                 WHEN NOT EXISTS (SELECT FROM found) THEN 5 \
                 WHEN NOT (SELECT held FROM found) THEN 3 \
                 WHEN EXISTS (SELECT FROM standing) THEN 6 \
                 WHEN EXISTS (SELECT FROM changed) THEN 2 \
                 WHEN (SELECT changes > 0 AND bytes > $8 FROM total) THEN 4 \
                 ELSE 0 END AS code \
         )",
    );
    format!(
        "{cells}, recorded AS ( \
             INSERT INTO @step (task, name, value) SELECT n, $11, $12 FROM found, verdict WHERE code = 0 \
         ), noted AS ( \
             INSERT INTO @grown AS g (task, variables, steps, writes) \
             SELECT found.n, total.bytes, octet_length($11) + octet_length($12), '{{}}' FROM found, total, verdict WHERE code = 0 \
             ON CONFLICT (task) DO UPDATE SET variables = excluded.variables, steps = g.steps + excluded.steps \
         ) \
         SELECT code::smallint, (SELECT name FROM changed), (SELECT value FROM standing) FROM verdict"
    )
}

/// A buried worker gets no row.
fn claim(locked: &str) -> String {
    format!(
        "WITH chosen AS MATERIALIZED ( \
             SELECT owner, id FROM @task WHERE holder = $1 AND open AND expires > $4 \
                 AND NOT EXISTS (SELECT FROM @worker WHERE worker.id = $2 AND state > 0) \
             ORDER BY stamp LIMIT $3 FOR NO KEY UPDATE OF task {locked} \
         ) \
         UPDATE @task t SET version = t.version + 1, fence = t.fence + 1, holder = $2 \
         FROM chosen WHERE t.owner = chosen.owner AND t.id = chosen.id \
         RETURNING {RECORD}, t.owner, t.id, t.n, t.body"
    )
}
