"""Reads the files of the folder, and turns their documents into resources, or into mistakes in words."""
