"""Export and import of a whole project as one file. Above all rooms: it puts together what each says of its tables."""
