//! The macro of pmcp-apps: widget.
