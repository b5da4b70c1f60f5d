"""What is printed: tables, plans, live views, and the words for them. Nothing in here changes anything."""
