// A page of an export draws itself again while the export is made, and until it was downloaded.
const LOOK = { headers: { "X-Look": "1" }, redirect: "manual", cache: "no-store" }; // no activity
const SECOND = 1000;

export function watchExport(root) {
  const shown = root.querySelector("#export[data-looks]");
  if (shown) setTimeout(() => look(root, shown), shown.dataset.looks * SECOND);
}

async function look(root, shown) {
  const answer = await fetch(window.location.href, LOOK).catch(() => null);
  if (answer && answer.type === "opaqueredirect") return; // signed out
  if (answer && answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#export");
    if (fresh) draw(root, shown, fresh);
  }
  watchExport(root);
}

/** While it is made only the figures move: the button that has the focus stays. */
function draw(root, shown, fresh) {
  if (fresh.dataset.state === shown.dataset.state) {
    const [bar, now] = [shown.querySelector("progress"), fresh.querySelector("progress")];
    if (!bar || !now) return;
    bar.value = now.value;
    shown.querySelector("label").textContent = fresh.querySelector("label").textContent;
    return;
  }
  shown.replaceWith(fresh);
  const title = fresh.querySelector("h1").textContent;
  root.title = root.title.replace(shown.querySelector("h1").textContent, title);
  root.querySelector("#export-now").textContent = title; // read out
}
