// Names offered while a medicine is typed: a combobox over one file of names, matched here, so that
// nothing typed leaves the page before it is sent. What is typed may always stay as it is.

const MOST = 8;
const SHARED = "!$%*:;<=>?@[]^_`{|}~"; // as packed by screening/questionnaire/medicines.py

/** Lower case, without accents and apostrophes; anything else that is no letter or digit is a space. */
export function plain(text) {
  const letters = text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f'’‘`´]/g, "");
  return letters.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

export function unpack(text) {
  const names = [];
  let before = "";
  let at = 0;
  while (at < text.length) {
    let end = at + 1;
    while (end < text.length && !SHARED.includes(text[end])) end += 1;
    before = before.slice(0, SHARED.indexOf(text[at])) + text.slice(at + 1, end);
    names.push({ name: before, plain: plain(before) });
    at = end;
  }
  return names;
}

/** The fewest typing errors (a letter more, less, other, or two changed over) that make the beginning
    of `name` of what was typed; Infinity when they are more than `most`. */
export function errorsIn(typed, name, most) {
  let twoBefore = [];
  let before = [];
  let row = Array.from({ length: name.length + 1 }, (_, i) => i);
  for (let i = 1; i <= typed.length; i += 1) {
    [twoBefore, before, row] = [before, row, [i]];
    for (let j = 1; j <= name.length; j += 1) {
      const other = typed[i - 1] === name[j - 1] ? 0 : 1;
      row[j] = Math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + other);
      if (i > 1 && j > 1 && typed[i - 1] === name[j - 2] && typed[i - 2] === name[j - 1]) {
        row[j] = Math.min(row[j], twoBefore[j - 2] + 1);
      }
    }
    if (Math.min(...row, ...before) > most) return Infinity;
  }
  return Math.min(...row);
}

/** How well a name fits, the lower the better; Infinity when it does not. */
function fit(typed, name, forgiven) {
  if (name.startsWith(typed)) return 0;
  if (name.includes(` ${typed}`)) return 1;
  if (typed.length > 2 && name.includes(typed)) return 2;
  if (!forgiven) return Infinity;
  const errors = errorsIn(typed, name.slice(0, typed.length + forgiven), forgiven);
  return errors <= forgiven ? 2 + errors + (name[0] === typed[0] ? 0 : 0.5) : Infinity;
}

export function matches(names, text) {
  const typed = plain(text);
  if (typed.length < 2) return [];
  const forgiven = typed.length < 4 ? 0 : typed.length < 7 ? 1 : 2;
  const found = names.map((one) => ({ ...one, fit: fit(typed, one.plain, forgiven) }));
  const near = found.filter((one) => one.fit < Infinity);
  near.sort((a, b) => a.fit - b.fit || a.plain.length - b.plain.length || (a.plain < b.plain ? -1 : 1));
  return near.slice(0, MOST).map((one) => one.name);
}

function element(tag, attributes) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** The WAI-ARIA combobox with a list: the focus stays in the input. */
function combobox(input, names) {
  const id = `${input.id}-names`;
  const list = element("ul", { id, role: "listbox", class: "names", "aria-label": input.dataset.list });
  const said = element("div", { role: "status", class: "govuk-visually-hidden" });
  const around = element("div", { class: "names-around" });
  input.replaceWith(around);
  around.append(input, list, said);
  list.hidden = true;
  const own = { role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-controls": id };
  for (const [name, value] of Object.entries(own)) input.setAttribute(name, value);
  let active = -1;
  let telling;

  const point = (at) => {
    active = at;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    const item = list.children[at];
    if (item) input.setAttribute("aria-activedescendant", item.id);
    else input.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  };
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    point(-1);
  };
  const tell = (count) => {
    const { foundOne, found, foundNone } = input.dataset;
    clearTimeout(telling);
    // Not at each letter: a screen reader would never finish a sentence.
    telling = setTimeout(() => {
      said.textContent = count === 1 ? foundOne : count ? found.replace("%", count) : foundNone;
    }, 600);
  };
  const open = () => {
    const found = matches(names, input.value);
    const isDone = found.length === 1 && plain(found[0]) === plain(input.value);
    list.replaceChildren(
      ...found.map((name, i) => {
        const item = element("li", { role: "option", id: `${id}-${i}`, "aria-selected": "false" });
        item.textContent = name;
        return item;
      }),
    );
    close();
    if (plain(input.value).length > 1 && !isDone) tell(found.length);
    if (!found.length || isDone) return;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    list.scrollIntoView({ block: "nearest" }); // out from under a phone's keyboard
  };
  const choose = (item) => {
    input.value = item.textContent;
    close();
    clearTimeout(telling);
    said.textContent = "";
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const keys = {
    ArrowDown: () => (list.hidden ? open() : point((active + 1) % list.children.length)),
    ArrowUp: () => list.hidden || point(active < 1 ? list.children.length - 1 : active - 1),
    Escape: () => list.hidden || close(),
    Enter: () => active < 0 || choose(list.children[active]),
  };
  input.addEventListener("keydown", (event) => {
    const isOurs = event.key === "Enter" || event.key === "Escape" ? !list.hidden : true;
    if (!keys[event.key] || !isOurs || event.isComposing) return;
    if (event.key !== "Enter" || active >= 0) event.preventDefault();
    keys[event.key]();
  });
  input.addEventListener("input", open);
  input.addEventListener("blur", close);
  // Before the input loses the focus.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const item = target.closest("[role=option]");
    if (item) choose(item);
  });
  close();
}

export async function medicineNames(form) {
  const inputs = [...form.querySelectorAll("input[data-names]")];
  if (!inputs.length) return;
  try {
    const names = unpack((await import(inputs[0].dataset.names)).default);
    for (const input of inputs) combobox(input, names);
  } catch {
    // Without the file the name is typed as in any other box.
  }
}
