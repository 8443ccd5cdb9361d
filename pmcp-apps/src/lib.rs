//! Widgets of MCP Apps as resources of a server.
