"""Networks: one reconcile per Network and host."""
