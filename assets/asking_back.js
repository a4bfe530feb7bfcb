// What a page says before it goes on takes the focus; "no to all" marks its answers in place. The
// server does both without scripts.

export function focusNotice(root) {
  root.querySelector("[data-focus]")?.focus();
}

/** Marks "no" where a yes-or-no question is shown and has no answer, and says how many. */
export function noToAll(form) {
  const button = form.querySelector("[data-no-to-all]");
  if (!button) return;
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const marked = button.dataset.noToAll.split(" ").filter((name) => markNo(form, name)).length;
    const words = { 0: button.dataset.none, 1: button.dataset.one }[marked] ?? button.dataset.many;
    button.parentElement.querySelector("[role=status]").textContent = words.replace("%", marked);
  });
}

function markNo(form, name) {
  const radios = [...form.elements].filter((control) => control.name === name);
  const no = radios.find((radio) => radio.value === "no");
  if (!no || no.closest(".followup--off") || radios.some((radio) => radio.checked)) return false;
  no.checked = true;
  no.dispatchEvent(new Event("input", { bubbles: true }));
  no.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}
