"""What a host is and has: its facts, devices and ports, and what `homeostat doctor` checks."""
