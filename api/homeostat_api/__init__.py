"""The REST API: writes specs, reports status."""
