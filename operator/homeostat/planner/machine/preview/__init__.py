"""What is said of a change before it is made."""
