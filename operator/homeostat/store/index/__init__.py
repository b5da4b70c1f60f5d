"""The SQLite index that readers read. It holds the state of a YAML folder, or of a cluster."""
