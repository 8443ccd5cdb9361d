//! Crates with a widget: what is in them, and whether they compile without a word.

/// A crate.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// `src/lib.rs`.
    pub(crate) code: &'static str,
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Set if nothing is said of it.
    pub(crate) is_right: bool,
}

/// The widget's one page, with this in its head and in its body.
macro_rules! page {
    ($head:literal, $body:literal) => {
        concat!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<title>Board</title>\n",
            $head,
            "</head>\n<body>\n",
            $body,
            "</body>\n</html>\n"
        )
    };
}

/// A page with nothing wrong in it.
const INDEX: (&str, &str) = ("widgets/board/index.html", page!("", "<p>e4</p>\n"));

/// A script of more than a KiB.
const LARGE: &str = {
    const BYTES: [u8; 1100] = {
        let mut bytes = [b' '; 1100];
        bytes[0] = b'1';
        bytes
    };
    match str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

macro_rules! cases {
    ($($name:ident $(: $right:ident)?, $code:expr, [$($file:expr),*];)*) => {
        pub(crate) const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            code: $code,
            files: &[$($file),*],
            is_right: is_right!($($right)?),
        }),*];
    };
}

macro_rules! is_right {
    () => {
        false
    };
    (right) => {
        true
    };
}

/// The attribute with these arguments on the usual struct.
macro_rules! board {
    ($arguments:literal) => {
        concat!("use pmcp_apps::widget;\n\n#[widget(", $arguments, ")]\npub struct Board;\n")
    };
}

