"""The public page: figures with their day, source and reach, readable without scripts, by keyboard and by ear."""
