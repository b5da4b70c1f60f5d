"""The standalone store: a folder of YAML files is the truth, one SQLite file is its index."""
