"""The SQLite index that readers read: of a YAML folder, or of what a cluster holds."""
