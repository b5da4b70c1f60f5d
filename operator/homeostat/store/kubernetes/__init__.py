"""The store of Kubernetes mode. Custom resources are the truth, and readers read an index of them."""
