"""The modes put together: jobs, standalone over a folder, and clustered over Kubernetes."""
