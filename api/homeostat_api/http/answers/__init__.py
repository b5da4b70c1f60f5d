"""Answers that are more than a body: refusals of accounts, files, streams, and what another server says."""
