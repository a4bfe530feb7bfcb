// Shows a follow-up question when its condition is true. The condition is JSON on data-ask-if and
// speaks of the form's fields; it is true, false or null (unknown), as on the server, which decides
// again when the page is sent.

const NOT_APPLICABLE = Symbol("not applicable");
const UNKNOWN = null;

/** The answer in the form now: a string, a list of ticks, UNKNOWN or NOT_APPLICABLE. */
function answer(form, name) {
  const controls = [...form.elements].filter((control) => control.name === name);
  if (!controls.length) return UNKNOWN;
  if (controls[0].closest(".followup--off")) return NOT_APPLICABLE;
  const isTick = (control) => control.type === "radio" || control.type === "checkbox";
  const ticks = controls.filter((c) => isTick(c) && c.checked).map((c) => c.value);
  const typed = controls.filter((c) => !isTick(c)).map((c) => c.value.trim());
  const given = [...ticks, ...typed].filter((value) => value !== "");
  if (given.includes("discuss")) return UNKNOWN;
  if (!given.length) return controls[0].closest("[data-optional]") ? NOT_APPLICABLE : UNKNOWN;
  return controls[0].closest(".question--choices") ? given : given[0];
}

/** test(answer), but false where the question does not apply and null where the answer is unknown. */
function judge(form, name, test) {
  const given = answer(form, name);
  if (given === NOT_APPLICABLE) return false;
  if (given === UNKNOWN || given === "unsure") return null;
  return test(given);
}

function equal(given, value) {
  if (typeof value === "boolean") return (given === "yes") === value;
  return typeof value === "number" ? Number(given) === value : given === String(value);
}

function ordered(form, name, test) {
  return judge(form, name, (given) => (Number.isNaN(Number(given)) ? null : test(Number(given))));
}

/** Points of the fields answered so far. */
function sum(form, names) {
  const numbers = names.map((name) => answer(form, name)).filter((given) => typeof given === "string");
  return numbers.map(Number).reduce((total, n) => total + (Number.isNaN(n) ? 0 : n), 0);
}

function all(results) {
  if (results.includes(false)) return false;
  return results.includes(null) ? null : true;
}

const not = (result) => (result === null ? null : !result);

const OPERATORS = {
  and: (form, ...parts) => all(parts.map((part) => evaluate(form, part))),
  or: (form, ...parts) => not(all(parts.map((part) => not(evaluate(form, part))))),
  not: (form, part) => not(evaluate(form, part)),
  const: (form, value) => value,
  "=": (form, name, value) => judge(form, name, (given) => equal(given, value)),
  "!=": (form, name, value) => judge(form, name, (given) => !equal(given, value)),
  "<": (form, name, n) => ordered(form, name, (given) => given < n),
  "<=": (form, name, n) => ordered(form, name, (given) => given <= n),
  ">": (form, name, n) => ordered(form, name, (given) => given > n),
  ">=": (form, name, n) => ordered(form, name, (given) => given >= n),
  in: (form, value, name) => judge(form, name, (given) => [given].flat().includes(String(value))),
  "one-of": (form, name, values) =>
    judge(form, name, (given) => values.some((value) => equal(given, value))),
  answered: (form, name) => {
    const given = answer(form, name);
    return given === NOT_APPLICABLE ? false : given === UNKNOWN ? null : true;
  },
  "sum>": (form, names, n) => sum(form, names) > n,
  "sum>=": (form, names, n) => sum(form, names) >= n,
};

function evaluate(form, [operator, ...operands]) {
  return OPERATORS[operator](form, ...operands);
}

/** In the order of the page: a follow-up may hang on an earlier one, which is then already decided. */
export function revealFollowUps(form) {
  const followUps = [...form.querySelectorAll("[data-ask-if]")];
  const conditions = followUps.map((element) => JSON.parse(element.dataset.askIf));
  const update = () => {
    followUps.forEach((element, i) => {
      element.classList.toggle("followup--off", evaluate(form, conditions[i]) !== true);
    });
  };
  form.addEventListener("input", update);
  form.addEventListener("change", update);
  update();
}
