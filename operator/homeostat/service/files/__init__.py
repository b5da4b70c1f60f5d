"""Files on the hosts: taken in, handed out, set aside, and left over."""
