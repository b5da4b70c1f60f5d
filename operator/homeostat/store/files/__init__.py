"""The standalone store. A folder of YAML files is the truth, and one SQLite file is its index."""
