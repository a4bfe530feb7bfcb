// Before a page closes by itself it asks whether somebody is still there. The server ends the session
// after so many minutes without a request; here its end is told, put off, and made visible.

import { timeOf, withTime } from "./clock.js";

const MINUTE = 60 * 1000;
const WARN = 5 * MINUTE; // ahead of the end
const MARGIN = MINUTE; // the server writes the last request down to the minute
const QUIET = 5 * MINUTE; // somebody who reads and scrolls is told to the server this often
const LOOK = 5000;

export function watchIdle(dialog, autosave) {
  const limit = Number(dialog.dataset.idle) * MINUTE - MARGIN;
  let heard = Date.now(); // the last request that the server answered
  let active = heard; // the last sign of somebody
  let patient = 0; // until then nobody is asked again
  let closing = false;

  const post = (url) =>
    fetch(url, { method: "POST", body: new URLSearchParams(new FormData(dialog.querySelector("form"))) });

  const stay = async () => {
    if (dialog.open) dialog.close();
    active = Date.now();
    patient = active + MINUTE;
    try {
      const answer = await post(dialog.dataset.still);
      if (answer.ok) heard = Date.now();
    } catch {
      // No connection: it is tried again in a minute.
    }
  };

  const close = async () => {
    closing = true;
    await autosave?.flush();
    // What could not be saved stays, behind the question.
    closing = !autosave || autosave.isSaved;
    if (!closing) return warn();
    clear(dialog);
    try {
      const answer = await post(dialog.dataset.close);
      window.location.replace((await answer.json()).to ?? "/?closed=yes");
    } catch {
      // No connection: the page stays as it is now, without a single answer on it.
    }
    return undefined;
  };

  const look = () => {
    const now = Date.now();
    if (closing || now < patient) return;
    if (now - heard >= limit) close();
    else if (now - heard >= limit + MARGIN - WARN) warn();
    else if (active > heard && now - heard >= QUIET) stay();
  };

  const warn = () => {
    if (dialog.open) return;
    const words = withTime(dialog.dataset.text, timeOf(new Date(heard + limit)));
    dialog.querySelector("#idle-text").textContent = words;
    dialog.showModal();
  };

  for (const sign of ["keydown", "pointerdown", "scroll", "touchstart"]) {
    document.addEventListener(sign, () => (active = Date.now()), { passive: true, capture: true });
  }
  autosave?.listeners.push((state) => {
    if (state === "kept") heard = Date.now();
  });
  dialog.addEventListener("cancel", stay);
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    if (!autosave || autosave.isSaved || autosave.isOver) return;
    event.preventDefault();
    await autosave.flush();
    event.target.submit();
  });
  dialog.querySelector("[data-stay]").addEventListener("click", stay);
  document.addEventListener("visibilitychange", look); // timers sleep with the phone
  window.addEventListener("pageshow", look);
  setInterval(look, LOOK);
}

/** Takes every answer off the screen; the numbers for help above and below stay. */
function clear(dialog) {
  if (dialog.open) dialog.close();
  const title = document.createElement("h1");
  title.className = "govuk-heading-l";
  title.textContent = dialog.dataset.closedTitle;
  const text = document.createElement("p");
  text.className = "govuk-body-l";
  text.textContent = dialog.dataset.closed;
  document.title = dialog.dataset.closedTitle;
  document.querySelector("main").replaceChildren(title, text);
}
