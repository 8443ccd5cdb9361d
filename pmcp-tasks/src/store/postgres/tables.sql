-- Tables of the task store of pmcp-tasks in PostgreSQL 13 to 18.
--
-- The server makes them itself where its account may create a schema. Where it may not, a database administrator runs this
-- file once, with `psql --set ON_ERROR_STOP=1 --file tables.sql`, as the account that is to own the tables, and lets the server's
-- account read and write them:
--
--   GRANT USAGE ON SCHEMA pmcp TO server;
--   GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pmcp TO server;
--
-- For another schema replace `pmcp` everywhere and name it in the server's URL: `postgres://…?schema=…`. Running the file
-- again changes nothing.
BEGIN;
-- Of processes that start at once, some would fail though every statement says IF NOT EXISTS.
SELECT pg_advisory_xact_lock(hashtextextended('pmcp: tables', 0));
CREATE SCHEMA IF NOT EXISTS pmcp;

CREATE TABLE IF NOT EXISTS pmcp.meta (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    -- Version of these tables, and the oldest one whose builds may still write them.
    version integer NOT NULL,
    oldest integer NOT NULL
);

-- Texts are bytea, as the type text takes no zero byte. The other tables know a task by `n`, so that a task made anew under the
-- key of a deleted one finds nothing of it. Times are in milliseconds since 1970.
CREATE TABLE IF NOT EXISTS pmcp.task (
    n bigint GENERATED ALWAYS AS IDENTITY,
    stamp bigint NOT NULL,
    expires bigint NOT NULL,
    version bigint NOT NULL,
    fence bigint NOT NULL,
    -- Bytes all tasks of the owner may take when this one is sealed.
    room bigint NOT NULL,
    -- Once sealed: the time of it, and the bytes it takes.
    sealed bigint,
    bytes bigint,
    owner bytea NOT NULL,
    id uuid NOT NULL,
    -- NULL is nobody, zeros are the queue, anything else is a worker.
    holder uuid,
    open boolean NOT NULL,
    listed boolean NOT NULL,
    -- The last eight writes of the head, the latest first.
    writes uuid[] NOT NULL,
    -- Digests of its idempotency key and of what that stands for.
    key bytea,
    payload bytea,
    head bytea NOT NULL,
    body bytea NOT NULL,
    outcome bytea,
    PRIMARY KEY (owner, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS task_listed ON pmcp.task (owner, stamp, id) WHERE listed;
CREATE INDEX IF NOT EXISTS task_live ON pmcp.task (owner, expires) WHERE open;
CREATE INDEX IF NOT EXISTS task_sealed ON pmcp.task (owner, sealed, id) WHERE NOT open;
CREATE INDEX IF NOT EXISTS task_held ON pmcp.task (holder, stamp) WHERE holder IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_expiring ON pmcp.task (expires);
-- Not unique: creates of one owner wait for each other.
CREATE INDEX IF NOT EXISTS task_keyed ON pmcp.task (owner, key) WHERE key IS NOT NULL;

CREATE TABLE IF NOT EXISTS pmcp.variable (
    task bigint NOT NULL,
    -- Its name; where that is longer than an index takes, FF and its SHA-256, and the name itself stands in label.
    name bytea NOT NULL,
    label bytea,
    value bytea NOT NULL,
    PRIMARY KEY (task, name)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE TABLE IF NOT EXISTS pmcp.step (
    task bigint NOT NULL,
    -- As of a variable.
    name bytea NOT NULL,
    label bytea,
    value bytea NOT NULL,
    PRIMARY KEY (task, name)
);

-- Of a task with variables or steps: the bytes of their names and values, and the last 64 writes of variables, the latest first.
CREATE TABLE IF NOT EXISTS pmcp.grown (
    task bigint PRIMARY KEY,
    variables bigint NOT NULL,
    steps bigint NOT NULL,
    writes uuid[] NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- Bytes that sealed tasks of an owner take, as a sum of what came and went: nobody waits for another to write it. Now and then
-- the rows of an owner are put together.
CREATE TABLE IF NOT EXISTS pmcp.taken (
    owner bytea NOT NULL,
    bytes bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX IF NOT EXISTS taken_owner ON pmcp.taken (owner);

-- One row a worker, so that one lock decides between its beat and its burial. Being buried is final: rows stay.
CREATE TABLE IF NOT EXISTS pmcp.worker (
    id uuid PRIMARY KEY,
    counter bigint NOT NULL,
    -- Time it may go without a beat, and its clock at the last one, in milliseconds.
    period bigint NOT NULL,
    clock bigint NOT NULL,
    -- 0 alive, 1 buried, 2 buried and without open tasks.
    state smallint NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS worker_alive ON pmcp.worker (id) WHERE state = 0;
CREATE INDEX IF NOT EXISTS worker_unsettled ON pmcp.worker (id) WHERE state = 1;

INSERT INTO pmcp.meta (version, oldest) VALUES (1, 1) ON CONFLICT DO NOTHING;
COMMIT;
