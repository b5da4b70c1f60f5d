"""The REST API: writes specs, reports status. It runs in a process of its own, beside the operator."""
