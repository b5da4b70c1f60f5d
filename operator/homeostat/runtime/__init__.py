"""The reconcile loop: a work queue, workers, backoff, and one page of code per kind."""
