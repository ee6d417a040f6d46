//! arengo-py
