"""The reconcile loop: work queue, workers, backoff, and one page per kind."""
