-- What people call a device, where somebody has renamed it; null: it is called as it says.
ALTER TABLE devices ADD COLUMN given_name TEXT;
