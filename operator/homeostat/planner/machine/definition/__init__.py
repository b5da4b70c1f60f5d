"""What a machine's domain is defined as, what is changed live, and what others did to it."""
