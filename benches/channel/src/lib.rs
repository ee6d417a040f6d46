//! What the benches share: a real server, as much HTTP and WebSocket as a client needs, and epoll.

pub mod epoll;
pub mod frames;
pub mod http;
pub mod server;

/// Whatever went wrong; a bench can only say so and end.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
