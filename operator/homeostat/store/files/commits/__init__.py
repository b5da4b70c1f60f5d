"""git, where the folder is a work tree: commits of edits, and who wrote what."""
