-- Owners and scopes, as small numbers. An owner of whom nothing is stored has no row.
CREATE TABLE owner (
    n INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE
) STRICT;

-- `n` grows with every task, so that the index by holder gives tasks in the order they came.
CREATE TABLE task (
    n INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    id BLOB NOT NULL,
    scope INTEGER,
    stamp INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    version INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    -- NULL: nobody. Empty: the queue. Otherwise a worker.
    holder BLOB,
    open INTEGER NOT NULL,
    -- The digest of its idempotency key.
    idempotency BLOB,
    -- The last eight writes of the head, 16 bytes each, the oldest first.
    writes BLOB NOT NULL,
    head BLOB NOT NULL,
    -- NULL: in the table `body`.
    body BLOB,
    result BLOB,
    UNIQUE (owner, id)
) STRICT;
CREATE INDEX listed ON task (scope, stamp, id) WHERE scope IS NOT NULL;
CREATE INDEX live ON task (owner, expires) WHERE open = 1;
CREATE INDEX held ON task (holder) WHERE holder IS NOT NULL;
CREATE INDEX expiring ON task (expires);

-- Bodies so large that no write of the head should copy them.
CREATE TABLE body (
    task INTEGER PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE variable (
    task INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (task, name)
) STRICT, WITHOUT ROWID;

-- Of a task that has or had variables: the length of all names and values, and the last 64 writes.
CREATE TABLE merged (
    task INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL,
    writes BLOB NOT NULL
) STRICT;

CREATE TABLE step (
    task INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (task, name)
) STRICT, WITHOUT ROWID;

-- An entry goes with its task, and counts for nothing once that has expired.
CREATE TABLE idempotency (
    owner INTEGER NOT NULL,
    key BLOB NOT NULL,
    payload BLOB NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE worker (
    id BLOB PRIMARY KEY,
    counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Never shrinks: being buried is final. Settled: no task of the worker is left.
CREATE TABLE buried (
    id BLOB PRIMARY KEY,
    settled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unsettled ON buried (settled, id) WHERE settled = 0;

-- What other processes may be waiting for. The last row stays, so that `n` never starts again.
CREATE TABLE change (
    n INTEGER PRIMARY KEY,
    owner BLOB NOT NULL,
    id BLOB NOT NULL,
    -- Who runs the task and did not make the change.
    holder BLOB,
    -- Whether anybody may claim the task now.
    queued INTEGER NOT NULL,
    -- The backend that made the change.
    origin INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;
