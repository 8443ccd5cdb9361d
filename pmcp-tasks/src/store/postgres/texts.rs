//! Texts of the statements, and parts that several have in common. `@` stands for the schema.

/// Columns that a task without its parts is read from, of a table `t`.
pub(super) const RECORD: &str = "t.version, t.fence, t.holder, t.open, t.stamp, t.expires, t.head";

/// A state that changes with every write of a task's head or variables.
pub(super) const STATE: &str = "t.version, (SELECT g.writes[1] FROM @grown g WHERE g.task = t.n)";

/// The task whose row the statement before has locked.
pub(super) const LOCKED: &str = "nullif(current_setting('pmcp.locked', true), '')::bigint";

/// Tasks that the statement before has taken over.
pub(super) const CLAIMED: &str = "nullif(current_setting('pmcp.claimed', true), '')::bigint[]";

/// The name of a variable or step.
pub(super) const NAME: &str = "coalesce(label, name)";

/// Removes the variables, steps and sizes of tasks in `gone`.
pub(super) const PARTS_OF_GONE: &str = "gone_variables AS (DELETE FROM @variable WHERE task = ANY (ARRAY(SELECT n FROM gone))), \
     gone_steps AS (DELETE FROM @step WHERE task = ANY (ARRAY(SELECT n FROM gone))), \
     gone_grown AS (DELETE FROM @grown WHERE task = ANY (ARRAY(SELECT n FROM gone)))";

/// That a task found by its key is open: in words from which no index of open tasks follows, where all of its owner would be looked at.
pub(super) const OPEN: &str = "sealed IS NULL";

/// Bytes that an open task `live` takes.
pub(super) const SIZE: &str = "1024 + octet_length(live.head) + octet_length(live.body) \
     + coalesce((SELECT g.variables + g.steps FROM @grown g WHERE g.task = live.n), 0)";

/// Bytes that a task `t` takes once it is sealed with the head `$5` and the outcome `$6`.
pub(super) const SEALED_SIZE: &str = "1024 + octet_length($5) + octet_length(t.body) + coalesce(octet_length($6), 0) \
     + coalesce((SELECT g.variables + g.steps FROM @grown g WHERE g.task = t.n), 0)";

/// Bytes that the other tasks of the owner of a task `t` take at the time `$8`.
pub(super) const OTHERS: &str = "coalesce((SELECT sum(taken.bytes) FROM @taken WHERE taken.owner = $1), 0)::bigint \
     + coalesce((SELECT sum(1024 + octet_length(live.head) + octet_length(live.body) \
         + coalesce((SELECT g.variables + g.steps FROM @grown g WHERE g.task = live.n), 0)) FROM @task live \
         WHERE live.owner = $1 AND live.open AND live.expires > $8 AND live.n <> t.n), 0)::bigint";

/// Removes none.
pub(super) const NO_VICTIMS: &str = "";

