"""Consoles over HTTP: tickets, WebSockets, and who has one open."""
