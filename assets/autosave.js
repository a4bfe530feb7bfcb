// Keeps a page that is typed on and not sent. Nothing is kept in the browser: what is typed goes to
// the server a moment after the last key, and the page itself holds it while there is no connection.

import { timeOf, withTime } from "./clock.js";

const PAUSE = 1500; // ms after the last key
const RETRY = [3000, 6000, 12000, 30000]; // ms after a try that failed, the last again and again
const PATIENCE = 8000; // ms for one try
const ONCE = 8000; // ms in which a page is sent once
const HEARD = 4000; // ms for which the server counts as there after it answered

/** The form without what changes by itself. */
function written(form) {
  const pairs = [...new FormData(form)].filter(([name]) => !/^(csrf_token|half.*)$/.test(name));
  return new URLSearchParams(pairs).toString();
}

/** What differs from the page as it came: a browser may fill in again what was typed before. */
function isTouched(form) {
  return [...form.elements].some((control) => {
    if (control.type === "radio" || control.type === "checkbox") {
      return control.checked !== control.defaultChecked;
    }
    return "defaultValue" in control && control.type !== "hidden" && control.value !== control.defaultValue;
  });
}

export class Autosave {
  constructor(form, line) {
    this.form = form;
    this.line = line;
    this.state = "kept"; // or "offline", "down", "elsewhere", "ended"
    this.saysSaved = false; // does the line say so of what is typed here?
    this.acknowledged = line.dataset.typed ? "" : written(form);
    this.failures = 0;
    this.timer = null;
    this.running = null;
    this.onItsWay = null; // what is being sent
    this.heardAt = Date.now(); // the page itself came from the server
    this.isPassed = false; // the page itself was sent: there is nothing left to keep
    this.listeners = [];
    this.field("half_writer").value ||= crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    form.addEventListener("input", () => this.touched());
    form.addEventListener("change", () => this.touched(300));
    form.addEventListener("focusin", ({ target }) => {
      if (target.name && target.type !== "submit") this.field("half_at").value = target.name;
    });
    window.addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flush({ leaving: true });
    });
    window.addEventListener("pagehide", () => this.flush({ leaving: true }));
    window.addEventListener("pageshow", () => (line.dataset.typed || isTouched(form)) && this.touched());
  }

  field(name) {
    return this.form.elements.namedItem(name);
  }

  get isSaved() {
    return written(this.form) === this.acknowledged;
  }

  /** The page has gone another way, which only sending it can settle. */
  get isOver() {
    return this.state === "elsewhere" || this.state === "ended";
  }

  touched(pause = PAUSE) {
    if (this.isOver) return;
    this.fade();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), pause);
  }

  /** Sends what is not acknowledged yet; resolves when that is settled one way or the other. */
  async flush({ leaving = false } = {}) {
    clearTimeout(this.timer);
    if (this.isOver || this.isPassed) return undefined;
    if (this.isSaved) return this.settle();
    if (leaving && this.onItsWay === written(this.form)) return undefined;
    if (this.running && !leaving) {
      await this.running;
      return this.flush();
    }
    this.running = this.send(leaving);
    await this.running;
    this.running = null;
    if (this.state === "kept" && !this.isSaved) this.touched();
    return undefined;
  }

  settle() {
    if (this.state === "offline") this.become("kept");
    this.fade();
  }

  /** "Saved" is not seen while something is typed that is not. The words stay there: taken away and
      put back they would be read out after every answer. */
  fade() {
    this.line.classList.toggle("saving--before", this.saysSaved && !this.isSaved);
  }

  async send(leaving) {
    const turn = this.field("half_turn");
    turn.value = String(Number(turn.value) + 1);
    const sent = written(this.form);
    this.onItsWay = sent;
    let answer;
    try {
      answer = await fetch(this.line.dataset.url, {
        method: "POST",
        body: new URLSearchParams(new FormData(this.form)),
        keepalive: leaving,
        redirect: "error",
        signal: leaving ? undefined : AbortSignal.timeout?.(PATIENCE),
      });
    } catch {
      this.onItsWay = null;
      return this.failed("offline");
    }
    this.onItsWay = null;
    this.heardAt = Date.now();
    return this.answered(await answer.json().catch(() => ({ state: "down" })), sent);
  }

  get hasJustHeard() {
    return Date.now() - this.heardAt < HEARD;
  }

  /** Does the server answer? A page sent to one that does not is taken away by the browser. */
  async isThere() {
    if (this.hasJustHeard) return true;
    try {
      await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE) });
    } catch {
      return false;
    }
    this.heardAt = Date.now();
    return true;
  }

  answered({ state, counter, help }, sent) {
    this.showHelp(help);
    if (state === "down") return this.failed("down");
    if (state === "kept") {
      this.acknowledged = sent;
      this.failures = 0;
      this.field("half").value = String(counter);
    }
    return this.become(state);
  }

  failed(state) {
    const pause = RETRY[Math.min(this.failures, RETRY.length - 1)];
    this.failures += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), pause);
    this.become(state);
  }

  become(state) {
    const before = this.state;
    this.state = state;
    const words = state === "kept" ? this.line.dataset.now : this.line.dataset[state];
    this.say(withTime(words, timeOf(new Date())));
    this.saysSaved = state === "kept";
    this.line.classList.toggle("saving--not", state !== "kept");
    this.fade();
    for (const told of this.listeners) told(state, before);
  }

  say(words) {
    this.saysSaved = false;
    this.line.classList.remove("saving--before");
    if (this.line.textContent !== words) this.line.textContent = words;
  }

  /** The help that the answers ask for, above the form; it is never taken away again. */
  showHelp(html) {
    if (!html || html === this.help) return;
    this.help = html;
    document.querySelector("main [data-help]")?.remove();
    const box = document.createElement("div");
    box.dataset.help = "";
    box.setAttribute("role", "alert");
    box.tabIndex = -1;
    document.querySelector("main").prepend(box);
    box.innerHTML = html; // our own, escaped by the server; set after the region is there to be read out
    document.querySelectorAll("main > .care--above").forEach((older) => older.remove());
    showWhenQuiet(box);
  }
}

