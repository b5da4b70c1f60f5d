"""YAML and JSON as text: its documents, characters and remarks, and how values are written. Knows no folder, no resource."""
