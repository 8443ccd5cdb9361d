-- The time a worker may go without a beat and its wall clock at the last one, in milliseconds. Who beat before this build
-- had ten seconds unless it was told otherwise.
ALTER TABLE worker ADD COLUMN period INTEGER NOT NULL DEFAULT 10000;
ALTER TABLE worker ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 2;
