//! What passes in a storm is held against the official schemas.

mod needs_mcp_spec_dir {
    use spec_check::checked;

    use crate::{
        fixture::{Answers, block_on},
        http, lines,
    };

    #[test]
    #[ignore = "needs MCP_SPEC_DIR; without it no storm holds messages against the schemas"]
    fn messages_are_checked_in_every_storm() {
        block_on(lines::storm(Vec::new(), Vec::new(), &Answers::default()));
        let on_lines = checked();
        assert!(on_lines > 0);
        block_on(http::storm(Vec::new(), &Answers::default()));
        assert!(checked() > on_lines);
    }
}
