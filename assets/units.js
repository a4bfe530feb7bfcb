// Heights and weights: one way of measuring at a time, the same for all of them. Without scripts both
// stand there; the server reads whichever was filled in.

const boxes = (way) => [...way.querySelectorAll("input")];
const isFilled = (way) => boxes(way).some((box) => box.value.trim());

export function unitSwitch(form) {
  const measures = [...form.querySelectorAll(".measure")].map((measure) => ({
    or: measure.querySelector(".measure__or"),
    ways: [...measure.querySelectorAll("[data-way]")],
  }));
  if (!measures.length) return;
  const ways = measures.flatMap((measure) => measure.ways);
  let chosen = ways.find(isFilled)?.dataset.way ?? "own";

  // What was typed the other way stays until something is typed this way.
  const settle = ({ ways: both }) => {
    const shown = both.find((way) => way.dataset.way === chosen);
    for (const way of both) {
      for (const box of boxes(way)) box.disabled = way !== shown && isFilled(shown);
    }
  };
  const show = () => {
    for (const measure of measures) {
      const inBoth = measure.ways.every(isFilled) && measure.ways.some((w) => w.querySelector(".govuk-input--error"));
      measure.or.hidden = !inBoth;
      for (const way of measure.ways) {
        way.hidden = !inBoth && way.dataset.way !== chosen;
        way.querySelector("button").hidden = inBoth;
      }
      if (!inBoth) settle(measure);
    }
    for (const link of document.querySelectorAll(".govuk-error-summary a")) {
      const target = form.querySelector(`[id="${link.hash.slice(1)}"]`);
      const shown = target?.closest("[data-way][hidden]")?.parentElement.querySelector("[data-way]:not([hidden]) input");
      if (shown) link.hash = shown.id;
    }
  };

  for (const measure of measures) {
    for (const way of measure.ways) {
      way.addEventListener("input", () => way.hidden || measure.or.hidden === false || settle(measure));
      way.querySelector("button").addEventListener("click", () => {
        chosen = way.dataset.way === "own" ? "metric" : "own";
        show();
        measure.ways.find((other) => other.dataset.way === chosen).querySelector("input").focus();
      });
    }
  }
  show();
  // A link that leads to a box of the other way.
  const asked = document.getElementById(location.hash.slice(1))?.closest("[data-way][hidden]");
  asked?.parentElement.querySelector("[data-way]:not([hidden]) input")?.focus();
}
