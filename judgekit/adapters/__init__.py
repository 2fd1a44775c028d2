"""THE WORLD: files, networks and other systems' formats. Nothing outside this room and the doors touches them."""
