"""A space that one can see alive at once: sample people, their speech, and the script that they follow."""
