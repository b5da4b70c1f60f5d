"""The paths of LIMEN's API, a small class for each."""
