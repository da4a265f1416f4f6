"""What each programme gives, to whom, by which law, from when until when."""
