"""The media core behind the MediaPlane port."""
