"""Files by what they are: of a Disk, with snapshots inside, or set aside."""
