"""What a file is by its content, and the program that reads and writes disks."""
