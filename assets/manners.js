// Small comforts. The server decides again in each case.

/** "None of these" and "I'd rather talk about this" stand alone: ticking one clears the others. */
export function exclusiveTicks(form) {
  form.addEventListener("input", ({ target }) => {
    const group = [...form.elements].filter((control) => control.name === target.name);
    if (target.type === "checkbox" && target.checked) {
      for (const other of group) {
        if (other !== target && other.type === "checkbox") {
          if ("exclusive" in target.dataset || "exclusive" in other.dataset) other.checked = false;
        }
      }
    } else if (target.type === "text" && target.value.trim()) {
      for (const other of group) if (other.type === "checkbox") other.checked = false;
    }
  });
}

/** Leaves without an entry in the history, so that Back does not show the page. */
export function quickExit(root) {
  for (const link of root.querySelectorAll("[data-quick-exit]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      document.body.replaceChildren();
      window.location.replace(link.href);
    });
  }
}
