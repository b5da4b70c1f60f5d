"""The loop that brings resources to their desired state. It knows no kind of resource; the reconcilers do."""
