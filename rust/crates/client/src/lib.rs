//! arengo-client
