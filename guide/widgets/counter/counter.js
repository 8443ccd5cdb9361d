const button = document.querySelector("#count");
const show = ({ isError, data }) => {
  if (!isError) button.textContent = data.count;
};
mcp.on("result", show);
button.onclick = async () => show(await mcp.callTool("raise", { from: Number(button.textContent) }));
