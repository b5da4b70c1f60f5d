"""Who somebody is: passwords, sessions, tokens, and providers of identities."""
