//! arengo-net
