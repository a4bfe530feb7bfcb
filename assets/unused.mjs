// Leaves out the kit's rules for classes that stand in no template, script or view of ours: a third of
// it. node unused.mjs KIT.css SMALLER.css
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";

const KIT = "node_modules/govuk-frontend/dist/govuk/components";
const SCRIPTS = ["button", "character-count", "error-summary"].map((name) => `${KIT}/${name}/${name}.mjs`);

function files(folder, ending) {
  return readdirSync(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(path).isDirectory()) return name === "node_modules" ? [] : files(path, ending);
    return name.endsWith(ending) ? [path] : [];
  });
}

const sources = [...files("../templates", ".html"), ...files("../screening/web", ".py"), ...files(".", ".js"), ...SCRIPTS];
const words = new Set(sources.flatMap((path) => readFileSync(path, "utf8").match(/[a-zA-Z_][\w-]*/g) ?? []));
// "govuk-button--{{ tone }}" stands for every class that begins so.
const beginnings = [...words].filter((word) => /^govuk-[\w-]*-$/.test(word));
const isUsed = (name) => words.has(name) || beginnings.some((word) => name.startsWith(word));

/** Text cut after each top-level `end`; what stands in brackets or quotes is passed over. */
function pieces(text, isEnd) {
  const found = [];
  let [depth, quote, from] = [0, "", 0];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (quote) quote = sign === quote && text[at - 1] !== "\\" ? "" : quote;
    else if (sign === '"' || sign === "'") quote = sign;
    else if ("{([".includes(sign)) depth += 1;
    else if ("})]".includes(sign)) depth -= 1;
    if (!quote && depth === 0 && isEnd(sign)) {
      found.push(text.slice(from, at + 1));
      from = at + 1;
    }
  }
  return [...found, text.slice(from)].filter((piece) => piece.trim());
}

function kept(rule) {
  const start = rule.indexOf("{");
  const head = rule.slice(0, start).trim();
  if (start < 0) return rule;
  if (/^@(media|supports)/.test(head)) {
    const inner = smaller(rule.slice(start + 1, rule.lastIndexOf("}")));
    return inner ? `${head}{${inner}}` : "";
  }
  if (head.startsWith("@")) return rule;
  const selectors = pieces(head, (sign) => sign === ",").map((one) => one.replace(/,$/, ""));
  const used = selectors.filter((one) => (one.match(/\.[a-zA-Z_][\w-]*/g) ?? []).every((name) => isUsed(name.slice(1))));
  return used.length ? used.join(",") + rule.slice(start) : "";
}

function smaller(css) {
  return pieces(css, (sign) => sign === "}" || sign === ";").map(kept).join("");
}

const [from, to] = process.argv.slice(2);
writeFileSync(to, smaller(readFileSync(from, "utf8")));
