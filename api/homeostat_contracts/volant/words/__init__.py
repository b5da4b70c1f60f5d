"""What requests and answers look like, in Volant's words and its command line's. OpenAPI's schemas come from these models."""
