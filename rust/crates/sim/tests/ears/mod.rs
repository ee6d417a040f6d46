//! A conversation is played once through the shard; each test looks at one thing that every ear must find.

mod conversations;
mod ear;
mod train;
