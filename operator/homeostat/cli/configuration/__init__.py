"""The configuration file, homeostat.toml: what options and the environment say, written down once."""
