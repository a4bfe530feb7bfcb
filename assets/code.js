// The page of the resume code: copy it, print it. Both need a script, so both are hidden without.

/** Shows the tools; a click on "copy" is answered in words that are read out. */
export function codeTools(root) {
  const tools = root.querySelector("[data-code-tools]");
  if (!tools) return;
  tools.hidden = false;
  tools.querySelector("[data-print]").addEventListener("click", () => window.print());
  const copy = tools.querySelector("[data-copy]");
  const said = tools.querySelector("[data-copied]");
  copy.hidden = !navigator.clipboard; // only there on https and on this machine
  copy.addEventListener("click", async () => {
    said.textContent = "";
    await navigator.clipboard.writeText(copy.dataset.copy);
    said.textContent = said.dataset.copied;
  });
}
