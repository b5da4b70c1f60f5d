"""Other APIs than our own, each in the words, the shapes and the codes that its clients know. None knows of another."""
