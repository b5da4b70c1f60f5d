"""Screens and serial lines of running machines, for whoever may look at them. It runs in API processes, never in the operator."""
