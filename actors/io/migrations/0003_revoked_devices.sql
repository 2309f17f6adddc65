-- Since when a device's key is refused; null while it is one of the account's.
ALTER TABLE devices ADD COLUMN revoked_at INTEGER;
