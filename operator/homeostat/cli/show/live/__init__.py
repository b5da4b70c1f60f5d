"""What `homeostat up` and `down` show while they run."""
