"""What resources cost, and who is charged for it."""
