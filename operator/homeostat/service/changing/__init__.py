"""What a change may ask for, what it takes, and how a patch is read."""
