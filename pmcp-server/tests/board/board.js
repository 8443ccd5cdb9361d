const at = (id) => document.getElementById(id);
const tell = (words) => (at("pieces").textContent = words);
const show = (result) => tell(result.isError ? result.text : result.data.pieces.join(", "));

// The call that opened the view, as it ends, or as it ended before this line.
mcp.on("result", show);
mcp.on("cancelled", () => tell("The board was not opened."));
at("move").onclick = () => mcp.callTool("move_piece", { from: "e2", to: "e4" }).then(show, (error) => tell(error.message));
