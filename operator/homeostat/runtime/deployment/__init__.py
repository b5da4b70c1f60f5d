"""What converges deployments: resources of machines, never domains."""
