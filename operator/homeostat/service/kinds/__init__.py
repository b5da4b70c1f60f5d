"""What can be asked for of the resources of each kind."""
