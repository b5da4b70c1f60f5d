"""VM-share's API, on a listener of its own: one machine for each user, from a profile, an ISO or a snapshot."""
