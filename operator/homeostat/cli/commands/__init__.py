"""One file per command; ``cli.main`` names them."""
