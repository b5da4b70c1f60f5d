"""The homeostat command."""
