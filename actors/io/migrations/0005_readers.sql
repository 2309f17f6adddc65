-- Whether a device may read and not write.
ALTER TABLE devices ADD COLUMN reads_only INTEGER NOT NULL DEFAULT 0 CHECK (reads_only IN (0, 1));
