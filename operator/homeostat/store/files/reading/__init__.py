"""Reads the files of the folder, and makes resources, or mistakes in words, of their documents."""
