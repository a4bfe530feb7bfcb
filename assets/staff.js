// What staff pages have besides screening.js: no telephone of a patient loads it.
import { watchAlerts } from "./alerts.js";
import { watchExport } from "./exports.js";
import { passkeys } from "./passkeys.js";

watchAlerts(document);
watchExport(document);
passkeys(document);
