"""Who asks, and what he may do. Knows nothing of HTTP or libvirt."""
