"""Accounts over REST: who asks, signing in, and what may be seen and changed of accounts."""
