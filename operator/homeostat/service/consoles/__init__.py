"""Consoles, screens and keyboards of machines: who may, and how they are reached."""
