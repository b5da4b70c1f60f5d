"""git, where the folder is a work tree of it: commits of edits, and who wrote what."""
