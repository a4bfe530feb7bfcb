// Staff pages look each minute whether an alert is new, taken or late. What is being typed stays.
const MINUTE = 60000;
const LOOK = { headers: { "X-Look": "1" }, redirect: "manual", cache: "no-store" }; // no activity

export function watchAlerts(root) {
  const count = root.querySelector("[data-alerts]");
  if (count) setInterval(() => look(root, count), MINUTE);
}

async function look(root, count) {
  const answer = await fetch(count.dataset.alerts, LOOK).catch(() => null);
  if (!answer) return;
  if (answer.type === "opaqueredirect") {
    // Signed out: what is on the screen goes too, unless somebody is writing.
    if (!notes(root).some((note) => note.value)) window.location.reload();
    return;
  }
  if (!answer.ok) return;
  const now = await answer.json();
  count.textContent = now.count;
  for (const [id, due] of Object.entries(now.due)) tellTime(root, id, due);
  if (now.state !== count.dataset.state && (await redraw(root, count))) {
    count.dataset.state = now.state;
  }
}

function tellTime(root, id, due) {
  const tag = root.querySelector(`[data-due="${id}"] .govuk-tag`);
  if (!tag) return;
  tag.textContent = due.text;
  tag.classList.toggle("tag--urgent", due.late);
  tag.classList.toggle("tag--clear", !due.late);
}

/** The list of alerts as it is now, with the notes that are being written. */
async function redraw(root, count) {
  const list = root.querySelector("#alerts");
  if (!list) return true;
  const answer = await fetch(count.closest("a").href, LOOK).catch(() => null);
  if (!answer || !answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = fresh.querySelector("#alerts");
  if (!found) return false;
  const writing = root.activeElement;
  const typed = new Map(notes(root).map((note) => [note.id, note]));
  for (const note of notes(found)) {
    // The very element: its text, the cursor in it and what can be undone stay.
    if (typed.has(note.id)) note.replaceWith(typed.get(note.id));
  }
  list.replaceChildren(...found.childNodes);
  if (writing && list.contains(writing)) writing.focus();
  return true;
}

function notes(root) {
  return [...root.querySelectorAll("textarea[name=note]")];
}
