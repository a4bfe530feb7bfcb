// Times as the reader's own clock shows them, in the language of the page.

const lang = document.documentElement.lang || "en";

/** "2:05 PM" */
export function timeOf(moment) {
  return new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(moment);
}

/** "November 23, 2026 at 2:05 PM" */
export function dayAndTimeOf(moment) {
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }).format(moment);
}

/** Says when in the reader's time zone; the server wrote it in the clinic's. */
export function localTimes(root) {
  for (const element of root.querySelectorAll("[data-time][data-text]")) {
    const moment = new Date(element.dataset.time);
    if (!Number.isNaN(moment.getTime())) {
      element.textContent = element.dataset.text.replace("{time}", dayAndTimeOf(moment));
    }
  }
}
