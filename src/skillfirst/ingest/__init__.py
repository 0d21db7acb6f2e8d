"""Sources in: tables or a mapping file, checked once at the door, laid under each member as documents."""
