-- Bytes an owner's open and sealed tasks take: each 1024 and the lengths of its head, body and outcome, and of the names and
-- values of its variables and steps.
ALTER TABLE owner ADD COLUMN live_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE owner ADD COLUMN sealed_bytes INTEGER NOT NULL DEFAULT 0;

-- Time of the sealing, in milliseconds. Of what was sealed before this build the creation's stands for it.
ALTER TABLE task ADD COLUMN sealed INTEGER;
UPDATE task SET sealed = stamp >> 20 WHERE open = 0;
CREATE INDEX finished ON task (owner, sealed, id) WHERE open = 0;

-- Bytes all tasks of the owner may take when this one is sealed.
ALTER TABLE task ADD COLUMN max_bytes INTEGER NOT NULL DEFAULT 9223372036854775807;

CREATE TEMP TABLE taken AS
    SELECT owner, open, 1024 + octet_length(head) + coalesce(octet_length(body), 0) + coalesce(octet_length(result), 0)
        + coalesce((SELECT octet_length(value) FROM body WHERE task = task.n), 0)
        + coalesce((SELECT bytes FROM merged WHERE task = task.n), 0)
        + coalesce((SELECT sum(octet_length(name) + octet_length(value)) FROM step WHERE task = task.n), 0) AS bytes
    FROM task;
UPDATE owner SET live_bytes = sums.bytes
    FROM (SELECT owner, sum(bytes) AS bytes FROM taken WHERE open = 1 GROUP BY owner) AS sums WHERE sums.owner = owner.n;
UPDATE owner SET sealed_bytes = sums.bytes
    FROM (SELECT owner, sum(bytes) AS bytes FROM taken WHERE open = 0 GROUP BY owner) AS sums WHERE sums.owner = owner.n;
DROP TABLE taken;

PRAGMA user_version = 3;
