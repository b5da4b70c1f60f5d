"""YAML and JSON as text: documents, characters and remarks, and how values are written. It knows no folder and no resource."""
