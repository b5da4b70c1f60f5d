"""What `homeostat plan` and `apply` print: what is foreseen, in lines."""
