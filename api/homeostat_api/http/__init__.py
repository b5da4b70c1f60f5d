"""What the applications of this process speak HTTP with, whatever contract they serve."""
