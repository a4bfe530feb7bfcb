// Every page's module, and a patient's page has no other. Every page works without it.
import { Button } from "./node_modules/govuk-frontend/dist/govuk/components/button/button.mjs";
import { CharacterCount } from "./node_modules/govuk-frontend/dist/govuk/components/character-count/character-count.mjs";
import { ErrorSummary } from "./node_modules/govuk-frontend/dist/govuk/components/error-summary/error-summary.mjs";
import { focusNotice, noToAll } from "./asking_back.js";
import { codeTools } from "./code.js";
import { exclusiveTicks, quickExit } from "./manners.js";
import { medicineNames } from "./medicines.js";
import { revealFollowUps } from "./reveal.js";
import { unitSwitch } from "./units.js";
import { weekdays } from "./weekday.js";
import { autosaves } from "./autosave.js";
import { localTimes } from "./clock.js";
import { watchIdle } from "./idle.js";

document.documentElement.classList.add("js");
document.body.classList.add("govuk-frontend-supported");

const form = document.querySelector("form#page");
if (form) {
  // Before the error summary takes the focus, or a hidden field could still move the page.
  revealFollowUps(form);
  exclusiveTicks(form);
  noToAll(form);
  unitSwitch(form);
  medicineNames(form);
}
quickExit(document);
codeTools(document);
focusNotice(document);
localTimes(document);
weekdays(document);

const autosave = form ? autosaves(form) : null;
const idle = document.querySelector("dialog[data-idle]");
if (idle) watchIdle(idle, autosave);

for (const Component of [Button, CharacterCount, ErrorSummary]) {
  for (const root of document.querySelectorAll(`[data-module="${Component.moduleName}"]`)) {
    new Component(root);
  }
}
