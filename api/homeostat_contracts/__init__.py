"""APIs other than our own, each in the words, the shapes and the codes that its clients know. No contract knows another."""
