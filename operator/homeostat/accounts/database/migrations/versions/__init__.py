"""The steps, each in a file. A step that was released is never changed: what it made is in databases of others."""
