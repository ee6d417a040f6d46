"""HTTP and WebSocket, in and out."""
