"""What guests say of themselves: their agent, their addresses, their console."""
