"""The store of Kubernetes mode: custom resources are the truth, an index of them is what is read."""
