"""What a request says: where it comes from, its parameters, and files in its body."""