cases! {
    right: right, concat!(
        "use pmcp_apps::{Widget, widget};\nuse pmcp_tasks::prelude::*;\n\n",
        "/// The board.\n#[widget(dir = \"widgets/board\", tools(move_piece, other = \"other-name\"), modes(\"inline\", \"pip\"))]\n",
        "pub struct Board;\n\n",
        "#[task_tool(support = \"forbidden\", widget = Board)]\nasync fn show_board() -> u8 {\n    0\n}\n\n",
        "#[task_tool(support = \"forbidden\", visibility = \"app\")]\nasync fn move_piece() -> u8 {\n    0\n}\n\n",
        "#[task_tool(name = \"other-name\")]\nasync fn other() -> u8 {\n    0\n}\n\n",
        "pub fn document() -> &'static str {\n    Board::definition().document\n}\n",
    ), [INDEX];

    dir_missing, board!("title = \"Board\""), [];
    dir_not_there, board!("dir = \"widgets/boards\""), [INDEX];
    dir_leaves_the_crate, board!("dir = \"../board\""), [];
    index_not_there, board!("dir = \"widgets/board\""), [("widgets/board/page.html", "")];
    key_unknown, board!("dirr = \"widgets/board\""), [INDEX];
    list_without_parentheses, board!("dir = \"widgets/board\", modes = \"inline\""), [INDEX];
    uri_with_a_slash, board!("dir = \"widgets/board\", uri = \"a/b\""), [INDEX];
    text_too_long, board!("dir = \"widgets/board\", invoking = \"Setting up the board, with all of its pieces, for a game of chess\""), [INDEX];
    mode_unknown, board!("dir = \"widgets/board\", modes(\"inline\", \"fulscreen\")"), [INDEX];
    budget_not_a_size, board!("dir = \"widgets/board\", budget = \"512\""), [INDEX];
    origin_not_an_origin, board!("dir = \"widgets/board\", csp(connect = [\"https://api.example.com/v1\"])"), [INDEX];
    struct_with_fields, "#[pmcp_apps::widget(dir = \"widgets/board\")]\npub struct Board {\n    pub size: u8,\n}\n", [INDEX];
    on_a_function, "#[pmcp_apps::widget(dir = \"widgets/board\")]\npub fn board() {}\n", [INDEX];
    generic, "#[pmcp_apps::widget(dir = \"widgets/board\")]\npub struct Board<const N: usize>;\n", [INDEX];

    file_not_there, board!("dir = \"widgets/board\""), [
        ("widgets/board/index.html", page!("", "<img src=\"pieces/night.svg\" alt=\"\">\n")),
        ("widgets/board/pieces/knight.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")
    ];
    three_mistakes_in_two_files, board!("dir = \"widgets/board\""), [
        ("widgets/board/index.html", page!("<link rel=\"stylesheet\" href=\"board.css\">\n", "<p><img src=\"no.svg\"></p>\n")),
        ("widgets/board/board.css", "p {\n    background: url(no.png);\n}\n")
    ];
    origin_not_declared, board!("dir = \"widgets/board\""), [
        ("widgets/board/index.html", page!("<script src=\"board.js\"></script>\n", "<p>e4</p>\n")),
        ("widgets/board/board.js", "fetch(\"https://api.example.com/games\");\n")
    ];
    origin_unused, board!("dir = \"widgets/board\", csp(connect = [\"https://api.example.com\"])"), [INDEX];
    advice_silenced: right, concat!(
        "#![deny(warnings)]\n\n",
        "#[allow(deprecated)]\n#[pmcp_apps::widget(dir = \"widgets/board\", csp(connect = [\"https://api.example.com\"]))]\npub struct Board;\n\n",
        "#[pmcp_apps::widget(dir = \"widgets/board\", csp(connect = [\"https://api.example.com\"]))]\n#[allow(deprecated)]\npub struct Other;\n",
    ), [INDEX];
    tool_misspelt_in_the_page, concat!(
        "use pmcp_tasks::prelude::*;\n\n",
        "#[pmcp_apps::widget(dir = \"widgets/board\", tools(move_piece))]\npub struct Board;\n\n",
        "#[task_tool]\nasync fn move_piece() -> u8 {\n    0\n}\n",
    ), [
        ("widgets/board/index.html", page!("", "<script>\nmcp.callTool(\"movePiece\", {});\n</script>\n"))
    ];
    tool_misspelt_in_the_attribute, concat!(
        "use pmcp_tasks::prelude::*;\n\n",
        "#[pmcp_apps::widget(dir = \"widgets/board\", tools(mve_piece))]\npub struct Board;\n\n",
        "#[task_tool]\nasync fn move_piece() -> u8 {\n    0\n}\n",
    ), [
        ("widgets/board/index.html", page!("", "<script>\nmcp.callTool(\"move_piece\", {});\n</script>\n"))
    ];
    budget_exceeded, board!("dir = \"widgets/board\", budget = \"1KiB\", bridge = false"), [
        ("widgets/board/index.html", page!("<script src=\"large.js\"></script>\n", "<p>e4</p>\n")),
        ("widgets/board/large.js", LARGE)
    ];

    tool_not_a_tool, concat!(
        "pub struct Plain;\n\n",
        "#[pmcp_apps::widget(dir = \"widgets/board\", tools(Plain))]\npub struct Board;\n",
    ), [INDEX];
    tool_not_there, board!("dir = \"widgets/board\", tools(move_piece)"), [INDEX];
    tool_renamed, concat!(
        "use pmcp_tasks::prelude::*;\n\n",
        "#[pmcp_apps::widget(dir = \"widgets/board\", tools(move_piece, analyse = \"analyze\"))]\npub struct Board;\n\n",
        "#[task_tool(name = \"move-piece\")]\nasync fn move_piece() -> u8 {\n    0\n}\n\n",
        "#[task_tool]\nasync fn analyse() -> u8 {\n    0\n}\n",
    ), [INDEX];
    tool_in_quotes, board!("dir = \"widgets/board\", tools(\"move_piece\")"), [INDEX];
    not_a_widget, concat!(
        "use pmcp_apps::Widget;\n\npub struct Board;\n\n",
        "fn offer<W: Widget>() {}\n\n",
        "pub fn main() {\n    offer::<Board>();\n}\n",
    ), [];
    mistake_is_one_mistake, concat!(
        "use pmcp_apps::{Widget, widget};\nuse pmcp_tasks::prelude::*;\n\n",
        "#[widget(dir = \"widgets/boards\")]\npub struct Board;\n\n",
        "#[task_tool(support = \"forbidden\", widget = Board)]\nasync fn show_board() -> u8 {\n    0\n}\n\n",
        "pub fn document() -> &'static str {\n    Board::definition().document\n}\n",
    ), [INDEX];
}
