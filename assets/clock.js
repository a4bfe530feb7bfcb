// Times as the reader's own clock shows them, in the language of the page.

// As in the United States: "2:05 p. m.", never "14:05".
const lang = `${document.documentElement.lang || "en"}-US`;

/** "2:05 PM" */
export function timeOf(moment) {
  return new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(moment);
}

/** "November 23, 2026 at 2:05 PM" */
export function dayAndTimeOf(moment) {
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" }).format(moment);
}

/** A text with the time in it; a time may end in a period of its own, a sentence ends in one. */
export function withTime(text, time) {
  return text.replace(time.endsWith(".") ? /\{time\}\.?/ : "{time}", time);
}

/** Says when in the reader's time zone; the server wrote it in the clinic's. */
export function localTimes(root) {
  for (const element of root.querySelectorAll("[data-time][data-text]")) {
    const moment = new Date(element.dataset.time);
    if (!Number.isNaN(moment.getTime())) {
      element.textContent = withTime(element.dataset.text, dayAndTimeOf(moment));
    }
  }
}