/// Removes sealed tasks of the owner (`$1`) until the bytes in `excess` are free if the code of the verdict is 0, those that were
/// sealed first. Each takes 1 KiB at least, which bounds how many are looked at.
pub(super) fn victims() -> String {
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
pub(super) fn create(victims: &str) -> String {
    // Removing others is left to a statement that does.
    let (crowded, victims) = if victims.is_empty() {
        ("excess > 0", String::new())
    } else {
        ("false", format!(", excess AS (SELECT excess AS bytes FROM verdict){victims}"))
    };
    format!(
        "WITH verdict AS MATERIALIZED ( \
             SELECT CASE \
                 WHEN lives THEN 1 \
                 WHEN same THEN 2 \
                 WHEN twin IS NOT NULL THEN 3 \
                 WHEN EXISTS (SELECT FROM @worker WHERE worker.id = $6 AND state > 0) THEN 6 \
                 WHEN tasks >= $5 THEN 4 \
                 WHEN living > $13 - $14 THEN 7 \
                 WHEN lives IS NOT NULL THEN 5 \
                 WHEN {crowded} THEN 8 \
                 ELSE 0 END AS code, twin, summands, excess \
             FROM ( \
                 SELECT lives, twin, same, tasks, living, summands, living + sealed - ($13 - $14) AS excess FROM ( \
                     SELECT count(*) AS tasks, coalesce(sum(size), 0)::bigint AS living FROM ( \
                         SELECT {SIZE} AS size FROM @task live \
                         WHERE live.owner = $1 AND live.open AND live.expires > $12 LIMIT $5 \
                     ) counted \
                 ) counts \
                 CROSS JOIN ( \
                     SELECT coalesce(sum(bytes), 0)::bigint AS sealed, count(*) AS summands FROM @taken WHERE owner = $1 \
                 ) sums \
                 LEFT JOIN LATERAL ( \
                     SELECT expires > $12 AS lives FROM @task WHERE owner = $1 AND id = $2 \
                 ) old ON true \
                 LEFT JOIN LATERAL ( \
                     SELECT id AS twin, payload = $11 AS same FROM @task \
                     WHERE owner = $1 AND key = $10 AND expires > $12 LIMIT 1 \
                 ) twins ON true \
             ) facts \
         ), made AS ( \
             INSERT INTO @task \
                 (owner, id, stamp, expires, version, fence, room, holder, open, listed, writes, key, payload, head, body) \
             SELECT $1, $2, $3, $4, 1, 1, $13, $6, true, $7, ARRAY[$15], $10, $11, $8, $9 FROM verdict WHERE code = 0 \
         ){victims} \
         SELECT code::smallint, twin, CASE WHEN code IN (0, 8) THEN summands ELSE 0 END FROM verdict"
    )
}

/// Writes the head, and gives columns, then the holder if somebody else writes.
pub(super) fn put(columns: &str) -> String {
    format!(
        "UPDATE @task SET version = version + 1, head = $5, \
             fence = fence + CASE WHEN $6 = 1 THEN 1 ELSE 0 END, \
             holder = CASE $6 WHEN 1 THEN $7 WHEN 2 THEN NULL ELSE holder END, \
             writes = (array_prepend($8, writes))[1:8] \
         WHERE owner = $1 AND id = $2 AND version = $3 AND ($4 IS NULL OR fence = $4) AND {OPEN} AND expires > $9 \
             AND $8 <> ALL (writes) \
             AND NOT ($6 = 1 AND EXISTS (SELECT FROM @worker WHERE worker.id = $7 AND state > 0)) \
         RETURNING {columns}, \
             CASE WHEN $4 IS NULL THEN (SELECT before.holder FROM @task before WHERE before.owner = $1 AND before.id = $2) END \
                 AS holder"
    )
}

/// Bytes that a task `t` takes once it is sealed with a step `$11`, `$12` of the value `$13`.
pub(super) fn sealed_size_with_step() -> String {
    format!(
        "{SEALED_SIZE} + CASE WHEN EXISTS (SELECT FROM @step s WHERE s.task = t.n AND s.name = $11) THEN 0 \
             ELSE octet_length(coalesce($12, $11)) + octet_length($13) END"
    )
}

/// Keeps a step of the task whose `n` a table has.
pub(super) fn keep_step(task: &str) -> String {
    format!(
        ", kept AS ( \
             INSERT INTO @step (task, name, label, value) SELECT n, $11, $12, $13 FROM {task} \
             ON CONFLICT (task, name) DO NOTHING \
         )"
    )
}

/// Seals a task that comes to so many bytes.
pub(super) fn seal(size: &str, step: &str) -> String {
    format!(
        "WITH done AS ( \
             UPDATE @task t SET version = version + 1, fence = fence + $9, holder = NULL, open = false, sealed = $8, \
                 bytes = {size}, head = $5, outcome = $6, writes = (array_prepend($7, writes))[1:8] \
             WHERE owner = $1 AND id = $2 AND version = $3 AND ($4 IS NULL OR fence = $4) AND {OPEN} AND expires > $8 \
                 AND $7 <> ALL (writes) AND NOT EXISTS (SELECT FROM @worker WHERE worker.id = $10 AND state > 0) \
                 AND ({size}) * 128 + {OTHERS} <= room - 8388608 \
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
pub(super) fn seal_evicting(size: &str, step: &str) -> String {
    let victims = victims();
    format!(
        "WITH found AS MATERIALIZED ( \
             SELECT n, holder, room, {size} AS takes FROM @task t \
             WHERE owner = $1 AND id = $2 AND version = $3 AND ($4 IS NULL OR fence = $4) AND {OPEN} AND expires > $8 \
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

/// The beginning of merges and records: the task, what it has, the variables that are to change and what they come to. The task
/// is `held` by whoever writes under the fence `$3`. Kinds of changes: 0 set, 1 remove, 2 set if.
pub(super) fn cells(begin: &str) -> String {
    format!(
        "WITH found AS MATERIALIZED ( \
             SELECT n, holder, open AND ($3 IS NULL OR fence = $3) AS held FROM @task \
             WHERE owner = $1 AND id = $2 AND expires > $10 AND n = {LOCKED} \
         ), before AS MATERIALIZED ( \
             SELECT variables, steps, $9 = ANY (writes) AS known FROM @grown WHERE task = (SELECT n FROM found) \
         ), change AS MATERIALIZED ( \
             SELECT given.*, v.value AS old \
             FROM unnest($4, $5, $6, $7, $11) WITH ORDINALITY AS given (name, kind, value, was, label, place) \
             LEFT JOIN @variable v ON v.task = (SELECT n FROM found) AND v.name = given.name \
         ), changed AS MATERIALIZED ( \
             SELECT {NAME} AS name FROM change WHERE kind = 2 AND was IS DISTINCT FROM old ORDER BY place LIMIT 1 \
         ), total AS MATERIALIZED ( \
             SELECT coalesce((SELECT variables FROM before), 0) \
                 + coalesce(sum(CASE WHEN kind = 1 THEN 0 ELSE octet_length({NAME}) + octet_length(value) END \
                     - CASE WHEN old IS NULL THEN 0 ELSE octet_length({NAME}) + octet_length(old) END), 0) AS bytes, \
                 count(*) AS changes \
             FROM change \
         ), {begin}, stored AS ( \
             INSERT INTO @variable (task, name, label, value) \
             SELECT (SELECT n FROM found), name, label, value FROM change, verdict WHERE code = 0 AND kind <> 1 \
             ON CONFLICT (task, name) DO UPDATE SET value = excluded.value \
         ), removed AS ( \
             DELETE FROM @variable v USING change, verdict \
             WHERE code = 0 AND kind = 1 AND v.task = (SELECT n FROM found) AND v.name = change.name \
         )"
    )
}

/// Codes: 0 done, 1 replayed, 2 changed, 3 lost, 4 too large, 5 missing.
pub(super) fn merge() -> String {
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
pub(super) fn record() -> String {
    let cells = cells(
        "standing AS MATERIALIZED ( \
             SELECT value FROM @step WHERE task = (SELECT n FROM found) AND name = $12 \
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
             INSERT INTO @step (task, name, label, value) SELECT n, $12, $13, $14 FROM found, verdict WHERE code = 0 \
         ), noted AS ( \
             INSERT INTO @grown AS g (task, variables, steps, writes) \
             SELECT found.n, total.bytes, octet_length(coalesce($13, $12)) + octet_length($14), '{{}}' \
             FROM found, total, verdict WHERE code = 0 \
             ON CONFLICT (task) DO UPDATE SET variables = excluded.variables, steps = g.steps + excluded.steps \
         ) \
         SELECT code::smallint, (SELECT name FROM changed), (SELECT value FROM standing) FROM verdict"
    )
}

/// A buried worker gets no row.
pub(super) fn claim(locked: &str) -> String {
    format!(
        "WITH chosen AS MATERIALIZED ( \
             SELECT owner, id FROM @task WHERE holder = $1 AND open AND expires > $4 \
                 AND NOT EXISTS (SELECT FROM @worker WHERE worker.id = $2 AND state > 0) \
             ORDER BY stamp LIMIT $3 FOR NO KEY UPDATE OF task {locked} \
         ), taken AS ( \
             UPDATE @task t SET version = t.version + 1, fence = t.fence + 1, holder = $2 \
             FROM chosen WHERE t.owner = chosen.owner AND t.id = chosen.id \
             RETURNING {RECORD}, t.owner, t.id, t.n, t.body \
         ), noted AS MATERIALIZED ( \
             SELECT set_config('pmcp.claimed', array_agg(n)::text, true) FROM taken \
         ) \
         SELECT taken.* FROM taken, noted"
    )
}
