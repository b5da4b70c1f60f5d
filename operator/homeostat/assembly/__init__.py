"""Puts the modes together: jobs, standalone over folders, and clustered over Kubernetes."""