/** Moves to the help: at once after a tick, but not away from somebody's typing. */
function showWhenQuiet(box) {
  const active = document.activeElement;
  const types = active?.matches("textarea, input:not([type=radio], [type=checkbox])");
  const show = () => {
    box.scrollIntoView({ block: "start" });
    box.focus({ preventScroll: true });
  };
  if (!types) return show();
  let timer = setTimeout(show, 4000);
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(show, 4000);
  };
  active.addEventListener("input", wait);
  active.addEventListener(
    "blur",
    () => {
      clearTimeout(timer);
      active.removeEventListener("input", wait);
      show();
    },
    { once: true },
  );
  return undefined;
}

/** A line above the page that is read out at once; "" takes it away. */
function announce(words) {
  let box = document.querySelector("main [data-connection]");
  if (!words) return box?.remove();
  if (!box) {
    box = document.createElement("div");
    box.dataset.connection = "";
    box.className = "notice connection";
    box.setAttribute("role", "alert");
    box.tabIndex = -1;
    document.querySelector("main").prepend(box);
  }
  box.textContent = words;
  return box;
}

/** Sends the page once, and not into a missing connection, which would take the page away. */
function guardSending(form, line, autosave) {
  let sentAt = 0;
  let waiting = false;
  let passed = false;
  const pass = () => {
    sentAt = Date.now();
    if (autosave) autosave.isPassed = true;
    setTimeout(open, ONCE);
  };
  const open = () => {
    sentAt = 0;
    if (autosave) autosave.isPassed = false;
  };
  const block = () => {
    const box = announce(line.dataset.blocked);
    box.scrollIntoView({ block: "center" });
    box.focus({ preventScroll: true });
    autosave?.touched(RETRY[0]);
  };
  form.addEventListener("submit", async (event) => {
    const { submitter } = event;
    if (passed) {
      passed = false;
      return;
    }
    if (waiting || Date.now() - sentAt < ONCE) {
      event.preventDefault();
      return;
    }
    if (!navigator.onLine) {
      event.preventDefault();
      block();
      return;
    }
    const isSettled =
      !autosave || autosave.isSaved || autosave.isOver || submitter?.value === "undo";
    if (isSettled && (autosave?.hasJustHeard ?? true)) {
      pass();
      return;
    }
    event.preventDefault();
    waiting = true;
    if (!isSettled) {
      autosave.say(line.dataset.sending);
      await autosave.flush();
    }
    const isLost = (!isSettled && autosave.state === "offline") || !(await autosave.isThere());
    waiting = false;
    if (isLost) {
      block();
      return;
    }
    pass();
    passed = true;
    sendAgain(form, submitter);
  });
  const back = () => {
    if (document.querySelector("main [data-connection]")) announce(line.dataset.back);
  };
  if (autosave) autosave.listeners.push((state, before) => state === "kept" && before === "offline" && back());
  else window.addEventListener("online", back);
  window.addEventListener("pageshow", ({ persisted }) => {
    open();
    // A page out of the browser's memory may have been sent since.
    if (persisted && (!autosave || autosave.isSaved)) window.location.reload();
  });
}

function sendAgain(form, submitter) {
  if (form.requestSubmit) return form.requestSubmit(submitter ?? undefined);
  // Safari before 16
  const pressed = document.createElement("input");
  Object.assign(pressed, { type: "hidden", name: submitter?.name ?? "", value: submitter?.value ?? "" });
  form.append(pressed);
  return form.submit();
}

export function autosaves(form) {
  const line = form.querySelector("[data-saving]");
  if (!line) return null;
  const autosave = line.dataset.saving ? new Autosave(form, line) : null;
  guardSending(form, line, autosave);
  if (autosave) {
    window.addEventListener("beforeunload", (event) => {
      // Not for a form that was taken off the page to leave quickly.
      if (autosave.failures && !autosave.isSaved && form.isConnected) event.preventDefault();
    });
  }
  return autosave;
}
