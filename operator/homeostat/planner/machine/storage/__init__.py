"""The files of a machine: its images, disks and seed, and what becomes of them."""
