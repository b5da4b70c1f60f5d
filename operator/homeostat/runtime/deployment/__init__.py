"""Reconciles deployments: it writes resources of machines, and never touches a domain."""
