"""The REST API: writes specs, reports status. It runs in its own process, beside the operator."""
