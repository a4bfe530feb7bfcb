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

/** Leaves at once and without an entry in the history, by the button or by Shift three times. */
export function quickExit(root) {
  const link = root.querySelector("[data-quick-exit]");
  if (!link) return;
  const leave = () => {
    const token = root.querySelector('input[name="csrf_token"]');
    root.title = "";
    root.body.replaceChildren();
    try {
      sessionStorage.clear();
      localStorage.clear();
    } catch {
      // The browser keeps nothing for us.
    }
    navigator.sendBeacon(link.href, new URLSearchParams({ csrf_token: token ? token.value : "" }));
    window.location.replace(link.dataset.quickExit);
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  for (const keys of root.querySelectorAll("[data-quick-exit-keys]")) keys.hidden = false;
  shiftThreeTimes(root, leave, (left) => {
    root.querySelector("[data-quick-exit-status]").textContent = left ? link.dataset[left] : "";
  });
}

/** Counts presses of Shift alone within five seconds; a capital letter is none. */
function shiftThreeTimes(root, act, tell) {
  let presses = 0;
  let held = false; // another key was pressed with it
  let timer;
  const forget = () => {
    presses = 0;
    tell("");
  };
  root.addEventListener("keyup", (event) => {
    if (event.key === "Shift" && !held) {
      presses += 1;
      clearTimeout(timer);
      timer = setTimeout(forget, 5000);
      if (presses === 3) act();
      else tell(["", "two", "one"][presses]);
    }
    held = event.key !== "Shift" && event.shiftKey;
  });
}
