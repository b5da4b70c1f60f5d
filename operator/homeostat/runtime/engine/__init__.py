"""The loop that brings resources to their desired state. It knows no kind: reconcilers do."""
