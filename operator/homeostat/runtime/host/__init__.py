"""What tells of hosts, by whom they are served and whether they are."""
