"""What an account may have, and has."""
