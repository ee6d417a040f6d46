//! arengo-wire
